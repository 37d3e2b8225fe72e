"""Promises 1 to 3 under ``kill -9``: nothing is lost, recovery is quick, and a stale worker changes nothing."""

import asyncio
import os
import random
import signal
from functools import partial

import pytest
from taskcore.models import TaskSpec
from taskcore.testing import eventually

from .audit import all_done_once, at_rest, nothing_is_left, running, settled
from .fleet import SWEEP, Fleet
from .handlers import LEASE
from .places import Place, Store

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "10"))


@pytest.mark.timeout(60 + 5 * ROUNDS)
async def test_workers_killed_at_random_lose_no_task_and_close_no_attempt_of_others(
    place: Place, store: Store, rng: random.Random
) -> None:
    before = await place.contents()
    put: set[str] = set()
    with Fleet(place, 3, rng) as fleet:
        await asyncio.to_thread(
            fleet.wait_until_ready
        )  # Some of them take longer to start than they live from then on.
        for _ in range(ROUNDS):
            specs = [TaskSpec(name=rng.choice(["thread", "async"])) for _ in range(40)]
            put.update(receipt.task for receipt in await store.put(specs))
            done = await at_rest(store)
            await eventually(partial(more_at_rest, store, done), within=30)  # So a worker is past its start.
            await asyncio.sleep(rng.uniform(0, 0.1))  # The point in time at which the kill hits is what varies.
            fleet.kill()
        await eventually(lambda: settled(store, len(put)), within=60)
        codes = fleet.stop()

    records = await all_done_once(store, put)
    assert any(record.losses for record in records), "no kill hit a running task; the test proved nothing"
    assert [0, 0, 0] == codes
    await nothing_is_left(store, place, before)


async def more_at_rest(store: Store, than: int) -> bool:
    return await at_rest(store) > than


@pytest.mark.timeout(120)
async def test_a_paused_worker_that_wakes_up_changes_nothing(place: Place, store: Store, rng: random.Random) -> None:
    before = await place.contents()
    put: set[str] = set()
    with Fleet(place, 2, rng) as fleet:
        for _ in range(2):
            put.update(receipt.task for receipt in await store.put([TaskSpec(name="thread") for _ in range(200)]))
            zombie = fleet.pause(str((await eventually(lambda: running(store), within=30))[0].worker))
            await asyncio.sleep((LEASE + 2 * SWEEP).total_seconds())  # Its lease has to run out while it sleeps.
            zombie.send_signal(signal.SIGCONT)
        await eventually(lambda: settled(store, len(put)), within=60)
        fleet.stop()

    records = await all_done_once(store, put)
    assert any(record.losses for record in records), "no pause hit a running task; the test proved nothing"
    await nothing_is_left(store, place, before)
