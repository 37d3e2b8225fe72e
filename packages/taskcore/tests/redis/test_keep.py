"""Tasks with a time to live: they vanish by themselves, with all that belongs to them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import CONSTANTS, stored_keys
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId
from taskcore.models import TaskQuery
from taskcore.states import AT_REST, Event, TaskState
from taskcore.testing import eventually
from taskcore.testing.contracts.steps import bring_to, claim_one, present, put_one, run_one
from taskcore.testing.factories import a_claim, a_line, a_task
from taskcore.testing.redis_keys import no_key_is_left

KEEP = timedelta(milliseconds=150)


@pytest.fixture
async def brief(redis_url: str, prefix: str) -> AsyncIterator[RedisStore]:
    """A store whose tasks at rest vanish at once, nearly."""
    async with no_key_is_left(redis_url, prefix), await RedisStore.open(redis_url, prefix=prefix, keep=KEEP) as store:
        yield store


async def vanished(store: RedisStore, task: TaskId) -> None:
    async def is_gone() -> bool:
        return await store.get(task) is None

    await eventually(is_gone)


@pytest.mark.parametrize("state", sorted(AT_REST))
async def test_a_task_at_rest_vanishes_with_all_that_is_its(
    brief: RedisStore, redis_url: str, prefix: str, state: TaskState
) -> None:
    task = await bring_to(brief, state, idempotency_key="k")
    assert state is (await present(brief, task)).state
    if state is TaskState.SUCCEEDED:
        await brief.add_logs([a_line(await present(brief, task))])

    await vanished(brief, task)

    assert [] == list(await brief.find(TaskQuery()))
    assert ([], []) == (list(await brief.attempts(task)), list(await brief.logs()))
    assert (await brief.put([a_task(idempotency_key="k")]))[0].created
    assert [{TaskState.PENDING: 1}] == [queue.by_state for queue in await brief.counts()]
    await brief.delete([each.id for each in await brief.find(TaskQuery())])
    assert [] == [name for name in await stored_keys(redis_url, prefix) if name not in CONSTANTS]


async def test_a_task_that_is_not_at_rest_stays(brief: RedisStore) -> None:
    again = await put_one(brief)
    await run_one(brief, Event.RETRY)
    gone = await put_one(brief, queue="other")
    await brief.cancel([gone])

    await vanished(brief, gone)

    assert TaskState.PENDING is (await present(brief, again)).state
    assert 1 == len(await brief.attempts(again))


async def test_a_task_that_is_replayed_stays(brief: RedisStore, redis_url: str, prefix: str) -> None:
    await put_one(brief, idempotency_key="k")
    await run_one(brief, Event.RETRY)
    done = await run_one(brief, Event.SUCCEED)
    await brief.add_logs([a_line(done)])
    await brief.replay([done.id])

    async with Redis.from_url(redis_url, decode_responses=True) as client:
        names = [f"{{{prefix}}}:{name}" for name in await stored_keys(redis_url, prefix)]
        assert {-1} == {await client.pttl(name) for name in names}
    assert 2 == len(await brief.attempts(done.id))
    assert done.id == (await claim_one(brief)).id


async def test_workers_clean_up_behind_what_has_vanished(brief: RedisStore, redis_url: str, prefix: str) -> None:
    task = await bring_to(brief, TaskState.SUCCEEDED)
    await vanished(brief, task)

    async def is_clean() -> bool:
        await brief.claim(a_claim())
        return [] == [name for name in await stored_keys(redis_url, prefix) if name not in CONSTANTS]

    await eventually(is_clean)


async def test_an_id_that_is_used_again_is_another_task(brief: RedisStore) -> None:
    task = TaskId("7700")
    for state in (TaskState.SUCCEEDED, TaskState.FAILED):
        await bring_to(brief, state, id=task, name=state, queue="default")
        await vanished(brief, task)

    await put_one(brief, id=task)

    async def is_swept() -> bool:
        return [{TaskState.PENDING: 1}] == [queue.by_state for queue in await brief.counts()]

    await eventually(is_swept)
    assert [task] == [record.id for record in await brief.find(TaskQuery())]
    assert task == (await claim_one(brief)).id


async def test_retention_may_come_first(brief: RedisStore) -> None:
    for _ in range(3):
        await bring_to(brief, TaskState.FAILED)
    await asyncio.sleep(0.002)  # or they would not be older than nothing

    assert 3 == await brief.prune(AT_REST, timedelta(0), 10)


@pytest.mark.parametrize("keep", [timedelta(0), timedelta(microseconds=999), timedelta(seconds=-1)])
async def test_a_time_to_live_that_is_none_is_refused(redis_url: str, keep: timedelta) -> None:
    with pytest.raises(InvalidInput, match="keep"):
        await RedisStore.open(redis_url, keep=keep)
