"""What pages ask of a Redis store: searches in short steps, phases, counts over time, and whether it has changed."""

import asyncio
import json
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import stored_keys
from taskcore.adapters.redis.session import Session
from taskcore.errors import SchemaMismatch
from taskcore.ids import ScheduleId
from taskcore.models import MINUTE, Order, Part, TaskQuery
from taskcore.states import Event, Phase, phase
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, eventually, seconds
from taskcore.testing.clock import NOON
from taskcore.testing.contracts.presence import a_worker
from taskcore.testing.contracts.statistics import YEARS, a_count
from taskcore.testing.contracts.steps import claim_one, present, put, put_one, run_one
from taskcore.testing.redis_keys import no_key_is_left

from .conftest import Server

RETRYING = frozenset({Phase.RETRYING})


async def as_an_earlier_release_left_it(client: Redis, prefix: str) -> None:
    await client.set(f"{{{prefix}}}:layout", "1 time_sorted")
    for key in await client.keys(f"{{{prefix}}}:retrying:*"):
        await client.delete(key)


async def test_keys_of_the_layout_before_are_upgraded_by_whoever_comes_first(redis_url: str, prefix: str) -> None:
    async with (
        no_key_is_left(redis_url, prefix),
        Redis.from_url(redis_url, decode_responses=True) as client,
        await RedisStore.open(redis_url, prefix=prefix) as store,
    ):
        await run_one(store, Event.RETRY, delay=seconds(60)) if await put_one(store) else None
        await put(store, *[a_task(queue="q", run_at=NOON + YEARS)] * 2)
        await as_an_earlier_release_left_it(client, prefix)
        with pytest.raises(SchemaMismatch, match="layout '1 time_sorted'"):
            await store.counts()

        stores = await asyncio.gather(*[RedisStore.open(redis_url, prefix=prefix) for _ in range(5)])

        assert [{Phase.RETRYING: 1}, {Phase.SCHEDULED: 2}] == [each.by_phase for each in await store.counts()]
        assert 1 == len(await store.find(TaskQuery(phases=RETRYING)))
        for each in stores:
            await each.close()


async def test_a_task_that_was_put_before_there_were_traces_has_none(
    store: RedisStore, redis_url: str, prefix: str
) -> None:
    task = await put_one(store, meta="m")
    async with Redis.from_url(redis_url) as client:
        await client.hset(f"{{{prefix}}}:task:{task}", "extra", json.dumps([None, None, None, "m"]))

    record = await present(store, task)

    assert ("m", None) == (record.meta, record.trace)


@pytest.mark.parametrize("seed", range(5))
async def test_phases_add_up_whatever_happens_to_tasks(redis_url: str, prefix: str, seed: int) -> None:
    chance, clock = random.Random(seed), FakeClock()
    async with (
        no_key_is_left(redis_url, prefix, clock=clock),
        await RedisStore.open(redis_url, prefix=prefix, clock=clock) as store,
    ):
        for _ in range(60):
            await step(store, clock, chance)

            tasks = await store.find(TaskQuery(limit=1000))
            expected = Counter(
                (task.queue, phase(task.state, task.attempt, task.run_at, clock.now())) for task in tasks
            )
            counted = {(each.queue, p): n for each in await store.counts() for p, n in each.by_phase.items()}
            assert expected == counted
            retrying = await store.find(TaskQuery(phases=RETRYING, limit=1000))
            assert expected.total() - len(retrying) == sum(n for (_, p), n in counted.items() if p not in RETRYING)


async def step(store: RedisStore, clock: FakeClock, chance: random.Random) -> None:
    """Anything that may happen to a task, to a few of them."""
    tasks = [task.id for task in await store.find(TaskQuery(limit=1000))]
    some = chance.sample(tasks, min(len(tasks), 3))
    match chance.randrange(9):
        case 0 | 1:
            later = clock.now() + seconds(chance.choice([-5, 5]))
            fields: list[dict[str, Any]] = [{}, {"run_at": later}, {"concurrency_key": "k"}, {"expires_at": later}]
            await put(store, *[a_task(queue=chance.choice("ab"), **each) for each in fields])
        case 2 | 3 | 4:
            events = [Event.RETRY, Event.RELEASE, Event.LOSE, Event.SUCCEED, Event.FAIL, Event.CANCEL]
            held = await store.claim(a_claim("w1", "a", "b", limit=5))
            ends = [
                a_settlement(task, chance.choice(events), delay=seconds(chance.choice([0, 5]))) for task in held[1:]
            ]
            await store.exchange(ends, a_claim("w1", "a", "b", limit=1))
        case 5:
            await store.cancel(some)
        case 6:
            await store.replay(some)
            await store.delete(some[:1])
        case 7:
            for task in some:
                await store.take(task, a_worker().id, seconds(9))
        case _:
            clock.advance(4)
            await store.expire(2)


async def test_a_search_looks_at_five_hundred_tasks_in_a_step(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it does, the server answers nobody else."""
    first = await put_one(store, payload='"needle"')
    await put(store, *[a_task(queue=queue) for queue in "abc" for _ in range(1500)])
    steps: list[int] = []
    run = Session.run

    async def recorded(session: Session, name: str, *args: Any, **options: Any) -> Any:
        steps.append(len(args))
        return await run(session, name, *args, **options)

    monkeypatch.setattr(Session, "run", recorded)

    (found,) = await store.find(TaskQuery(contains={Part.PAYLOAD: "NEEDLE"}))

    assert first == found.id
    assert max(steps) < 510
    assert len(steps) < 25


async def test_a_step_reads_a_million_characters_and_no_more_than_a_task_beside(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, *[a_task(payload='"' + "x" * 600_000 + '"')] * 5)
    read: list[int] = []
    run = Session.run

    async def recorded(session: Session, name: str, *args: Any, **options: Any) -> Any:
        answer = await run(session, name, *args, **options)
        if name == "search":
            read.append(answer[0])
        return answer

    monkeypatch.setattr(Session, "run", recorded)

    assert [] == list(await store.find(TaskQuery(contains={Part.PAYLOAD: "nowhere"})))
    assert 5 == len(await store.find(TaskQuery(order=Order.OLDEST)))
    assert 2 == max(read)
    assert 10 == sum(read)


async def test_many_retrying_tasks_are_found_among_those_that_wait(store: RedisStore) -> None:
    """Up to two thousand are listed at once, more are walked over."""
    await put(store, *[a_task()] * 2100)
    held = await store.claim(a_claim(limit=2100))
    await store.settle([a_settlement(task, Event.RETRY, delay=seconds(60)) for task in held])
    await put(store, *[a_task()] * 10)

    seen: list[str] = []
    while page := await store.find(
        TaskQuery(phases=RETRYING, order=Order.OLDEST, limit=400, after=seen[-1] if seen else None)  # type: ignore[arg-type]
    ):
        seen += [task.id for task in page]

    assert sorted(task.id for task in held) == seen


async def test_counts_of_many_spans_are_read_in_steps_and_pruned_in_steps(redis_url: str, prefix: str) -> None:
    clock = FakeClock()
    async with (
        no_key_is_left(redis_url, prefix, clock=clock),
        await RedisStore.open(redis_url, prefix=prefix, clock=clock) as store,
    ):
        counts = [a_count(at=NOON - n * MINUTE, what=what) for n in range(1, 1301) for what in ("failed", "succeeded")]
        await store.add_counts(counts)

        found = await store.timed_counts(MINUTE, NOON - YEARS, NOON)
        assert sorted(counts, key=lambda each: (each.at, each.what)) == found

        clock.advance(1)
        assert 2600 == await store.prune_counts(MINUTE, timedelta(0))
        assert [] == [name for name in await stored_keys(redis_url, prefix) if name.startswith("count")]


async def test_what_vanishes_by_itself_changes_the_revision(server: Server) -> None:
    async with await RedisStore.open(server.url, keep=timedelta(milliseconds=50)) as store:
        task = await put_one(store)
        await run_one(store, Event.SUCCEED)
        before = await store.revision()

        async def is_gone() -> bool:
            return not server.client.exists(f"{{taskcore}}:task:{task}")

        await eventually(is_gone)
        assert before != await store.revision()


async def test_a_save_in_between_hides_no_change(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        seen = {await store.revision()}
        for _ in range(3):
            await put_one(store)
            server.client.save()
            seen.add(await store.revision())

    assert len(seen) >= 2


async def test_a_worker_that_finds_nothing_changes_no_revision(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        await put_one(store, run_at=NOON + YEARS)
        await store.pause("paused")
        await put_one(store, queue="paused")
        held = a_claim("w1", "default", "paused")
        before = await store.revision()

        for _ in range(3):
            assert [] == list(await store.claim(held))
            await store.wait_for_work(held.queues, 0.01)
            await store.cancellations(held.worker)
            await store.overdue(10)
            await store.expire(10)

        assert before == await store.revision()
        await claim_one(store) if await put_one(store) else None
        assert before != await store.revision()


async def test_tasks_of_a_schedule_are_told_from_those_that_merely_name_it(store: RedisStore) -> None:
    name = 'größe "\\7'
    await put(store, *[a_task(meta=json.dumps(name, ensure_ascii=False))] * 3, a_task(schedule=ScheduleId("größe")))
    task = await put_one(store, schedule=ScheduleId(name))

    for limit in (1, 50):
        found = await store.find(TaskQuery(schedule=ScheduleId(name), order=Order.OLDEST, limit=limit))
        assert [task] == [record.id for record in found]


async def test_any_number_of_queues_may_be_asked_for(store: RedisStore) -> None:
    task = await put_one(store, queue="q7")

    assert [task] == [each.id for each in await store.find(TaskQuery(queues=frozenset(f"q{n}" for n in range(20_000))))]
