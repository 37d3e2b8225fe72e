"""Steps in a database: committed as a whole, or done again, or without effect."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from random import Random
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskcore.errors import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_TRIES = 8
_PAUSE = (0.001, 0.02)
"""Seconds between two tries, at random, so that those who met do not meet again."""
_CHANCE = Random()  # the generator of the module `random` belongs to the program
_SILENCE = 40.0
"""Seconds after which a connection must be dead: no step takes so long, and the driver would wait for ever."""


class Errors(Protocol):
    """How a database complains. ``place`` tells where it is, without user and password."""

    place: str

    def is_lost_race(self, error: BaseException) -> bool:
        """Whether the same step may well succeed when it is done again."""
        ...

    def is_taken(self, error: BaseException) -> bool:
        """Whether a unique value is stored already."""
        ...

    def lacks_tables(self, error: BaseException) -> bool:
        """Whether what was asked for is not there."""
        ...

    def translated(self) -> AbstractContextManager[None]:
        """Turn what the driver raises into this project's errors, with the cause kept."""
        ...


class Begun(Protocol):
    """A session; ``has_begun`` says whether the server did anything for it yet."""

    has_begun: bool


S = TypeVar("S", bound=Begun)


class Steps(Generic[S]):
    """Runs functions that take a session, each in a transaction of its own, in the event loop it was made in."""

    def __init__(self, engine: AsyncEngine, errors: Errors, session: Callable[[AsyncConnection], S]) -> None:
        self.engine = engine
        self._errors = errors
        self._session = session
        self._closed = False

    async def write(self, work: Callable[Concatenate[S, P], Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that writes, and commit.

        Raises:
            StoreError: the server could not be used, or others kept hold of the same rows.
        """
        return await self._run(self.engine.begin, lambda session: work(session, *args, **kwargs))

    async def read(self, work: Callable[Concatenate[S, P], Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that reads; each of its statements sees the newest state that is committed.

        Raises:
            StoreError: the server could not be used.
        """
        return await self._run(self.engine.connect, lambda session: work(session, *args, **kwargs))

    async def _run(
        self,
        begin: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[S], Awaitable[T]],
    ) -> T:
        """Do it again from its start while it had no effect: when others were quicker, the server has undone it."""
        if self._closed:
            raise StoreUnavailable(f"the store on {self._errors.place} is closed; open it again")
        tries = 0
        with self._errors.translated():
            while True:
                session: S | None = None
                try:
                    async with asyncio.timeout(_SILENCE), begin() as connection:
                        session = self._session(connection)
                        return await work(session)
                except exc.DBAPIError as error:
                    tries += 1
                    if tries == _TRIES or not self._had_no_effect(error, session):
                        raise
                await asyncio.sleep(_CHANCE.uniform(*_PAUSE))

    def _had_no_effect(self, error: exc.DBAPIError, session: S | None) -> bool:
        if session is not None and not session.has_begun and error.connection_invalidated:
            return True  # an old connection, to a server that was restarted; now the pool has thrown all of them away
        return self._errors.is_lost_race(error)

    async def close(self) -> None:
        """Let go of all connections. Closing twice is fine."""
        self._closed = True
        await self.engine.dispose()
