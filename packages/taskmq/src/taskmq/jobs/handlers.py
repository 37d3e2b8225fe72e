"""The functions that jobs name. The registry is looked at when a job runs, so a later registration counts."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from taskmq.job import Job

Function = TypeVar("Function", bound=Callable[..., Any])

HANDLERS: dict[Hashable, Callable[..., Any]] = {}
"""Functions by name."""

HANDLER_HASHES: dict[Hashable, str | None] = {}
"""SHA-256 of each function's source in hexadecimal; None where the source cannot be read."""


def register_handler(name: Hashable) -> Callable[[Function], Function]:
    """Register a function, which is called with the ``Job``, plain or ``async def``; the last one of a name counts."""

    def register(function: Function) -> Function:
        HANDLERS[name] = function
        HANDLER_HASHES[name] = _source_hash(function)
        return function

    return register


def get_handler(name: Hashable) -> Callable[..., Any] | None:
    """The function of this name, or None."""
    return HANDLERS.get(name)


def get_handler_hash(name: Hashable) -> str | None:
    """The hash of its source, or None."""
    return HANDLER_HASHES.get(name)


def _source_hash(function: Callable[..., Any]) -> str | None:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return None
    return hashlib.sha256(source.encode()).hexdigest()


@register_handler("dummy")
def dummy_handler(job: Job) -> None:
    """Print one line; for trying things out."""
    sys.stdout.write(f"[DUMMY HANDLER] Executed for job {job.id} with payload: {job.payload}\n")
    sys.stdout.flush()
