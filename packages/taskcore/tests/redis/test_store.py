"""What a Redis store does beyond the ports: backlogs that do not hold up others, loops, sizes, and quick pickup."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import remove_keys, stored_keys
from taskcore.ids import IdScheme, TaskId
from taskcore.models import LogLine, Order, TaskQuery
from taskcore.states import Event, TaskState
from taskcore.testing import FakeClock
from taskcore.testing.contracts.steps import claim_one, present, put, put_one, run_one
from taskcore.testing.factories import a_claim, a_settlement, a_task


async def test_a_payload_of_many_megabytes_survives(store: RedisStore) -> None:
    text = '"' + "größer " * 2_000_000 + '"'
    task = await put_one(store, payload=text)

    held = await claim_one(store)
    await store.settle([a_settlement(held, result=text)])

    record = await present(store, task)
    assert text == held.payload
    assert text == record.result


@pytest.mark.parametrize(
    "run_at", [datetime.min.replace(tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]
)
async def test_an_instant_long_ago_ranks_and_survives(store: RedisStore, run_at: datetime) -> None:
    later, first = await put(store, a_task(), a_task(run_at=run_at))

    claimed = await store.claim(a_claim())

    assert [first, later] == [record.id for record in claimed]
    assert run_at == claimed[0].run_at


@pytest.mark.parametrize("year", [2286, 2287, 9999])
async def test_an_instant_far_ahead_survives_to_the_microsecond(store: RedisStore, year: int) -> None:
    run_at = datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    task = await put_one(store, run_at=run_at)

    assert run_at == (await present(store, task)).run_at
    assert [] == list(await store.claim(a_claim()))
    assert [TaskState.CANCELLED] == list(await store.cancel([task]))


async def test_a_delay_beyond_all_dates_is_the_last_one(store: RedisStore) -> None:
    task = await put_one(store)

    record = await run_one(store, Event.RETRY, delay=timedelta.max)

    assert 9999 == record.run_at.year
    assert [TaskState.CANCELLED] == list(await store.cancel([task]))


async def test_numbers_go_on_beyond_what_a_double_holds(redis_url: str, prefix: str) -> None:
    chosen = 2**60 + 1
    async with await RedisStore.open(redis_url, prefix=prefix, ids=IdScheme.NUMBERED) as store:
        await put(store, a_task(id=TaskId(str(chosen))))

        assert [str(chosen + 1), str(chosen + 2)] == await put(store, a_task(), a_task())
        listed = await store.find(TaskQuery(order=Order.OLDEST))
        assert [str(chosen + n) for n in range(3)] == [record.id for record in listed]
    await remove_keys(redis_url, prefix)


async def test_tasks_that_wait_for_a_slot_are_met_once(store: RedisStore, redis_url: str, prefix: str) -> None:
    """However many there are: claims that follow do not look at them."""
    blocked = await put(store, *[a_task(concurrency_key="k", priority=1)] * 2500)
    free = await put(store, *[a_task()] * 3)

    first = await store.claim(a_claim("w1", limit=1))
    rest = await store.claim(a_claim("w2", limit=10))

    assert blocked[:1] == [record.id for record in first]
    assert free == [record.id for record in rest]
    assert [] == list(await store.claim(a_claim("w2")))
    assert "ready:default" not in await stored_keys(redis_url, prefix)
    await store.settle([a_settlement(task) for task in first])
    assert blocked[1:2] == [record.id for record in await store.claim(a_claim("w1"))]


async def test_a_slot_goes_to_the_best_that_waits_also_when_better_ones_come(store: RedisStore) -> None:
    low, middle = await put(store, *[a_task(concurrency_key="k", priority=priority) for priority in (1, 2)])
    held = await claim_one(store)
    assert [] == list(await store.claim(a_claim()))
    high = await put_one(store, concurrency_key="k", priority=3)

    order = [held.id]
    for _ in range(2):
        await store.settle([a_settlement(held)])
        held = await claim_one(store)
        order.append(held.id)

    assert [middle, high, low] == order


async def test_a_slot_is_offered_in_every_queue_that_waits_for_it(store: RedisStore) -> None:
    """Or it would be kept for a queue that nobody serves."""
    await put_one(store, concurrency_key="k")
    await put_one(store, concurrency_key="k", queue="abandoned", priority=9)
    mine = await put_one(store, concurrency_key="k", queue="mine")
    held = await claim_one(store)
    assert [] == list(await store.claim(a_claim("w1", "abandoned", "mine")))

    await store.settle([a_settlement(held)])

    assert [mine] == [record.id for record in await store.claim(a_claim("w1", "mine"))]


async def test_a_slot_is_offered_on_when_its_task_goes_away(store: RedisStore) -> None:
    await put_one(store, concurrency_key="k")
    better, worse = await put(store, *[a_task(concurrency_key="k", priority=priority) for priority in (-1, -2)])
    held = await claim_one(store)
    assert [] == list(await store.claim(a_claim()))
    await store.settle([a_settlement(held)])

    await store.cancel([better])

    assert worse == (await claim_one(store)).id


async def test_a_slot_is_offered_on_when_its_task_is_past_its_expiry(
    redis_url: str, prefix: str, clock: FakeClock
) -> None:
    async with await RedisStore.open(redis_url, prefix=prefix, clock=clock) as store:
        expires_at = clock.now() + timedelta(seconds=5)
        first, _, last = await put(
            store, *[a_task(concurrency_key="k", expires_at=at) for at in (None, expires_at, None)]
        )
        held = await claim_one(store)
        assert (first, []) == (held.id, list(await store.claim(a_claim())))
        await store.settle([a_settlement(held)])
        clock.advance(6)

        assert [] == list(await store.claim(a_claim()))
        await asyncio.wait_for(store.wait_for_work(["default"], 60), 30)
        assert last == (await claim_one(store)).id
    await remove_keys(redis_url, prefix)


async def test_many_due_tasks_are_ranked_before_any_is_handed_out(
    redis_url: str, prefix: str, clock: FakeClock
) -> None:
    async with await RedisStore.open(redis_url, prefix=prefix, clock=clock) as store:
        instants = [clock.now() + timedelta(milliseconds=n) for n in range(1, 10_502)]
        await put(store, *[a_task(run_at=run_at) for run_at in instants[:-1]])
        urgent = await put_one(store, run_at=instants[-1], priority=1)
        clock.advance(60)

        assert urgent == (await claim_one(store)).id
    await remove_keys(redis_url, prefix)


async def test_one_object_serves_several_event_loops(store: RedisStore) -> None:
    loops = [asyncio.new_event_loop() for _ in range(3)]
    threads = [Thread(target=loop.run_forever) for loop in loops]
    for thread in threads:
        thread.start()
    puts = [asyncio.run_coroutine_threadsafe(put_one(store), loop) for loop in loops * 5]

    tasks = await asyncio.gather(*map(asyncio.wrap_future, puts))

    assert set(tasks) == {record.id for record in await store.claim(a_claim(limit=20))}
    await store.close()
    for loop, thread in zip(loops, threads, strict=True):
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def test_lines_of_one_handler_are_found_among_many(store: RedisStore) -> None:
    tasks = await put(store, *[a_task("often")] * 50, a_task("rare"))
    lines = [LogLine(task=task, attempt=0, at=datetime.now(UTC), level="info", message=task) for task in tasks]
    await store.add_logs([lines[-1], *lines[:-1]])

    assert [lines[-1]] == list(await store.logs(name="rare", limit=5))
    assert lines[45:50] == list(await store.logs(limit=5))


async def test_pages_go_through_many_queues_and_states(store: RedisStore) -> None:
    tasks = await put(store, *[a_task(queue=f"q{n % 7}") for n in range(200)])
    await store.cancel(tasks[::3])
    await store.claim(a_claim("w1", *[f"q{n}" for n in range(7)], limit=30))

    for order, expected in ((Order.OLDEST, tasks), (Order.NEWEST, tasks[::-1])):
        seen: list[TaskId] = []
        while page := await store.find(TaskQuery(order=order, after=seen[-1] if seen else None, limit=9)):
            seen += [record.id for record in page]
        assert expected == seen


async def test_an_idle_worker_is_told_within_milliseconds(store: RedisStore, redis_url: str, prefix: str) -> None:
    """The bar is 10 ms at the 95th percentile on a quiet machine; a busy one, which may hold up some for as long as it
    likes, gets five times as much for half of them."""
    waits = []
    async with await RedisStore.open(redis_url, prefix=prefix) as producer:
        for _ in range(40):
            waiting = asyncio.create_task(store.wait_for_work(["default"], 60))
            await asyncio.sleep(0.01)  # let it begin to wait
            begun = time.perf_counter()
            await put_one(producer)
            await waiting
            held = await claim_one(store)
            waits.append(time.perf_counter() - begun)
            await store.settle([a_settlement(held)])

    assert statistics.median(waits) < 0.05


async def test_a_delayed_task_wakes_who_waits_when_it_is_due(store: RedisStore) -> None:
    await put_one(store, run_at=await store.now() + timedelta(milliseconds=80))

    await asyncio.wait_for(store.wait_for_work(["default"], 60), 30)

    assert 1 == len(await store.claim(a_claim()))
