"""Promise 5: the store may go away. Everybody comes back by himself, and nothing that was accepted is lost.

Each test has a server of its own. CHAOS_OUTAGE lengthens the outages.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from taskcore.embedded.server import EmbeddedServer
from taskcore.models import TaskSpec
from taskcore.states import TaskState
from taskcore.testing import eventually

from .audit import all_done_once, nothing_is_left, persistently, settled
from .fleet import Fleet
from .load import Load, tasks_into
from .places import Place, Store
from .proxy import Proxy

OUTAGE = float(os.environ.get("CHAOS_OUTAGE", "3"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "10")) // 3
BACK_WITHIN = 15.0
"""Seconds after the return of a server until its workers work again."""

PATIENCE = 45.0
"""The same when only silence tells that a connection is dead."""

pytestmark = pytest.mark.timeout(240 + 10 * OUTAGE)


@pytest.fixture
def place(own_place: Place) -> Place:
    return own_place


async def works_again(store: Store, put: set[str], within: float = BACK_WITHIN) -> None:
    """Prove that a new task, urgent so that no backlog delays it, is done in time."""
    started = asyncio.get_running_loop().time()
    (receipt,) = await persistently(lambda: store.put([TaskSpec(name="thread", priority=9)]))
    put.add(receipt.task)

    async def done() -> bool:
        record = await persistently(lambda: store.get(receipt.task))
        return record is not None and record.state is TaskState.SUCCEEDED

    await eventually(done, within=within)
    print(f"back after {asyncio.get_running_loop().time() - started:.1f} s")


@asynccontextmanager
async def workers_under_load(
    place: Place, store: Store, rng: random.Random, reached_at: Place | None = None, back_within: float = BACK_WITHIN
) -> AsyncIterator[None]:
    """Two workers with a steady load. Trouble belongs into the block; after it they have to work again by themselves,
    and in the end everything is done once and nothing left behind."""
    before = await place.contents()
    with Fleet(reached_at or place, 2, rng) as fleet:
        await asyncio.to_thread(fleet.wait_until_ready)
        async with Load(tasks_into(store, rng)) as load:
            await works_again(store, load.put)
            yield
            await works_again(store, load.put, back_within)
        await eventually(lambda: settled(store, len(load.put)), within=60)
        codes = await asyncio.to_thread(fleet.stop, PATIENCE)  # A proxy works meanwhile.
    assert {0} == set(codes)
    await all_done_once(store, load.put)
    await nothing_is_left(store, place, before)


async def test_workers_that_could_not_reach_the_server(place: Place, store: Store, rng: random.Random) -> None:
    async with Proxy(place.url) as proxy, workers_under_load(place, store, rng, place.behind(proxy.port)):
        proxy.refuse()
        await asyncio.sleep(OUTAGE)
        await proxy.accept()


async def test_workers_whose_connections_are_cut(place: Place, store: Store, rng: random.Random) -> None:
    async with Proxy(place.url) as proxy, workers_under_load(place, store, rng, place.behind(proxy.port)):
        for _ in range(4 * ROUNDS):
            proxy.cut()
            await asyncio.sleep(rng.uniform(0, 0.3))


async def test_workers_whose_network_stood_still(place: Place, store: Store, rng: random.Random) -> None:
    async with Proxy(place.url) as proxy, workers_under_load(place, store, rng, place.behind(proxy.port)):
        proxy.hold()
        await asyncio.sleep(OUTAGE)
        proxy.release()


@pytest.mark.skipif("CHAOS_LONG" not in os.environ, reason="takes as long as the patience of stores: set CHAOS_LONG=1")
async def test_workers_whose_connections_lead_nowhere(place: Place, store: Store, rng: random.Random) -> None:
    """As after a switch to another server: no word ever comes back on what was open."""
    async with Proxy(place.url) as proxy, workers_under_load(place, store, rng, place.behind(proxy.port), PATIENCE):
        proxy.hold()


async def test_a_server_that_is_killed_under_load(
    server: EmbeddedServer, place: Place, store: Store, rng: random.Random
) -> None:
    async with workers_under_load(place, store, rng):
        for _ in range(ROUNDS):
            os.kill(await eventually(lambda: server.pid), signal.SIGKILL)
            await asyncio.sleep(rng.uniform(0.2, 1.5))  # Some kills hit it while it recovers.


async def test_a_server_that_is_stopped_for_a_while(
    server: EmbeddedServer, place: Place, store: Store, rng: random.Random
) -> None:
    async with workers_under_load(place, store, rng):
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(OUTAGE)
        assert place.url == await asyncio.to_thread(server.start)


async def test_a_server_that_throws_everybody_out_again_and_again(
    place: Place, store: Store, rng: random.Random
) -> None:
    async with workers_under_load(place, store, rng):
        for _ in range(8 * ROUNDS):
            await place.throw_out()
            await asyncio.sleep(rng.uniform(0, 0.2))
