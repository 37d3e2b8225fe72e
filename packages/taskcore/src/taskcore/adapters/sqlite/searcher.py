"""The lane of what may take long, so that it keeps no worker waiting."""

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

from taskcore.adapters.sqlite.lane import Lane
from taskcore.adapters.sqlite.session import Session

P = ParamSpec("P")
T = TypeVar("T")


class Searcher(Lane):
    """Reads with a connection that is made for the first search. One that nobody waits for any more is stopped."""

    def __init__(self, path: str, patience: float, make: Callable[[], Session]) -> None:
        super().__init__(path, "searcher", patience)
        self._make = make
        self._asked = self._closed = False
        self._under_way: object = None
        self._turn = Lock()

    async def run(self, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._session is None and not self._closed:
            self._asked = True
            await self.open(lambda: self._session or self._make())
        session, search = self._usable_session(), object()

        def read() -> T:
            session.look_at_clock()
            return work(session, *args, **kwargs)

        def begin_and_end() -> T:
            self._pass_turn(search)
            try:
                return self._patiently(read)
            finally:
                self._pass_turn(None)

        try:
            return await self._in_thread(begin_and_end)
        except asyncio.CancelledError:
            self._stop(session, search)
            raise

    def _pass_turn(self, search: object) -> None:
        with self._turn:
            self._under_way = search

    def _stop(self, session: Session, search: object) -> None:
        """Interrupt the statement of ``search``, and no other's."""
        with self._turn:
            if self._under_way is search:
                session.connection.interrupt()

    async def close(self) -> None:
        closed, self._closed = self._closed, True
        if self._asked and not closed and self._is_at_home():
            await self._in_thread(bool)  # a first search may be making the connection
        await super().close()
