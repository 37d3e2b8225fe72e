"""Stores do what the simplest store does, whatever happens in whatever order; broken ones are found out."""

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from taskcore.adapters.memory import MemoryStore
from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import remove_keys
from taskcore.adapters.sql.store import SQLStore
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import IdScheme
from taskcore.models import TaskQuery
from taskcore.ports import TaskStore
from taskcore.states import TaskState
from taskcore.testing import FakeClock, a_settlement
from taskcore.testing.machines import TaskStoreMachine

from . import broken
from .postgres_tables import empty

QUICK = settings(max_examples=40, stateful_step_count=40, deadline=None)
FEW = settings(QUICK, max_examples=12)
HASTY = settings(max_examples=300, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


class MemoryMachine(TaskStoreMachine):
    async def open(self, clock: FakeClock) -> TaskStore:
        return MemoryStore(clock)


class NumberedMachine(TaskStoreMachine):
    async def open(self, clock: FakeClock) -> TaskStore:
        return MemoryStore(clock, IdScheme.NUMBERED)


@cache
def empty_tables() -> bytes:
    """A new database file, migrated once for all examples."""

    async def migrate(path: Path) -> None:
        await (await SQLiteStore.open(path)).close()

    with TemporaryDirectory() as folder:
        path = Path(folder, "tasks.db")
        asyncio.run(migrate(path))
        return path.read_bytes()


class SQLiteMachine(TaskStoreMachine):
    def __init__(self) -> None:
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name, "tasks.db")
        self.path.write_bytes(empty_tables())
        super().__init__()

    async def open(self, clock: FakeClock) -> TaskStore:
        return await SQLiteStore.open(self.path, clock=clock)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestMemory = MemoryMachine.TestCase
TestNumbered = NumberedMachine.TestCase
TestSQLite = SQLiteMachine.TestCase
TestMemory.settings = TestNumbered.settings = QUICK
TestSQLite.settings = FEW


def test_redis(redis_url: str) -> None:
    class RedisMachine(TaskStoreMachine):
        async def open(self, clock: FakeClock) -> TaskStore:
            self.prefix = f"test_{uuid4().hex}"
            return await RedisStore.open(redis_url, prefix=self.prefix, clock=clock)

        def teardown(self) -> None:
            super().teardown()
            asyncio.run(remove_keys(redis_url, self.prefix))

    run_state_machine_as_test(RedisMachine, settings=FEW)


def test_postgres(postgres_url: str) -> None:
    class PostgresMachine(TaskStoreMachine):
        async def open(self, clock: FakeClock) -> TaskStore:
            store = await PostgresStore.open(postgres_url, prefix="machine", clock=clock)
            await empty(postgres_url, "machine")
            return store

    run_state_machine_as_test(PostgresMachine, settings=FEW)


def test_mysql(mysql_url: str) -> None:
    class MySQLMachine(TaskStoreMachine):
        async def open(self, clock: FakeClock) -> TaskStore:
            """One example after the other in the same tables: making them takes longer than an example."""
            store = await SQLStore.open(mysql_url, prefix="machine", clock=clock)
            while tasks := await store.find(TaskQuery(limit=1000)):
                held = [a_settlement(task) for task in tasks if task.state is TaskState.RUNNING]
                await store.settle(held)
                await store.delete([task.id for task in tasks])
            return store

    run_state_machine_as_test(MySQLMachine, settings=FEW)


@pytest.mark.parametrize(
    "part",
    [
        broken.ClaimForgetsToCount,
        broken.ClaimTakesWhatIsOverdue,
        broken.HandsOutWhatExpired,
        broken.KeysAreIgnored,
        broken.LeaseOutlivesTheAttempt,
        broken.RanksByTime,
        broken.RecoverIgnoresRenewal,
        broken.RenewIsTooStrict,
        broken.ReplayForgetsThePast,
        broken.ReplayResetsTheAttempt,
        broken.StateIsEnough,
        broken.UnfencedRenew,
        broken.WorkerIsEnough,
    ],
    ids=lambda part: part.__name__,
)
def test_the_machine_finds_out_a_broken_store(part: type) -> None:
    class Broken(TaskStoreMachine):
        async def open(self, clock: FakeClock) -> TaskStore:
            return broken.open_with(part, clock)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Broken, settings=HASTY)
