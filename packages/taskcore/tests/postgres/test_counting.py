"""Numbers of tasks are added up from changes: they are what counting the tasks themselves would say, always."""

import asyncio
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from taskcore.adapters.postgres import PostgresStore, counting
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId, WorkerId
from taskcore.models import TaskQuery
from taskcore.states import AT_REST, Event
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, seconds

Numbers = Mapping[tuple[str, str], int]


async def told(store: PostgresStore) -> Numbers:
    return {(each.queue, state): number for each in await store.counts() for state, number in each.by_state.items()}


async def counted(connection: Any, prefix: str) -> Numbers:
    rows = await connection.fetch(f"SELECT queue, state, count(*) FROM {prefix}_tasks GROUP BY 1, 2")
    return {(queue, state): number for queue, state, number in rows}


async def test_numbers_are_right_after_everything_that_happened_at_once(
    store: PostgresStore, prefix: str, clock: FakeClock, connection: Any
) -> None:
    async def live(seed: int) -> None:
        rng = random.Random(seed)
        ends = [Event.SUCCEED, Event.FAIL, Event.RETRY, Event.RELEASE, Event.CANCEL, Event.INTERRUPT]
        for _ in range(10):
            queue = rng.choice("ab")
            soon = clock.now() + seconds(rng.choice([-1, 0, 60]))
            put = [a_task(queue=queue, expires_at=rng.choice([None, None, soon])) for _ in range(12)]
            keyed = [a_task(queue=queue, idempotency_key=f"key {rng.randrange(20)}", run_at=soon) for _ in range(4)]
            receipts = [*await store.put(put), *await store.put([a_task(queue=queue)]), *await store.put(keyed)]
            some = [receipt.task for receipt in rng.sample(receipts, 6)]
            running = await store.claim(a_claim(f"w{seed}", queue, limit=6))
            await store.settle([a_settlement(task, rng.choice(ends)) for task in running[:3]])
            wish = a_claim(f"w{seed}", "a", "b", limit=4)
            _, more = await store.exchange([a_settlement(task) for task in running[3:5]], wish)
            if taken := await store.take(some[0], WorkerId("w"), seconds(-1)):
                await store.recover([a_settlement(taken, rng.choice([Event.LOSE, Event.FAIL]))])
            await store.cancel(some[1:3])
            await store.expire(5)
            await store.replay([task.id for task in (*running, *more)])
            await store.delete(some[3:5])
            await store.prune(frozenset(AT_REST), timedelta(), 1)
            await counting.sum_up(store._database)

    await asyncio.gather(*map(live, range(6)))

    assert await counted(connection, prefix) == await told(store)


async def test_a_transaction_that_is_rolled_back_counts_for_nothing(store: PostgresStore, connection: Any) -> None:
    await store.put([a_task()])
    transaction = connection.transaction()
    await transaction.start()
    await store.put_within(connection, [a_task() for _ in range(3)])
    await transaction.rollback()
    with pytest.raises(InvalidInput):
        await store.put([a_task(id=TaskId("taken")), a_task(id=TaskId("taken"))])

    assert {("default", "pending"): 1} == await told(store)


async def test_summing_up_keeps_one_row_a_number_and_waits_for_nobody(
    store: PostgresStore, prefix: str, connection: Any
) -> None:
    for number in range(20):
        await store.put([a_task(queue=f"q{number % 2}")])
    async with connection.transaction():
        await store.put_within(connection, [a_task(queue="q0")])  # seen once it is committed
        await counting.sum_up(store._database)

        assert {("q0", "pending"): 10, ("q1", "pending"): 10} == await told(store)
    assert {("q0", "pending"): 11, ("q1", "pending"): 10} == await told(store)
    assert 3 == await connection.fetchval(f"SELECT count(*) FROM {prefix}_counts")


async def test_who_puts_and_works_sums_up_by_itself(
    store: PostgresStore, prefix: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "SHARE", 1.0)
    for _ in range(5):
        await store.put([a_task()])
        running = await store.claim(a_claim(limit=1))
        await store.exchange([a_settlement(task) for task in running], a_claim(limit=0))

    assert 1 == await connection.fetchval(f"SELECT count(*) FROM {prefix}_counts")


async def test_a_queue_without_tasks_is_none(store: PostgresStore) -> None:
    receipts = await store.put([a_task() for _ in range(2)])
    await store.delete([receipt.task for receipt in receipts])

    assert [] == list(await store.counts())


async def test_the_longest_waiting_is_found_in_any_priority_and_among_those_that_are_due_again(
    store: PostgresStore, clock: FakeClock
) -> None:
    begun = clock.now()
    await store.put([a_task(priority=1, expires_at=begun + seconds(1)), a_task("later", run_at=begun + seconds(5))])
    clock.advance(seconds(2))
    await store.put([a_task(priority=priority) for priority in (5, 0, 3)])
    clock.advance(seconds(10))

    (before,) = await store.counts()
    await store.claim(a_claim(limit=4))
    (after,) = await store.counts()

    assert (begun + seconds(2), None) == (before.oldest_due, after.oldest_due)


async def test_numbers_are_set_right_after_tasks_were_written_with_sql(
    store: PostgresStore, prefix: str, connection: Any
) -> None:
    receipts = await store.put([a_task(queue=queue) for queue in "aab"])
    await store.claim(a_claim("w1", "a", limit=1))
    await connection.execute(f"DELETE FROM {prefix}_tasks WHERE id = $1", receipts[-1].task)
    await connection.execute(
        f"UPDATE {prefix}_tasks SET state = 'failed', rare = 'failed', ready = NULL WHERE ready = 1"
    )

    await connection.execute(counting.RECOUNT.replace("{p}", prefix))

    assert {("a", "running"): 1, ("a", "failed"): 1} == await told(store)


async def test_a_database_of_the_release_before_is_counted_once(
    postgres_url: str, prefix: str, clock: FakeClock, connection: "asyncpg.Connection"
) -> None:
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as store:
        await store.put([a_task(queue=queue) for queue in "abb"])
        before = await store.counts()
    await connection.execute(f"DROP TABLE {prefix}_counts; UPDATE {prefix}_alembic_version SET version_num = '0002'")

    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as store:
        assert before == await store.counts()
        assert 3 == len(await store.find(TaskQuery()))
