"""Open a database, and see to it that it holds the tables of this release."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskcore.adapters.accounts import REVISIONS, VERSIONS, area
from taskcore.adapters.accounts.database import Database, known, made
from taskcore.adapters.accounts.dialects import MARIADB, POSTGRES
from taskcore.adapters.accounts.session import Session
from taskcore.adapters.accounts.tables import Tables
from taskcore.adapters.migrating import turn_of_task
from taskcore.adapters.schemas import check_revision
from taskcore.adapters.sql.alone import alone
from taskcore.adapters.sql.dialects import MYSQL
from taskcore.adapters.sql.revisions import stored_revision
from taskcore.clock import Clock
from taskcore.errors import InvalidInput, MissingExtra
from taskcore.ids import IdScheme

_MOST_LETTERS = 30
"""Of a prefix: the names of indexes begin with it, and have 63 at most."""
_MIGRATING = 60_000
"""Milliseconds to wait for another process that makes the tables in a file."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))"


async def open_database(where: str | AsyncEngine, prefix: str, clock: Clock | None) -> Database:
    """The database of a URL or an engine, with tables.

    Raises: as ``SQLAccounts.open``.
    """
    if not (prefix.isascii() and prefix.isidentifier() and len(prefix) <= _MOST_LETTERS):
        raise InvalidInput(
            f"prefix must be an identifier of at most {_MOST_LETTERS} ASCII letters, digits and _, got {prefix!r}"
        )
    engine, dialect = made(where) if isinstance(where, str) else (where, known(where))
    database = Database(engine, dialect, Tables(area(prefix)), clock, own=isinstance(where, str))
    try:
        if await database.read(_revision) in (None, *REVISIONS[:-1]):
            await _migrate(database)
        await database.read(check)
    except BaseException:
        await database.close()
        raise
    return database


async def check(session: Session) -> None:
    """Prove that the tables are those of this release.

    Raises:
        SchemaMismatch: they are not.
    """
    mine, found = session.tables.area, await _revision(session)
    check_revision(mine, found, REVISIONS)
    await session.first(select(session.tables.users.c.id).limit(1))


async def _revision(session: Session) -> str | None:
    return await stored_revision(session, session.tables.area, session.errors)


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
