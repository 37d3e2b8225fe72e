"""A store on a Redis server keeps every promise of the ports; ``another`` has connections of its own.

No test leaves a key behind: what it stored is removed through the ports, and what is still there then has leaked.
"""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import remove_keys, stored_keys
from taskcore.ids import IdScheme
from taskcore.models import TaskSpec
from taskcore.testing import FakeClock
from taskcore.testing.contracts.abilities import WakeupContract
from taskcore.testing.contracts.archive import TaskArchiveContract
from taskcore.testing.contracts.changes import ChangesContract
from taskcore.testing.contracts.controls import QueueControlsContract
from taskcore.testing.contracts.leadership import LeaderStoreContract
from taskcore.testing.contracts.notes import NotesContract
from taskcore.testing.contracts.presence import WorkerRegistryContract
from taskcore.testing.contracts.rearranging import RearrangingContract
from taskcore.testing.contracts.schedules import ScheduleStoreContract
from taskcore.testing.contracts.statistics import StatisticsStoreContract
from taskcore.testing.contracts.tasks import NumberedIdsContract, TaskStoreContract, TimeSortedIdsContract
from taskcore.testing.redis_keys import no_key_is_left


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ids() -> IdScheme:
    return IdScheme.TIME_SORTED


@pytest.fixture
def prefix() -> str:
    return f"test_{uuid4().hex}"


@pytest.fixture
async def store(redis_url: str, prefix: str, clock: FakeClock, ids: IdScheme) -> AsyncIterator[RedisStore]:
    async with (
        no_key_is_left(redis_url, prefix, clock=clock, ids=ids),
        await RedisStore.open(redis_url, prefix=prefix, clock=clock, ids=ids) as store,
    ):
        yield store


@pytest.fixture
async def another(
    store: RedisStore, redis_url: str, prefix: str, clock: FakeClock, ids: IdScheme
) -> AsyncIterator[RedisStore]:
    async with await RedisStore.open(redis_url, prefix=prefix, clock=clock, ids=ids) as another:
        yield another


async def test_a_call_that_is_cancelled_never_loses_that(store: RedisStore) -> None:
    async def ask_for_ever() -> None:
        while True:
            await store.now()

    await store.now()
    for steps in range(40):  # a call takes some ten turns of the loop; one of them might not care
        asking = asyncio.create_task(ask_for_ever())
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        done, _ = await asyncio.wait([asking], timeout=5)
        assert {asking} == done, f"cancelled after {steps} turns"


async def test_what_stands_before_the_braces_begins_every_key(redis_url: str, prefix: str) -> None:
    async with await RedisStore.open(redis_url, prefix="inner", within=f"{prefix}:") as store:
        await store.put([TaskSpec(name="t")])
        assert {"layout", "queues"} < set(await stored_keys(redis_url, "inner", f"{prefix}:"))
        assert [] == await stored_keys(redis_url, prefix)
    await remove_keys(redis_url, "inner", f"{prefix}:")


async def test_a_loop_that_left_may_come_back(store: RedisStore) -> None:
    await store.now()
    await store.leave()
    await store.leave()

    assert [] == await store.counts()


class TestArchive(TaskArchiveContract):
    @pytest.fixture
    def ids(self) -> IdScheme:
        return IdScheme.NUMBERED

    @pytest.fixture
    async def elsewhere(self, redis_url: str, clock: FakeClock) -> AsyncIterator[RedisStore]:
        prefix = f"test_{uuid4().hex}"
        async with (
            no_key_is_left(redis_url, prefix, clock=clock, ids=IdScheme.NUMBERED),
            await RedisStore.open(redis_url, prefix=prefix, clock=clock, ids=IdScheme.NUMBERED) as elsewhere,
        ):
            yield elsewhere


class TestTasks(TaskStoreContract):
    @pytest.fixture(params=list(IdScheme), ids=lambda scheme: scheme.name.lower())
    def ids(self, request: pytest.FixtureRequest) -> IdScheme:
        return IdScheme(request.param)


class TestTimeSortedIds(TimeSortedIdsContract):
    pass


class TestNumberedIds(NumberedIdsContract):
    @pytest.fixture
    def ids(self) -> IdScheme:
        return IdScheme.NUMBERED


class TestQueueControls(QueueControlsContract):
    pass


class TestSchedules(ScheduleStoreContract):
    pass


class TestLeadership(LeaderStoreContract):
    pass


class TestRearranging(RearrangingContract):
    pass


class TestStatistics(StatisticsStoreContract):
    pass


class TestNotes(NotesContract):
    pass


class TestPresence(WorkerRegistryContract):
    pass


class TestChanges(ChangesContract):
    pass


class TestWakeup(WakeupContract):
    pass
