"""What a step writes: no index entry that it can do without, one notification at the most, and nothing half."""

import asyncio
import random
from typing import Any

import pytest
from taskcore.adapters.postgres import PostgresStore, wakeup, work
from taskcore.adapters.postgres.database import Runner
from taskcore.ids import WorkerId
from taskcore.models import Claim, TaskRecord
from taskcore.states import Event
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, seconds

UPDATES = """
SELECT pg_stat_get_xact_tuples_updated('{p}_%s'::regclass), pg_stat_get_xact_tuples_hot_updated('{p}_%s'::regclass)"""


async def counted(runner: Runner, table: str) -> tuple[int, int]:
    """Updates of a table in this transaction, and how many of them were without index entries."""
    ((updates, hot),) = await runner.fetch(UPDATES.replace("%s", table))
    return updates, hot


async def held(store: PostgresStore, count: int) -> list[TaskRecord]:
    await store.put([a_task() for _ in range(count)])
    return list(await store.claim(a_claim(limit=count)))


async def test_renewing_a_lease_touches_no_index(store: PostgresStore, clock: FakeClock) -> None:
    running = await held(store, 40)
    clock.advance(10)

    async def renew(transaction: Runner) -> tuple[int, int]:
        await work.renew(transaction, [task.fence for task in running], seconds(30))
        return await counted(transaction, "leases")

    assert (40, 40) == await store._database.together(renew)


async def test_a_success_touches_no_index(store: PostgresStore) -> None:
    running = await held(store, 5)  # on one page, half of which is kept free for the versions to come

    async def settle(transaction: Runner) -> tuple[int, int]:
        await work._settle(transaction, [a_settlement(task, result="1") for task in running])
        return await counted(transaction, "tasks")

    assert (5, 5) == await store._database.together(settle)


async def test_a_burst_of_tasks_is_told_of_a_few_times(
    store: PostgresStore, prefix: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "PAUSE", 30.0)  # a burst, however long it takes
    heard: list[str] = []
    await connection.add_listener(f"{prefix}_work", lambda *told: heard.append(told[-1]))

    for _ in range(40):
        await store.put([a_task(queue="a"), a_task(queue="b")] * 50)
    await store.close()  # what was held back is told now
    await connection.fetch("SELECT 1")

    assert 2 == len(heard)  # its beginning and the rest
    assert {'["a", "b"]'} == set(heard)


async def test_whatever_happens_at_once_running_tasks_and_leases_agree(
    store: PostgresStore, postgres_url: str, prefix: str, clock: FakeClock, connection: Any
) -> None:
    stores = [await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) for _ in range(3)]
    receipts = await store.put([a_task(queue=queue, concurrency_key=key) for queue in "ab" for key in (None, "k")] * 50)
    tasks = [receipt.task for receipt in receipts]
    await store.limit("b", 5)

    await asyncio.gather(*[_disturb(handle, tasks, random.Random(seed)) for seed, handle in enumerate(stores)])

    mismatches = f"""
        SELECT t.id, t.state, t.ready, l.worker FROM {prefix}_tasks t FULL JOIN {prefix}_leases l ON l.task = t.id
        WHERE (t.state = 'running') <> (l.task IS NOT NULL) OR (t.state = 'pending') <> (t.ready IS NOT NULL)
            OR t.id IS NULL OR (l.task IS NOT NULL AND (l.worker, l.attempt) <> (t.worker, t.attempt))"""
    assert [] == await connection.fetch(mismatches)
    for handle in stores:
        await handle.close()


async def _disturb(store: PostgresStore, tasks: list[Any], rng: random.Random) -> None:
    """Claim, end, cancel, replay, renew and recover at random."""
    worker, running = WorkerId(f"w{rng.random()}"), list[TaskRecord]()
    for _ in range(60):
        some = rng.sample(tasks, 20)
        match rng.randrange(6):
            case 0:
                await store.cancel(some)
            case 1:
                await store.replay(some)
            case 2:
                await store.renew([task.fence for task in running], seconds(rng.choice([-1, 30])))
            case 3:
                lost = await store.overdue(10)
                await store.recover([a_settlement(task, Event.LOSE) for task in lost])
            case _:
                ends, running = running, []
                events = [Event.SUCCEED, Event.RETRY, Event.FAIL]
                settlements = [a_settlement(task, rng.choice(events)) for task in ends]
                wanted = Claim(worker=worker, queues=("a", "b"), limit=15, lease_for=seconds(rng.choice([-1, 30])))
                answers, running = await store.exchange(settlements, wanted)  # type: ignore[assignment]
                assert len(ends) == len(answers)


@pytest.mark.parametrize("many", [1, 7])
async def test_two_settlements_of_one_attempt_count_once(store: PostgresStore, many: int) -> None:
    running = await held(store, many)
    ends = [a_settlement(task, event) for task in running for event in (Event.SUCCEED, Event.FAIL)]

    assert [True, False] * many == list(await store.settle(ends))
