"""One connection, owned by one thread, with one transaction at a time; no event loop ever waits for the file."""

import asyncio
import os
import random
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from taskcore.adapters.sqlite.errors import passes, translated
from taskcore.adapters.sqlite.session import Session
from taskcore.errors import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_WAIT = (0.0005, 0.008)
"""Seconds between two tries for a lock. SQLite's own handler sleeps up to 0.1 s, and others have it again by then."""


class Lane:
    """Runs functions that take a ``Session``, from any event loop and any thread, one after the other."""

    def __init__(self, path: str, *, writes: bool, patience: float) -> None:
        self._path = path
        self._writes = writes
        self._patience = patience
        self._session: Session | None = None
        self._process = os.getpid()
        role = "writer" if writes else "reader"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"taskcore-sqlite-{role}")

    async def open(self, make: Callable[[], Session]) -> None:
        """Make the session in this lane's thread."""

        def opened() -> None:
            self._session = self._patiently(make)

        await self._in_thread(opened)

    async def run(self, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work``; on a lane that writes it is a transaction, which is committed when this returns.

        Raises:
            StoreError: the database could not be used, or others kept it locked.
        """
        session = self._session
        if session is None:
            raise StoreUnavailable(f"the store on {self._path} is closed; open it again")
        if os.getpid() != self._process:
            # SQLite forbids to take a connection along, and the thread stayed behind.
            raise StoreUnavailable(
                f"the store on {self._path} was opened before this process was forked; open it again here"
            )
        once = _transaction if self._writes else _reading

        def called() -> T:
            return work(session, *args, **kwargs)

        return await self._in_thread(lambda: self._patiently(lambda: once(session, called)))

    async def close(self) -> None:
        """Close the connection. What was asked before is done first; a forked process has nothing to close."""
        session, self._session = self._session, None
        if os.getpid() != self._process:
            return
        if session is not None:
            await self._in_thread(session.connection.close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Repeat ``work`` while others hold the database. Real time counts here, whatever clock the store was given."""
        give_up_at = time.monotonic() + self._patience
        with translated(self._path, self._patience):
            while True:
                try:
                    return work()
                except sqlite3.Error as error:
                    if not passes(error) or time.monotonic() >= give_up_at:
                        raise
                time.sleep(random.uniform(*_WAIT))


def _transaction(session: Session, work: Callable[[], T]) -> T:
    connection = session.connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        session.look_at_clock()
        result = work()
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors; what counts is the one that is under way.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return result


def _reading(session: Session, work: Callable[[], T]) -> T:
    """Each statement reads one state of the database, the newest one that is committed."""
    session.look_at_clock()
    return work()
