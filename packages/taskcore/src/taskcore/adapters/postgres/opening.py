"""See to it that the database holds the tables of this release."""

from pathlib import Path

from taskcore.adapters.migrating import turn_of_task
from taskcore.adapters.postgres.database import Database, Runner
from taskcore.adapters.schemas import check_revision
from taskcore.adapters.sql import version_table
from taskcore.errors import MissingExtra, SchemaMismatch
from taskcore.ids import IdScheme

REVISIONS = ("0001", "0002", "0003")
"""Every schema that a release has ever had, oldest first; the last one is what this release works with."""

VERSIONS = Path(__file__).parent / "versions"
LOCK = "taskcore schema"
"""Text whose hash numbers the advisory lock around migrations, one for all stores of a database."""

_TABLE = "SELECT to_regclass($1) IS NOT NULL"


async def check(runner: Runner, prefix: str) -> None:
    """Prove that the tables are those of this release.

    Raises:
        SchemaMismatch: they are not.
    """
    found = await _revision(runner, prefix)
    check_revision(prefix, found, REVISIONS)
    if not (await runner.fetch(_TABLE, f"{prefix}_tasks"))[0][0]:
        raise SchemaMismatch(f"the table {prefix}_tasks is gone; restore a backup, or remove all tables {prefix}_*")


async def is_outdated(runner: Runner, prefix: str) -> bool:
    """Whether there are tables to make or to change. Those of a later release are not touched."""
    found = await _revision(runner, prefix)
    return found is None or found in REVISIONS[:-1]


async def _revision(runner: Runner, prefix: str) -> str | None:
    """The revision of the tables that are there; None when there are none."""
    table = version_table(prefix)
    if not (await runner.fetch(_TABLE, table))[0][0]:
        return None
    rows = await runner.fetch(f"SELECT version_num FROM {table}")  # noqa: S608
    return str(rows[0][0]) if rows else None


async def migrate(database: Database) -> None:
    """Apply the revisions that are missing. Processes that come at the same time wait for the first one.

    Raises:
        MissingExtra: SQLAlchemy or alembic are not installed.
    """
    try:
        # Loaded here only: they take longer than everything else that a store does when it is opened.
        from sqlalchemy import NullPool, text
        from sqlalchemy.ext.asyncio import create_async_engine

        from taskcore.adapters.sql.upgrade import upgrade
    except ImportError as error:
        raise MissingExtra("making the tables of a PostgreSQL store needs: pip install 'taskcore[postgres]'") from error
    engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool, async_creator=database.connect)
    async with turn_of_task(), engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))"), {"lock": LOCK})
        await connection.run_sync(upgrade, database.prefix, IdScheme.TIME_SORTED, versions=VERSIONS)
