"""Processes that work on the same rows at the same time: nobody waits for somebody who waits for him.

PostgreSQL ends such a wait after a second, and the store tries again. Here it does not, so that each one is seen.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from taskcore.adapters.postgres import PostgresStore, database
from taskcore.models import TaskRecord, TaskSpec
from taskcore.states import Event, TaskState
from taskcore.testing import FakeClock, a_claim, a_report, a_settlement, a_task, seconds

QUEUES = ("first", "second", "third")


@pytest.fixture(autouse=True)
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_TRIES", 1)


@pytest.mark.parametrize("events", [(Event.SUCCEED,), (Event.RETRY,), (Event.SUCCEED, Event.RETRY)], ids=" ".join)
async def test_leases_are_renewed_while_they_end_in_another_order(
    events: tuple[Event, ...], store: PostgresStore
) -> None:
    await store.put([a_task() for _ in range(2000)])
    running = list(await store.claim(a_claim(limit=2000)))
    rng = random.Random(1)
    ends = [a_settlement(task, rng.choice(events)) for task in rng.sample(running, len(running))]

    async def settle() -> None:
        for first in range(0, len(ends), 250):
            assert all(await store.settle(ends[first : first + 250]))

    settling = asyncio.create_task(settle())
    while not settling.done():
        await store.renew([task.fence for task in running], seconds(30))
    await settling


async def test_the_same_keys_are_put_in_any_order(store: PostgresStore) -> None:
    async def put(seed: int) -> int:
        created = 0
        for batch in range(3):
            keys = [f"{batch}-{number}" for number in range(100)]
            random.Random(seed).shuffle(keys)
            created += sum(receipt.created for receipt in await store.put([a_task(idempotency_key=k) for k in keys]))
        return created

    assert 300 == sum(await asyncio.gather(*[put(seed) for seed in range(8)]))


def in_limited_queues(rng: random.Random) -> TaskSpec:
    return a_task(queue=rng.choice(QUEUES), priority=rng.randint(0, 100))


def with_keys(rng: random.Random) -> TaskSpec:
    key = f"key {rng.randint(0, 30)}"
    return a_task(queue="free", concurrency_key=key, concurrency_limit=3, priority=rng.randint(0, 100))


def with_both(rng: random.Random) -> TaskSpec:
    key = f"key {rng.randint(0, 30)}"
    return a_task(queue="first", concurrency_key=key, concurrency_limit=3, priority=rng.randint(0, 100))


@pytest.mark.parametrize("order", [in_limited_queues, with_keys, with_both])
async def test_many_workers_share_slots(
    order: Callable[[random.Random], TaskSpec], store: PostgresStore, postgres_url: str, prefix: str, clock: FakeClock
) -> None:
    rng = random.Random(1)
    for queue in QUEUES:
        await store.limit(queue, 40)
    await store.put([order(rng) for _ in range(600)])
    most: dict[str, int] = {}

    async def work(by: PostgresStore, name: str) -> int:
        held: list[TaskRecord] = []
        done = empty = 0
        while empty < 20:
            ends = [a_settlement(task) for task in held]
            _, claimed = await by.exchange(ends, a_claim(name, *QUEUES, "free", limit=20))
            done, held = done + len(ends), list(claimed)
            empty = 0 if held else empty + 1
        return done

    async def watch() -> None:
        while True:
            rows = await store._database.fetch(
                "SELECT coalesce(concurrency_key, queue), count(*) FROM {p}_leases GROUP BY 1"
            )
            for what, count in rows:
                most[what] = max(count, most.get(what, 0))

    watching = asyncio.create_task(watch())
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as another:
        done = await asyncio.gather(*[work((store, another)[n % 2], f"worker {n}") for n in range(6)])
    watching.cancel()
    await asyncio.wait([watching])

    assert 600 == sum(done)
    assert {TaskState.SUCCEEDED} == {state for queue in await store.counts() for state in queue.by_state}
    assert [] == list(await store._database.fetch("SELECT task FROM {p}_leases"))
    assert [] == [what for what, count in most.items() if count > (40 if what in QUEUES else 3)]


async def test_a_deleted_task_leaves_nothing_of_what_happened_while_it_was_deleted(
    store: PostgresStore, prefix: str, connection: Any
) -> None:
    first, second = [receipt.task for receipt in await store.put([a_task(), a_task()])]
    async with connection.transaction():
        await connection.execute(f"SELECT FROM {prefix}_tasks WHERE id = '{first}' FOR UPDATE")
        deleting = asyncio.create_task(store.delete([first, second]))
        await asyncio.sleep(0.1)  # let it wait for the first one; too short a pause makes the test easier, never wrong
        (running,) = await store.claim(a_claim(limit=1))
        await store.report([a_report(running, "line")])
        await store.settle([a_settlement(running, Event.RETRY)])

    assert (second, 2) == (running.id, await deleting)
    assert [] == list(await store.logs(second)) + list(await store.attempts(second))


async def test_a_settlement_that_is_named_twice_takes_effect_once(store: PostgresStore) -> None:
    await store.put([a_task()])
    (running,) = await store.claim(a_claim())
    end = a_settlement(running)

    assert [True, False] == list(await store.settle([end, end]))


async def test_an_exchange_hands_out_what_its_own_settlements_set_free(store: PostgresStore) -> None:
    await store.put([a_task(concurrency_key="printer"), a_task(concurrency_key="printer")])
    (first,) = await store.claim(a_claim(limit=10))

    _, (second,) = await store.exchange([a_settlement(first)], a_claim(limit=10))

    assert first.id < second.id
