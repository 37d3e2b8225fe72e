"""``current_task()``: what a function that a worker runs may know of its task, and tell about it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import cached_property
from typing import Any
from uuid import UUID

from taskcore.engine.context import TaskContext
from taskcore.errors import InvalidInput

from lapinq.task import public_id
from lapinq.vocabulary import function_of, max_executions, terms_of

Write = Callable[[UUID, Mapping[str, Any]], Awaitable[None]]
"""Merges into a task's metadata; from any event loop."""

_current: ContextVar["CurrentTask"] = ContextVar("lapinq_current_task")


class CurrentTask:
    """One execution, seen from its function; for its own thread or coroutine. What it knows is read when it is asked
    for, as most functions never do."""

    def __init__(self, context: TaskContext, write: Write) -> None:
        self._context, self._write = context, write
        self._task = context.task

    @cached_property
    def id(self) -> UUID:
        return public_id(self._task)

    @property
    def module_path(self) -> str:
        return function_of(self._task.name)[0]

    @property
    def task_name(self) -> str:
        return function_of(self._task.name)[1]

    @property
    def queue_name(self) -> str:
        return self._task.queue

    @property
    def attempt(self) -> int:
        """1 for the first execution."""
        return self._task.failures + self._task.losses + 1

    @property
    def max_retries(self) -> int:
        """Executions in all."""
        return max_executions(self._task)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """As it was when this execution began, with what it has changed itself."""
        return dict(terms_of(self._task.meta).metadata)

    @property
    def cancelled(self) -> bool:
        """Whether the function should stop. Coroutines are interrupted anyway; a thread has to look."""
        return self._context.cancelled

    def raise_if_cancelled(self) -> None:
        """Leave the function here when it should stop.

        Raises:
            TaskcoreError: why.
        """
        self._context.raise_if_cancelled()

    def progress(self, percent: float, message: object = None) -> None:
        """Tell how far the work is, from 0 to 100; it is stored within about a second.

        Raises:
            InvalidInput: not from 0 to 100.
        """
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
            raise InvalidInput(f"progress goes from 0 to 100, got {percent!r:.40}")
        self._context.progress(percent / 100, message)

    def log(self, message: object, level: str = "INFO") -> None:
        """Leave a line in the task's log: the text of ``message``.

        Raises:
            InvalidInput: there is no such level.
        """
        self._context.log(message, level)

    def update_metadata(self, changes: Mapping[str, Any]) -> None:
        """Replace the keys of the task's metadata that ``changes`` has; stored when this returns.

        Raises:
            InvalidInput: it is no JSON; or this is a coroutine, which awaits ``aupdate_metadata`` instead.
        """
        if _in_event_loop():
            raise InvalidInput("in a coroutine, write: await current_task().aupdate_metadata(...)")
        asyncio.run(self.aupdate_metadata(changes))

    async def aupdate_metadata(self, changes: Mapping[str, Any]) -> None:
        """``update_metadata``, in a coroutine."""
        await self._write(self.id, changes)
        self.metadata.update(changes)


def current_task() -> CurrentTask:
    """The task that this function was called for.

    Raises:
        LookupError: no worker called it.
    """
    try:
        return _current.get()
    except LookupError:
        raise LookupError("current_task() answers only in a function that a worker runs for a task") from None


def enter(task: CurrentTask) -> None:
    """Make ``task`` the one of this coroutine or thread."""
    _current.set(task)


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
