"""Connections to SQLite that nobody is left with."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

_ROWS = 64
"""To fetch at once, as the driver does by itself."""


class _Connection(aiosqlite.Connection):
    ended: asyncio.Future[Any] | None = None

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, _ROWS)
        self._thread.daemon = True  # as SQLAlchemy has it: one that was never closed keeps no process alive

    def stop(self) -> asyncio.Future[Any] | None:
        self.ended = super().stop()
        return self.ended


async def opened(*args: Any, **kwargs: Any) -> aiosqlite.Connection:
    """What ``sqlite3.connect`` opens.

    Who is cancelled meanwhile leaves when its thread has ended. The driver itself would not wait, and a loop that
    closes then would leave a thread that has nobody to tell its result.
    """
    made: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        made.append(sqlite3.connect(*args, **kwargs | {"check_same_thread": False}))
        return made[0]

    connection = _Connection(connect)
    try:
        return await connection
    except BaseException:
        if connection.ended is not None:
            await connection.ended
        for left in made:
            left.close()
        raise
