"""The tables of a PostgreSQL store, made once for all tests of a session and emptied behind each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from taskcore.adapters.postgres import PostgresStore
from taskcore.clock import Clock

TABLES = (
    "tasks",
    "leases",
    "attempts",
    "logs",
    "schedules",
    "fires",
    "queues",
    "leaders",
    "statistics",
    "workers",
    "counts",
)


@asynccontextmanager
async def emptied(url: str, prefix: str, clock: Clock) -> AsyncIterator[PostgresStore]:
    async with await PostgresStore.open(url, prefix=prefix, clock=clock) as store:
        yield store
    await empty(url, prefix)


async def empty(url: str, prefix: str) -> None:
    """Delete the few rows of a test: TRUNCATE makes new files of every table and index, and takes 50 times as long."""
    connection = await asyncpg.connect(url)
    await connection.execute("; ".join(f"DELETE FROM {prefix}_{table}" for table in TABLES))
    await connection.close()
