"""A dashboard over a store on a server is promised the same as one over a store in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import remove_keys
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

from tests.conformance.postgres_tables import emptied


class ReadingContracts(
    TaskPartContract,
    SchedulePartContract,
    WorkerPartContract,
    SeriesPartContract,
    RegistryPartContract,
):
    """They only look: one story serves all of a class, since to tell it takes a second or two."""


class ChangingContracts(ActionPartContract, QueuePartContract):
    """Each of them needs a story of its own."""


@asynccontextmanager
async def in_postgres(url: str) -> AsyncIterator[DashboardSource]:
    clock = StoryClock(SystemClock())
    async with emptied(url, "dashboard", clock) as store:
        await tell(store, clock, tasks=40)
        yield store_source(store, system="test", clock=clock)


@asynccontextmanager
async def in_redis(url: str) -> AsyncIterator[DashboardSource]:
    clock, prefix = StoryClock(SystemClock()), f"test_{uuid4().hex}"
    async with await RedisStore.open(url, prefix=prefix, clock=clock) as store:
        await tell(store, clock, tasks=40)
        yield store_source(store, system="test", clock=clock)
    await remove_keys(url, prefix)


class TestLookingIntoPostgres(ReadingContracts):
    @pytest.fixture(scope="class")
    async def source(self, postgres_url: str) -> AsyncIterator[DashboardSource]:
        async with in_postgres(postgres_url) as source:
            yield source


class TestChangingPostgres(ChangingContracts):
    @pytest.fixture
    async def source(self, postgres_url: str) -> AsyncIterator[DashboardSource]:
        async with in_postgres(postgres_url) as source:
            yield source


class TestLookingIntoRedis(ReadingContracts):
    @pytest.fixture(scope="class")
    async def source(self, redis_url: str) -> AsyncIterator[DashboardSource]:
        async with in_redis(redis_url) as source:
            yield source


class TestChangingRedis(ChangingContracts):
    @pytest.fixture
    async def source(self, redis_url: str) -> AsyncIterator[DashboardSource]:
        async with in_redis(redis_url) as source:
            yield source
