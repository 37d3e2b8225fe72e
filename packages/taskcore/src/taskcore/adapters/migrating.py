"""One migration at a time in a process, whatever its stores, threads and event loops.

Alembic keeps the migration that it is at in globals of its own modules, so two that overlap take each other's tables.
A lock in the database does not help: those of two databases, or of two kinds of stores, are two locks.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Lock

_turn = Lock()
_LOOK_AGAIN = 0.005
"""Seconds; who waits may not block its event loop, in which the other one may be at work."""


@contextmanager
def turn_of_thread() -> Iterator[None]:
    """Wait for the turn in a thread that runs no event loop."""
    with _turn:
        yield


@asynccontextmanager
async def turn_of_task() -> AsyncIterator[None]:
    """Wait for the turn in an event loop."""
    while not _turn.acquire(blocking=False):  # noqa: ASYNC110  # another thread or event loop may have it
        await asyncio.sleep(_LOOK_AGAIN)
    try:
        yield
    finally:
        _turn.release()
