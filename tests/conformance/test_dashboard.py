"""A dashboard over a store on a server is promised the same as one over a store in memory."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.redis import RedisStore
from taskcore.clock import SystemClock
from taskcore.testing.contracts.dashboard import (
    ActionPartContract,
    QueuePartContract,
    RegistryPartContract,
    SchedulePartContract,
    SeriesPartContract,
    TaskPartContract,
    WorkerPartContract,
)
from taskcore.testing.dashboard import StoryClock, tell
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source

TABLES = ("tasks", "leases", "attempts", "logs", "schedules", "fires", "queues", "leaders", "statistics", "workers")


class StoreContracts(
    TaskPartContract,
    ActionPartContract,
    QueuePartContract,
    SchedulePartContract,
    WorkerPartContract,
    SeriesPartContract,
    RegistryPartContract,
):
    """All that a source over a store of the core proves."""


class TestPostgres(StoreContracts):
    @pytest.fixture
    async def source(self, postgres_url: str) -> AsyncIterator[DashboardSource]:
        clock = StoryClock(SystemClock())
        async with await PostgresStore.open(postgres_url, prefix="dashboard", clock=clock) as store:
            await tell(store, clock, tasks=40)
            yield store_source(store, system="test", clock=clock)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(f"TRUNCATE {', '.join(f'dashboard_{table}' for table in TABLES)} RESTART IDENTITY")
        await connection.close()


class TestRedis(StoreContracts):
    @pytest.fixture
    async def source(self, redis_url: str) -> AsyncIterator[DashboardSource]:
        clock, prefix = StoryClock(SystemClock()), f"test_{uuid4().hex}"
        async with await RedisStore.open(redis_url, prefix=prefix, clock=clock) as store:
            await tell(store, clock, tasks=40)
            yield store_source(store, system="test", clock=clock)
        async with Redis.from_url(redis_url) as client:
            async for key in client.scan_iter(f"*{prefix}*", count=1000):
                await client.delete(key)
