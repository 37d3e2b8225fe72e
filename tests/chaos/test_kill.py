"""Promises 1 to 3 under ``kill -9``: nothing is lost, recovery is quick, and a stale worker changes nothing."""

import asyncio
import json
import os
import random
import signal
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.models import TaskQuery, TaskRecord, TaskSpec
from taskcore.states import AT_REST, Event, TaskState
from taskcore.testing import eventually

from .fleet import LEASE, SWEEP, Fleet

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "50"))
SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)


async def settled(store: SQLiteStore, count: int) -> bool:
    return count == sum(
        amount for queue in await store.counts() for state, amount in queue.by_state.items() if state in AT_REST
    )


async def every_task(store: SQLiteStore) -> list[TaskRecord]:
    return list(await store.find(TaskQuery(limit=1_000_000)))


def closed_by_the_holder(record: TaskRecord) -> bool:
    """The stored result tells of the attempt and the worker that the row names."""
    return record.result is not None and json.loads(record.result) == [record.attempt, record.worker]


@pytest.mark.timeout(240)
async def test_workers_killed_at_random_lose_no_task_and_close_no_attempt_of_others(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # CHAOS_SEED repeats a run that failed.
    rng = random.Random(SEED)
    store = await SQLiteStore.open(tmp_path / "chaos.db")
    fleet = Fleet(tmp_path / "chaos.db", 3, rng)
    put: set[str] = set()

    for _ in range(ROUNDS):
        specs = [TaskSpec(name=rng.choice(["thread", "async"])) for _ in range(40)]
        put.update(receipt.task for receipt in await store.put(specs))
        await asyncio.sleep(rng.uniform(0.05, 0.4))  # The point in time at which the kill hits is what varies.
        fleet.kill()
    await eventually(lambda: settled(store, len(put)), within=60)
    codes = fleet.stop()

    records = await every_task(store)
    assert put == {record.id for record in records}
    assert {TaskState.SUCCEEDED} == {record.state for record in records}
    assert [] == [record for record in records if not closed_by_the_holder(record)]
    assert [] == [record for record in records if record.lease_until is not None]
    assert any(record.losses for record in records), "no kill hit a running task; the test proved nothing"
    assert [0, 0, 0] == codes
    await store.close()


@pytest.mark.timeout(120)
async def test_a_paused_worker_that_wakes_up_changes_nothing(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    store = await SQLiteStore.open(tmp_path / "chaos.db")
    fleet = Fleet(tmp_path / "chaos.db", 2, rng)

    for _ in range(4):
        await store.put([TaskSpec(name="thread") for _ in range(200)])
        await eventually(lambda: running(store))
        zombie = fleet.pause()
        await asyncio.sleep((LEASE + 2 * SWEEP).total_seconds())  # Its lease has to run out while it sleeps.
        zombie.send_signal(signal.SIGCONT)
    await eventually(lambda: settled(store, 800), within=60)
    fleet.stop()

    records = await every_task(store)
    assert {TaskState.SUCCEEDED} == {record.state for record in records}
    assert [] == [record for record in records if not closed_by_the_holder(record)]
    lost = [record for record in records if record.losses]
    assert lost, "no pause hit a running task; the test proved nothing"
    for record in lost:
        ends = [attempt.ended for attempt in await store.attempts(record.id)]
        assert 1 == ends.count(Event.SUCCEED)
        assert record.losses == ends.count(Event.LOSE)
    await store.close()


async def running(store: SQLiteStore) -> bool:
    return bool(await store.find(TaskQuery(states=frozenset({TaskState.RUNNING}), limit=1)))
