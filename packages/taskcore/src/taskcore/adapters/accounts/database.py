"""One database and its pool of connections."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from sqlalchemy import StaticPool, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from taskcore.adapters.accounts.dialects import DIALECTS, SQLITE, Dialect, place_of
from taskcore.adapters.accounts.session import Place, Session
from taskcore.adapters.accounts.tables import Tables
from taskcore.adapters.sql.steps import Steps
from taskcore.adapters.sql.urls import parsed
from taskcore.clock import Clock
from taskcore.errors import InvalidInput, MissingExtra

T = TypeVar("T")

_CONNECTIONS = 4
"""Kept open by a process; under load it has twice as many."""
_PATIENCE = 30.0
"""Seconds to wait for a free one."""


class Database(Steps[Session]):
    """Runs functions that take a ``Session``, as ``Steps`` does.

    A caller who is cancelled leaves, and the step goes on: a driver that is interrupted may leak its connection. An
    engine of somebody else's is left open.
    """

    def __init__(
        self, engine: AsyncEngine, dialect: Dialect, tables: Tables, clock: Clock | None, *, own: bool
    ) -> None:
        engine = engine.execution_options()  # a copy; an application's own engine stays as it is
        engine.sync_engine.hide_parameters = True  # hashes and digests are nobody's business in a traceback
        self.dialect = dialect
        self.place = Place(tables, dialect, dialect.errors(place_of(engine.url)), clock)
        super().__init__(engine, self.place.errors, lambda connection: Session(connection, self.place))
        self._own = own
        self._going_on: set[asyncio.Task[Any]] = set()

    async def _run(
        self,
        begin: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[Session], Awaitable[T]],
    ) -> T:
        step = asyncio.create_task(super()._run(begin, work))
        self._going_on.add(step)
        step.add_done_callback(self._over)
        await asyncio.wait([step])
        return step.result()

    def _over(self, step: asyncio.Task[Any]) -> None:
        self._going_on.discard(step)
        if not step.cancelled():
            step.exception()  # nobody may be left to hear of it

    async def close(self) -> None:
        """Let what is going on end, then let go of all connections that are ours. Closing twice is fine."""
        self._closed = True
        if self._going_on:
            await asyncio.wait(self._going_on)
        if self._own:
            await self.engine.dispose()


def made(url: str) -> tuple[AsyncEngine, Dialect]:
    """An engine of ours.

    Raises:
        InvalidInput: ``url`` cannot be read, or is of something else. MissingExtra: its driver is not installed.
    """
    parts, dialect = parsed(url, DIALECTS)
    if dialect is SQLITE and ":memory:" in str(parts.database):
        raise InvalidInput("url must name a file of SQLite, which all processes see; MemoryAccounts needs none")
    try:
        dial = {} if dialect.dial is None else {"async_creator": dialect.dial(url)}
        engine = create_async_engine(
            parts.set(drivername=dialect.driver),
            connect_args=dict(dialect.connect),
            **dial,
            **dialect.options,
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_timeout=_PATIENCE,
        )
    except ImportError as error:
        raise MissingExtra(f"a store of accounts here needs: pip install 'taskcore[{dialect.extra}]'") from error
    if dialect is SQLITE:
        event.listen(engine.sync_engine, "connect", _prepare)
    return engine, dialect


def known(engine: AsyncEngine) -> Dialect:
    """How to work with an engine of somebody else's.

    Raises:
        InvalidInput: it is of another kind.
    """
    if isinstance(engine.pool, StaticPool):
        raise InvalidInput("the engine must have a connection for each transaction, got one with a single connection")
    name = f"{engine.dialect.name}+{engine.dialect.driver}"
    for dialect in DIALECTS.values():
        if name.replace("mariadb", "mysql") == dialect.driver:
            return dialect
    names = ", ".join(sorted({dialect.driver for dialect in DIALECTS.values()}))
    raise InvalidInput(f"the engine must use one of {names}, got {name}")


def _prepare(connection: Any, _: object) -> None:
    """Readers and the writer never wait for each other, and a commit that has returned survives a power cut."""
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()
