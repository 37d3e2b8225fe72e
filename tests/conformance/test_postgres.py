"""A store in PostgreSQL keeps every promise of the ports; ``another`` is a second process's view of the database."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from taskcore.adapters.postgres import OpenTransactions, PostgresStore
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId
from taskcore.models import Receipt, TaskSpec
from taskcore.testing import FakeClock, a_task
from taskcore.testing.contracts.abilities import Begin, EnqueuingStore, TransactionalEnqueueContract, WakeupContract
from taskcore.testing.contracts.changes import ChangesContract
from taskcore.testing.contracts.controls import QueueControlsContract
from taskcore.testing.contracts.leadership import LeaderStoreContract
from taskcore.testing.contracts.presence import WorkerRegistryContract
from taskcore.testing.contracts.schedules import ScheduleStoreContract
from taskcore.testing.contracts.statistics import StatisticsStoreContract
from taskcore.testing.contracts.tasks import TaskStoreContract, TimeSortedIdsContract

from tests.conformance.postgres_tables import emptied


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(postgres_url: str, clock: FakeClock) -> AsyncIterator[PostgresStore]:
    async with emptied(postgres_url, "conformance", clock) as store:
        yield store


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


class TestStatistics(StatisticsStoreContract):
    pass


class TestPresence(WorkerRegistryContract):
    pass


class TestChanges(ChangesContract):
    pass


class TestWakeup(WakeupContract):
    pass


class EnqueueContract(TransactionalEnqueueContract):
    """The errors of every driver are ours."""

    async def test_an_id_that_is_taken_is_refused(self, store: EnqueuingStore, begin: Begin) -> None:
        await store.put([a_task(id=TaskId("taken"))])

        with pytest.raises(InvalidInput, match="taken"):
            async with begin() as connection:
                await store.put_within(connection, [a_task(id=TaskId("taken"))])

    async def test_text_that_cannot_be_stored_is_refused(self, store: EnqueuingStore, begin: Begin) -> None:
        with pytest.raises(InvalidInput):
            async with begin() as connection:
                await store.put_within(connection, [a_task(meta="\x00")])


class TestTransactionalEnqueueWithAsyncpg(EnqueueContract):
    @pytest.fixture
    def begin(self, postgres_url: str) -> Begin:
        @asynccontextmanager
        async def begin() -> AsyncIterator["asyncpg.Connection"]:
            connection = await asyncpg.connect(postgres_url)
            try:
                async with connection.transaction():
                    yield connection
            finally:
                await connection.close()

        return begin

    async def test_a_connection_without_a_transaction_is_refused(self, store: PostgresStore, postgres_url: str) -> None:
        connection = await asyncpg.connect(postgres_url)

        with pytest.raises(InvalidInput, match="needs a transaction"):
            await store.put_within(connection, [a_task()])

        await connection.close()

    async def test_what_is_no_connection_is_refused(self, store: PostgresStore) -> None:
        with pytest.raises(InvalidInput, match="got str"):
            await store.put_within("postgresql://", [a_task()])


class WithoutAStore:
    """A program that has no store open puts; another one looks at what came of it."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.put_within = OpenTransactions("conformance").put_within

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class TestTransactionalEnqueueWithoutAStore(TestTransactionalEnqueueWithAsyncpg):
    @pytest.fixture
    def clock(self) -> None:
        """The server's, for both."""

    @pytest.fixture
    async def store(self, store: PostgresStore) -> WithoutAStore:
        return WithoutAStore(store)


class TestTransactionalEnqueueWithSQLAlchemy(EnqueueContract):
    @pytest.fixture
    async def engine(self, postgres_url: str) -> AsyncIterator[AsyncEngine]:
        engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://", 1))
        yield engine
        await engine.dispose()

    @pytest.fixture(params=["connection", "session"])
    def begin(self, engine: AsyncEngine, request: pytest.FixtureRequest) -> Begin:
        @asynccontextmanager
        async def begin() -> AsyncIterator[AsyncSession]:
            async with AsyncSession(engine) as session, session.begin():
                yield session

        return engine.begin if request.param == "connection" else begin


class SyncDoor:
    """A store whose ``put_within`` is the synchronous one, in a thread as a synchronous application has it."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def put_within(self, connection: Session, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        return await asyncio.to_thread(self._store.put_within_sync, connection, specs)


class TestTransactionalEnqueueWithASynchronousSession(EnqueueContract):
    @pytest.fixture
    def engine(self, postgres_url: str) -> Iterator[Engine]:
        engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://", 1))
        yield engine
        engine.dispose()

    @pytest.fixture
    async def store(self, store: PostgresStore) -> SyncDoor:
        return SyncDoor(store)

    @pytest.fixture
    def begin(self, engine: Engine) -> Begin:
        @asynccontextmanager
        async def begin() -> AsyncIterator[Session]:
            with Session(engine) as session, session.begin():
                yield session

        return begin
