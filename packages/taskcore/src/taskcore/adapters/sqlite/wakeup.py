"""How those that wait learn of new work: one thread glances at the file for all of them."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Condition, Thread

from taskcore.adapters.bell import Bell
from taskcore.adapters.sql.rows import FOREVER
from taskcore.adapters.sqlite.errors import passes
from taskcore.adapters.sqlite.reading import has_work
from taskcore.adapters.sqlite.session import Session
from taskcore.adapters.sqlite.statements import NEXT_DUE
from taskcore.errors import StoreError

GLANCE = 0.025
"""Seconds between two looks at what other processes did; one takes microseconds and waits for nobody."""


class Lookout:
    """Rings the bells of those for whom there is work. Thread and connection begin with the first that waits."""

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session
        self._waiting: dict[Bell, Sequence[str]] = {}
        self._thread: Thread | None = None
        self._changed = Condition()
        self._news = self._closed = False

    async def wait(self, queues: Sequence[str], timeout: float) -> None:
        """Return when there may be work in ``queues``, or after ``timeout`` seconds."""
        bell = Bell()
        with self._changed:
            self._waiting[bell] = queues
            self._begin()
        self.look()
        try:
            async with asyncio.timeout(timeout):
                await bell.heard()
        except TimeoutError:
            return
        finally:
            with self._changed:
                del self._waiting[bell]

    def look(self) -> None:
        """Look at once: this process stored something."""
        if self._waiting:  # or the thread of a busy worker would be woken with every commit
            with self._changed:
                self._news = True
                self._changed.notify()

    def close(self) -> None:
        """End the thread, which takes no longer than a glance. Closing twice is fine."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="taskcore-sqlite-lookout", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        view: _View | None = None
        while not self._closed:
            news, waiting = self._next_round()
            try:
                view = view or _View(self._open_session())
                view.ring(waiting, news)
            except (sqlite3.Error, StoreError) as error:
                if not (isinstance(error, sqlite3.Error) and passes(error)):
                    # Let them ask for work: then they hear what is wrong with the file.
                    _ring(waiting)
        if view is not None:
            view.close()

    def _next_round(self) -> tuple[bool, Mapping[Bell, Sequence[str]]]:
        """Wait until it is time to look again; answer whether there is a special reason to, and who waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._closed, GLANCE if self._waiting else None)
            news, self._news = self._news, False
            if self._closed:
                _ring(self._waiting)
            return news, dict(self._waiting)


class _View:
    """What the thread saw when it last looked, so that it need not look closely while nothing changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._version: object = None
        self._next_due = 0

    def ring(self, waiting: Mapping[Bell, Sequence[str]], news: bool) -> None:
        if self._is_stale() or news:
            _ring([bell for bell, queues in waiting.items() if has_work(self._session, queues)])

    def _is_stale(self) -> bool:
        """Whether somebody committed since, or a task became due."""
        session = self._session
        session.look_at_clock()
        version = session.one("PRAGMA data_version")
        if version == self._version and session.now < self._next_due:
            return False
        self._version, self._next_due = version, session.one(NEXT_DUE) or FOREVER
        return True

    def close(self) -> None:
        self._session.connection.close()


def _ring(bells: Iterable[Bell]) -> None:
    for bell in bells:
        bell.ring()
