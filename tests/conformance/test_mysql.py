"""A store on MySQL or MariaDB keeps every promise of the ports; ``another`` is a second process's view of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from taskcore.adapters.sql.store import SQLStore
from taskcore.testing import FakeClock
from taskcore.testing.contracts.abilities import Begin, TransactionalEnqueueContract
from taskcore.testing.contracts.controls import KeyLimitContract, PauseContract, QueueLimitContract
from taskcore.testing.contracts.leadership import LeaderStoreContract
from taskcore.testing.contracts.presence import WorkerRegistryContract
from taskcore.testing.contracts.schedules import ScheduleStoreContract
from taskcore.testing.contracts.statistics import StatisticsStoreContract
from taskcore.testing.contracts.tasks import TaskStoreContract, TimeSortedIdsContract


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


TABLES = ("tasks", "attempts", "logs", "schedules", "fires", "leaders", "controls", "statistics", "workers")


@pytest.fixture
async def application(mysql_url: str) -> AsyncIterator[AsyncEngine]:
    """The application's own connections to the database."""
    engine = create_async_engine(mysql_url.replace("mysql://", "mysql+aiomysql://"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def store(mysql_url: str, application: AsyncEngine, clock: FakeClock) -> AsyncIterator[SQLStore]:
    """Its tables are made once for all tests: emptying them is quicker."""
    async with await SQLStore.open(mysql_url, prefix="conformance", clock=clock) as store:
        yield store
    async with application.begin() as connection:
        for table in TABLES:
            await connection.execute(text(f"DELETE FROM conformance_{table}"))


@pytest.fixture
async def another(store: SQLStore, mysql_url: str, clock: FakeClock) -> AsyncIterator[SQLStore]:
    async with await SQLStore.open(mysql_url, prefix="conformance", clock=clock) as another:
        yield another


class TestTasks(TaskStoreContract):
    pass


class TestTimeSortedIds(TimeSortedIdsContract):
    pass


class TestSchedules(ScheduleStoreContract):
    pass


class TestLeadership(LeaderStoreContract):
    pass


class TestPauses(PauseContract):
    pass


class TestQueueLimits(QueueLimitContract):
    pass


class TestKeyLimits(KeyLimitContract):
    pass


class TestStatistics(StatisticsStoreContract):
    pass


class TestPresence(WorkerRegistryContract):
    pass


class TestTransactionalEnqueue(TransactionalEnqueueContract):
    @pytest.fixture(params=["connection", "session"])
    def begin(self, request: pytest.FixtureRequest, application: AsyncEngine) -> Begin:
        @asynccontextmanager
        async def begin() -> AsyncIterator[AsyncConnection | AsyncSession]:
            if request.param == "connection":
                async with application.begin() as connection:
                    yield connection
            else:
                async with AsyncSession(application) as session, session.begin():
                    yield session

        return begin
