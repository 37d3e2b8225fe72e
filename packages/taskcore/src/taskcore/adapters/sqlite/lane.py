"""One connection, owned by one thread; no event loop ever waits for the file."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Concatenate, ParamSpec, TypeVar

from taskcore.adapters.sqlite.errors import passes, translated
from taskcore.adapters.sqlite.session import Session
from taskcore.errors import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_WAIT = (0.0005, 0.008)
"""Seconds between two tries for a lock. SQLite's own handler sleeps up to 0.1 s, and others have it again by then."""
_CHANCE = Random()  # the generator of the module `random` belongs to the program


class Lane:
    """Runs functions that take a ``Session``, from any event loop and any thread, one after the other."""

    def __init__(self, path: str, name: str, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._session: Session | None = None
        self._process = os.getpid()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"taskcore-sqlite-{name}")

    async def open(self, make: Callable[[], Session]) -> None:
        """Make the session in this lane's thread."""

        def opened() -> None:
            self._session = self._patiently(make)

        await self._in_thread(opened)

    async def run(self, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that reads; each of its statements sees the newest state that is committed.

        Raises:
            StoreError: the database could not be used.
        """
        session = self._usable_session()

        def read() -> T:
            session.look_at_clock()
            return work(session, *args, **kwargs)

        return await self._in_thread(lambda: self._patiently(read))

    async def close(self) -> None:
        """Close the connection. What was asked before is done first; a forked process has nothing to close."""
        session, self._session = self._session, None
        if not self._is_at_home():
            return
        if session is not None:
            await self._in_thread(session.connection.close)
        self._thread.shutdown(wait=False)

    def _usable_session(self) -> Session:
        if self._session is None:
            raise StoreUnavailable(f"the store on {self._path} is closed; open it again")
        if not self._is_at_home():
            # SQLite forbids to take a connection along, and the thread stayed behind.
            raise StoreUnavailable(
                f"the store on {self._path} was opened before this process was forked; open it again here"
            )
        return self._session

    def _is_at_home(self) -> bool:
        """Whether this is the process that has the thread."""
        return os.getpid() == self._process

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
                time.sleep(_CHANCE.uniform(*_WAIT))
