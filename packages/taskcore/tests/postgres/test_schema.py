"""The metadata is the truth: what the revisions make is what it says, from nothing and back."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from taskcore.adapters.postgres.opening import REVISIONS, VERSIONS
from taskcore.adapters.postgres.tables import storage_parameters, tables
from taskcore.adapters.sql import upgrade
from taskcore.ids import IdScheme

IDS = IdScheme.TIME_SORTED

COLUMNS = """
SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default, identity_generation
FROM information_schema.columns WHERE table_name LIKE $1"""
INDEXES = "SELECT tablename, indexdef FROM pg_indexes WHERE tablename LIKE $1"
CONSTRAINTS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid::regclass::text LIKE $1 AND contype <> 'n'"""


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def schema(connection: Connection, prefix: str) -> set[tuple[object, ...]]:
    """Columns, indexes and constraints, as PostgreSQL tells them."""
    rows: set[tuple[object, ...]] = set()
    for query in (COLUMNS, INDEXES, CONSTRAINTS):
        rows |= {tuple(row) for row in connection.exec_driver_sql(query, (f"{prefix}\\_%",))}
    return {row for row in rows if not str(row[0]).endswith("alembic_version")}


async def test_the_revisions_make_what_the_metadata_says(connection: AsyncConnection, prefix: str) -> None:
    await connection.run_sync(tables(prefix).create_all)
    expected = await connection.run_sync(schema, prefix)
    await connection.run_sync(tables(prefix).drop_all)

    await connection.run_sync(upgrade.upgrade, prefix, IDS, versions=VERSIONS)

    assert expected == await connection.run_sync(schema, prefix)


async def test_the_revisions_go_up_down_and_up(connection: AsyncConnection, prefix: str) -> None:
    await connection.run_sync(upgrade.upgrade, prefix, IDS, versions=VERSIONS)
    made = await connection.run_sync(schema, prefix)
    assert made

    await connection.run_sync(upgrade.downgrade, prefix, IDS, versions=VERSIONS)
    assert set() == await connection.run_sync(schema, prefix)

    await connection.run_sync(upgrade.upgrade, prefix, IDS, versions=VERSIONS)
    assert made == await connection.run_sync(schema, prefix)


def test_the_revisions_are_those_that_a_store_knows() -> None:
    assert list(REVISIONS) == sorted(path.name[1:5] for path in VERSIONS.glob("r*.py"))


@pytest.mark.parametrize("table", ["tasks", "leases"])
async def test_the_tables_keep_room_for_what_changes(connection: AsyncConnection, prefix: str, table: str) -> None:
    await connection.run_sync(upgrade.upgrade, prefix, IDS, versions=VERSIONS)

    options = await connection.exec_driver_sql(f"SELECT reloptions FROM pg_class WHERE relname = '{prefix}_{table}'")

    wanted = storage_parameters(prefix)[f"{prefix}_{table}"]
    assert wanted == dict(option.split("=") for option in options.scalar_one())
