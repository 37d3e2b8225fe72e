"""A store in PostgreSQL keeps every promise of the ports; ``another`` is a second process's view of the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest
from taskcore.adapters.postgres import PostgresStore
from taskcore.testing import FakeClock
from taskcore.testing.contracts.abilities import Begin, TransactionalEnqueueContract, WakeupContract
from taskcore.testing.contracts.controls import QueueControlsContract
from taskcore.testing.contracts.leadership import LeaderStoreContract
from taskcore.testing.contracts.schedules import ScheduleStoreContract
from taskcore.testing.contracts.tasks import TaskStoreContract, TimeSortedIdsContract


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


TABLES = ("tasks", "leases", "attempts", "logs", "schedules", "fires", "queues", "leaders")


@pytest.fixture
async def store(postgres_url: str, clock: FakeClock) -> AsyncIterator[PostgresStore]:
    async with await PostgresStore.open(postgres_url, prefix="conformance", clock=clock) as store:
        yield store
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"TRUNCATE {', '.join(f'conformance_{table}' for table in TABLES)} RESTART IDENTITY")
    await connection.close()


@pytest.fixture
async def another(store: PostgresStore, postgres_url: str, clock: FakeClock) -> AsyncIterator[PostgresStore]:
    async with await PostgresStore.open(postgres_url, prefix="conformance", clock=clock) as another:
        yield another


class TestTasks(TaskStoreContract):
    pass


class TestTimeSortedIds(TimeSortedIdsContract):
    pass


class TestQueueControls(QueueControlsContract):
    pass


class TestSchedules(ScheduleStoreContract):
    pass


class TestLeadership(LeaderStoreContract):
    pass


class TestWakeup(WakeupContract):
    pass
