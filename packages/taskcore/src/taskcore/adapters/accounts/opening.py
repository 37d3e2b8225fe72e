"""Open a database, and see to it that it holds the tables of this release."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import Connection, StaticPool, column, event, exc, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from taskcore.adapters.accounts import REVISIONS, VERSIONS, area
from taskcore.adapters.accounts.dialects import DIALECTS, MARIADB, POSTGRES, SQLITE, Dialect, place_of
from taskcore.adapters.accounts.session import Place, Session
from taskcore.adapters.accounts.tables import Tables
from taskcore.adapters.migrating import turn_of_task
from taskcore.adapters.sql import version_table
from taskcore.adapters.sql.alone import alone
from taskcore.adapters.sql.dialects import MYSQL
from taskcore.adapters.sql.steps import Steps
from taskcore.adapters.sql.urls import parsed
from taskcore.clock import Clock
from taskcore.errors import InvalidInput, MissingExtra, SchemaMismatch
from taskcore.ids import IdScheme

_MOST_LETTERS = 30
"""Of a prefix: the names of indexes begin with it, and have 63 at most."""
_CONNECTIONS = 4
"""Kept open by a process; under load it has twice as many."""
_PATIENCE = 30.0
"""Seconds to wait for a free one."""
_MIGRATING = 60_000
"""Milliseconds to wait for another process that makes the tables in a file."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))"


class Database(Steps[Session]):
    """Runs functions that take a ``Session``, as ``Steps`` does. An engine of somebody else's is left open."""

    def __init__(
        self, engine: AsyncEngine, dialect: Dialect, tables: Tables, clock: Clock | None, *, own: bool
    ) -> None:
        options = {} if dialect.isolation is None else {"isolation_level": dialect.isolation}
        engine = engine.execution_options(**options)  # a copy; an application's own engine stays as it is
        engine.sync_engine.hide_parameters = True  # hashes and digests are nobody's business in a traceback
        self.dialect = dialect
        self.place = Place(tables, dialect, dialect.errors(place_of(engine.url)), clock)
        super().__init__(engine, self.place.errors, lambda connection: Session(connection, self.place))
        self._own = own

    async def close(self) -> None:
        """Let go of all connections that are ours. Closing twice is fine."""
        self._closed = True
        if self._own:
            await self.engine.dispose()


async def open_database(where: str | AsyncEngine, prefix: str, clock: Clock | None) -> Database:
    """The database of a URL or an engine, with tables.

    Raises: as ``SQLAccounts.open``.
    """
    if not (prefix.isascii() and prefix.isidentifier() and len(prefix) <= _MOST_LETTERS):
        raise InvalidInput(
            f"prefix must be an identifier of at most {_MOST_LETTERS} ASCII letters, digits and _, got {prefix!r}"
        )
    engine, dialect = _made(where) if isinstance(where, str) else (where, _known(where))
    database = Database(engine, dialect, Tables(area(prefix)), clock, own=isinstance(where, str))
    try:
        if await database.read(_revision) in (None, *REVISIONS[:-1]):
            await _migrate(database)
        await database.read(check)
    except BaseException:
        await database.close()
        raise
    return database


def _made(url: str) -> tuple[AsyncEngine, Dialect]:
    parts, dialect = parsed(url, DIALECTS)
    if dialect is SQLITE and ":memory:" in str(parts.database):
        raise InvalidInput("url must name a file of SQLite, which all processes see; MemoryAccounts needs none")
    try:
        engine = create_async_engine(
            parts.set(drivername=dialect.driver),
            connect_args=dict(dialect.connect),
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_timeout=_PATIENCE,
        )
    except ImportError as error:
        raise MissingExtra(f"a store of accounts here needs: pip install 'taskcore[{dialect.extra}]'") from error
    if dialect is SQLITE:
        event.listen(engine.sync_engine, "connect", _prepare)
    return engine, dialect


def _known(engine: AsyncEngine) -> Dialect:
    if isinstance(engine.pool, StaticPool):
        raise InvalidInput("the engine must have a connection for each transaction, got one with a single connection")
    name = f"{engine.dialect.name}+{engine.dialect.driver}"
    for dialect in DIALECTS.values():
        if name.replace("mariadb", "mysql") == dialect.driver:
            return dialect
    known = ", ".join(sorted({dialect.driver for dialect in DIALECTS.values()}))
    raise InvalidInput(f"the engine must use one of {known}, got {name}")


def _prepare(connection: Any, _: object) -> None:
    """Readers and the writer never wait for each other, and a commit that has returned survives a power cut."""
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()


async def check(session: Session) -> None:
    """Prove that the tables are those of this release.

    Raises:
        SchemaMismatch: they are not.
    """
    mine, found = session.tables.area, await _revision(session)
    if found in (None, *REVISIONS[:-1]):
        raise SchemaMismatch(f"the tables {mine}_* are missing or old; open the store anew to make them")
    if found not in REVISIONS:
        raise SchemaMismatch(
            f"the tables {mine}_* have the schema {found!r}, which is later than this release, that works with "
            f"{REVISIONS[-1]!r}; update taskcore"
        )
    await session.first(select(session.tables.users.c.id).limit(1))


async def _revision(session: Session) -> str | None:
    """The revision of the tables that are there; None when there are none."""
    versions = table(version_table(session.tables.area), column("version_num"))
    try:
        row = await session.first(select(versions.c.version_num))
    except exc.DBAPIError as error:
        if not session.errors.lacks_tables(error):
            raise
        return None
    return None if row is None else str(row[0])


async def _migrate(database: Database) -> None:
    """Apply the revisions that are missing. Processes that come at the same time wait for the first one."""
    with database.place.errors.translated():
        async with (
            turn_of_task(),
            database.engine.connect() as connection,
            _alone(database, connection),
        ):
            await connection.run_sync(_apply, database.place.tables.area)
            await connection.commit()


def _alone(database: Database, connection: AsyncConnection) -> AbstractAsyncContextManager[None]:
    mine = database.place.tables.area
    if database.dialect is MARIADB:
        return alone(connection, MYSQL, f"the tables {mine}_*", mine, database.place.errors.place)
    return _locked_database(connection, mine) if database.dialect is POSTGRES else _locked_file(connection)


@asynccontextmanager
async def _locked_database(connection: AsyncConnection, mine: str) -> AsyncIterator[None]:
    """Until the commit."""
    await connection.execute(text(_LOCK), {"lock": f"taskcore schema {mine}"})
    yield


@asynccontextmanager
async def _locked_file(connection: AsyncConnection) -> AsyncIterator[None]:
    """Before the look at what is there, so that nobody else migrates meanwhile; that takes longer than other steps."""
    usual = (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar_one()
    await connection.exec_driver_sql(f"PRAGMA busy_timeout = {_MIGRATING}")
    raw = (await connection.get_raw_connection()).driver_connection
    if raw is not None and not raw.in_transaction:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    yield
    await connection.exec_driver_sql(f"PRAGMA busy_timeout = {usual}")


def _apply(connection: Connection, mine: str) -> None:
    try:
        # Loaded here only: it takes longer than everything else that a store does when it is opened.
        from taskcore.adapters.sql.upgrade import upgrade
    except ImportError as error:
        raise MissingExtra("making the tables of accounts needs alembic: pip install alembic") from error
    upgrade(connection, mine, IdScheme.TIME_SORTED, versions=VERSIONS)
