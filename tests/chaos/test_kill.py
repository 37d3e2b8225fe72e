"""Promises 1 to 3 under ``kill -9``: nothing is lost, recovery is quick, and a stale worker changes nothing."""

import asyncio
import os
import random
import signal
from contextlib import suppress
from functools import partial

import pytest
from taskcore.models import TaskSpec
from taskcore.testing import eventually

from .audit import all_done_once, any_lost, at_rest, nothing_is_left, running, settled
from .fleet import SWEEP, Fleet
from .handlers import LEASE
from .places import Place, Store

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "10"))


@pytest.mark.timeout(120 + 12 * ROUNDS)
async def test_workers_killed_at_random_lose_no_task_and_close_no_attempt_of_others(
    place: Place, store: Store, rng: random.Random
) -> None:
    before = await place.contents()
    put: set[str] = set()
    with Fleet(place, 3, rng) as fleet:
        await asyncio.to_thread(
            fleet.wait_until_ready
        )  # Some of them take longer to start than they live from then on.
        while not await any_lost(store):  # As long as no kill has hit a running task, nothing is proved.
            for _ in range(ROUNDS):
                specs = [TaskSpec(name=rng.choice(["thread", "async"])) for _ in range(40)]
                put.update(receipt.task for receipt in await store.put(specs))
                done = await at_rest(store)
                await eventually(partial(more_at_rest, store, done), within=60)  # So a worker is past its start.
                await asyncio.sleep(rng.uniform(0, 0.1))  # The point in time at which the kill hits is what varies.
                fleet.kill()
            await eventually(lambda: settled(store, len(put)), within=60)
        codes = fleet.stop()

    await all_done_once(store, put)
    assert [0, 0, 0] == codes
    await nothing_is_left(store, place, before)


async def more_at_rest(store: Store, than: int) -> bool:
    return await at_rest(store) > than


@pytest.mark.timeout(240)
async def test_a_paused_worker_that_wakes_up_changes_nothing(place: Place, store: Store, rng: random.Random) -> None:
    before = await place.contents()
    put: set[str] = set()
    with Fleet(place, 2, rng) as fleet:
        await asyncio.to_thread(fleet.wait_until_ready)
        while not await any_lost(store):  # As long as no pause has hit a running task, nothing is proved.
            for _ in range(2):
                zombie = fleet.pause(await somebody_at_work(store, put))
                await asyncio.sleep((LEASE + 2 * SWEEP).total_seconds())  # Its lease has to run out while it sleeps.
                zombie.send_signal(signal.SIGCONT)
            await eventually(lambda: settled(store, len(put)), within=60)
        fleet.stop()

    await all_done_once(store, put)
    await nothing_is_left(store, place, before)


async def somebody_at_work(store: Store, put: set[str]) -> str:
    """The name of a worker that holds tasks. More are put when they were done before anybody looked."""
    while True:
        put.update(receipt.task for receipt in await store.put([TaskSpec(name="thread") for _ in range(200)]))
        with suppress(AssertionError):
            (task,) = await eventually(lambda: running(store), within=1)
            return str(task.worker)
