"""One server and its pool of connections: steps that are committed as a whole, or done again, or have no effect."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from taskcore.adapters.sql.dialects import Dialect
from taskcore.adapters.sql.errors import Translator
from taskcore.adapters.sql.schema import Schema
from taskcore.adapters.sql.session import Session, Tables
from taskcore.clock import Clock
from taskcore.errors import MissingExtra, StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_TRIES = 8
_PAUSE = (0.001, 0.02)
"""Seconds between two tries, at random, so that those who met do not meet again."""

_CONNECTIONS = 4
"""Kept open by a process; under load it has twice as many, since servers count them."""
_PATIENCE = 30.0
"""Seconds to wait for a free one."""
_SILENCE = 40.0
"""Seconds after which a connection must be dead: no step takes so long, and the driver would wait for ever."""


class Server:
    """Runs functions that take a ``Session``, each in a transaction of its own, in the event loop it was made in."""

    def __init__(self, url: URL, prefix: str, dialect: Dialect, clock: Clock | None) -> None:
        self.errors = Translator(dialect, f"{url.host}:{url.port or dialect.port}/{url.database}")
        self.tables = Tables(Schema(prefix, dialect), self.errors, clock)
        self.engine = _engine(url, dialect)
        self._closed = False

    async def write(
        self, work: Callable[Concatenate[Session, P], Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function that writes, and commit.

        Raises:
            StoreError: the server could not be used, or others kept hold of the same rows.
        """
        return await self._run(self.engine.begin, lambda session: work(session, *args, **kwargs))

    async def read(
        self, work: Callable[Concatenate[Session, P], Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function that reads; each of its statements sees the newest state that is committed.

        Raises:
            StoreError: the server could not be used.
        """
        return await self._run(self.engine.connect, lambda session: work(session, *args, **kwargs))

    async def _run(
        self,
        begin: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[Session], Awaitable[T]],
    ) -> T:
        """Do it again from its start while it had no effect: when others were quicker, the server has undone it."""
        if self._closed:
            raise StoreUnavailable(f"the store on {self.errors.place} is closed; open it again")
        tries = 0
        with self.errors.translated():
            while True:
                session: Session | None = None
                try:
                    async with asyncio.timeout(_SILENCE), begin() as connection:
                        session = Session(connection, self.tables)
                        return await work(session)
                except exc.DBAPIError as error:
                    tries += 1
                    if tries == _TRIES or not self._had_no_effect(error, session):
                        raise
                await asyncio.sleep(random.uniform(*_PAUSE))

    def _had_no_effect(self, error: exc.DBAPIError, session: Session | None) -> bool:
        if session is not None and not session.has_begun and error.connection_invalidated:
            return True  # an old connection, to a server that was restarted; now the pool has thrown all of them away
        return self.errors.is_lost_race(error)

    async def close(self) -> None:
        """Let go of all connections. Closing twice is fine."""
        self._closed = True
        await self.engine.dispose()


def _engine(url: URL, dialect: Dialect) -> AsyncEngine:
    try:
        return create_async_engine(
            url.set(drivername=dialect.driver),
            isolation_level="READ COMMITTED",  # no gaps are locked, and a look after a lock sees what was committed
            connect_args=dict(dialect.connect),
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_timeout=_PATIENCE,
            pool_reset_on_return=None,  # a step has committed or rolled back by then
            hide_parameters=True,  # payloads are nobody's business in a traceback
        )
    except ImportError as error:
        raise MissingExtra(f"a store on this server needs: pip install 'taskcore[{dialect.extra}]'") from error
