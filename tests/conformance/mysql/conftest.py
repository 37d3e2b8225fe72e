"""A store with tables of its own, by the server's clock, and what else talks to the database."""

import secrets
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from taskcore.adapters.sql.store import SQLStore


@pytest.fixture
def prefix() -> str:
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
async def application(mysql_url: str, prefix: str) -> AsyncIterator[AsyncEngine]:
    """Somebody else's connections to the database; at the end the tables of ``prefix`` are gone."""
    engine = create_async_engine(mysql_url.replace("mysql://", "mysql+aiomysql://"))
    yield engine
    async with engine.begin() as connection:
        tables = await connection.execute(text(f"SHOW TABLES LIKE '{prefix}%'"))
        for (table,) in tables.all():
            await connection.execute(text(f"DROP TABLE {table}"))
    await engine.dispose()


@pytest.fixture
async def store(mysql_url: str, prefix: str, application: AsyncEngine) -> AsyncIterator[SQLStore]:
    async with await SQLStore.open(mysql_url, prefix=prefix) as store:
        yield store
