"""Handlers: the functions that tasks name, and how to run them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from taskcore.engine.context import TaskContext
from taskcore.retry import RetryPolicy

Function = Callable[[TaskContext], Any]
"""Called with the context. What it returns, or its coroutine does, is stored as the result."""


class Mode(StrEnum):
    """Where a handler runs."""

    ASYNC = "async"
    """As a coroutine on the handlers' event loop, which is not the engine's: a handler that blocks it delays
    other coroutines, never a heartbeat."""
    THREAD = "thread"
    """In a thread. It can be asked to stop, not made to."""
    PROCESS = "process"
    """In a child process of its own, which can be killed. Function and task must pickle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """How to run the tasks of one name.

    Attributes:
        timeout: limit of one attempt, where the task sets none.
        retry: policy, where the task sets none; also which exceptions to retry.
        version: of the code, kept with every attempt.
        repeatable: False parks a task as INTERRUPTED, instead of giving it back, when its worker stops in the middle.
    """

    name: str
    function: Function
    mode: Mode
    timeout: timedelta | None = None
    retry: RetryPolicy = RetryPolicy()
    version: str | None = None
    repeatable: bool = True


class HandlerSource(Protocol):
    """Where a worker looks handlers up, anew with all that it claims at a time; a dict will do."""

    def get(self, name: str, /) -> Handler | None:
        """The handler of this name, or None."""
        ...
