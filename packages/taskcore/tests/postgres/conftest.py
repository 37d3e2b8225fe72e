"""A store in a database that the session's tests share, with tables of its own and a clock that stands still."""

import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import pytest
from taskcore.testing import FakeClock

if any(find_spec(name) is None for name in ("asyncpg", "alembic", "sqlalchemy")):
    collect_ignore_glob = ["test_*.py"]
    print("the tests of the PostgreSQL store are left out: they need taskcore[postgres]", file=sys.stderr)
else:
    import asyncpg
    from taskcore.adapters.postgres import PostgresStore


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
async def store(postgres_url: str, prefix: str, clock: FakeClock) -> AsyncIterator["PostgresStore"]:
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as store:
        yield store


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[Any]:
    """A connection beside the store's own."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()
