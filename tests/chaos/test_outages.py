"""Promise 5: the store may go away. Everybody comes back by himself, and nothing that was accepted is lost.

Each test has a server of its own. CHAOS_OUTAGE lengthens the outages.
"""

import asyncio
import os
import random
import signal
from collections.abc import Mapping

import pytest
from taskcore.embedded.server import EmbeddedServer
from taskcore.models import TaskSpec
from taskcore.states import TaskState
from taskcore.testing import eventually

from .audit import all_done_once, nothing_is_left, persistently, settled
from .fleet import Fleet
from .load import Load
from .places import Place, Store
from .proxy import Proxy

OUTAGE = float(os.environ.get("CHAOS_OUTAGE", "3"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "12")) // 4
BACK_WITHIN = 5.0
"""Seconds after the return of a server until its workers work again."""

PATIENCE = 45.0
"""The same when only silence tells that a connection is dead."""

pytestmark = pytest.mark.timeout(120 + 10 * OUTAGE)


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


async def all_done(store: Store, place: Place, fleet: Fleet, put: set[str], before: Mapping[str, int]) -> None:
    """The end of each test here."""
    await eventually(lambda: settled(store, len(put)), within=60)
    codes = await asyncio.to_thread(fleet.stop, PATIENCE)  # The proxy works meanwhile.
    assert {0} == set(codes)
    await all_done_once(store, put)
    await nothing_is_left(store, place, before)


async def test_workers_that_could_not_reach_the_server(place: Place, store: Store, rng: random.Random) -> None:
    before = await place.contents()
    async with Proxy(place.url) as proxy:
        with Fleet(place.behind(proxy.port), 2, rng) as fleet:
            await asyncio.to_thread(fleet.wait_until_ready)
            async with Load(store, rng) as load:
                await works_again(store, load.put)
                proxy.refuse()
                await asyncio.sleep(OUTAGE)
                await proxy.accept()
                await works_again(store, load.put)
            await all_done(store, place, fleet, load.put, before)


async def test_workers_whose_connections_are_cut(place: Place, store: Store, rng: random.Random) -> None:
    before = await place.contents()
    async with Proxy(place.url) as proxy:
        with Fleet(place.behind(proxy.port), 2, rng) as fleet:
            await asyncio.to_thread(fleet.wait_until_ready)
            async with Load(store, rng) as load:
                await works_again(store, load.put)
                for _ in range(4 * ROUNDS):
                    proxy.cut()
                    await asyncio.sleep(rng.uniform(0, 0.3))
                await works_again(store, load.put)
            await all_done(store, place, fleet, load.put, before)


async def test_workers_whose_network_stood_still(place: Place, store: Store, rng: random.Random) -> None:
    before = await place.contents()
    async with Proxy(place.url) as proxy:
        with Fleet(place.behind(proxy.port), 2, rng) as fleet:
            await asyncio.to_thread(fleet.wait_until_ready)
            async with Load(store, rng) as load:
                await works_again(store, load.put)
                proxy.hold()
                await asyncio.sleep(OUTAGE)
                proxy.release()
                await works_again(store, load.put)
            await all_done(store, place, fleet, load.put, before)


@pytest.mark.skipif("CHAOS_LONG" not in os.environ, reason="takes as long as the patience of stores: set CHAOS_LONG=1")
async def test_workers_whose_connections_lead_nowhere(place: Place, store: Store, rng: random.Random) -> None:
    """As after a switch to another server: no word ever comes back on what was open."""
    before = await place.contents()
    async with Proxy(place.url) as proxy:
        with Fleet(place.behind(proxy.port), 2, rng) as fleet:
            await asyncio.to_thread(fleet.wait_until_ready)
            async with Load(store, rng) as load:
                await works_again(store, load.put)
                proxy.hold()
                await works_again(store, load.put, PATIENCE)
            await all_done(store, place, fleet, load.put, before)


async def test_a_server_that_is_killed_under_load(
    server: EmbeddedServer, place: Place, store: Store, rng: random.Random
) -> None:
    before = await place.contents()
    with Fleet(place, 2, rng) as fleet:
        await asyncio.to_thread(fleet.wait_until_ready)
        async with Load(store, rng) as load:
            await works_again(store, load.put)
            for _ in range(ROUNDS):
                os.kill(await eventually(lambda: server.pid), signal.SIGKILL)
                await asyncio.sleep(rng.uniform(0.2, 1.5))  # Some kills hit it while it recovers.
            await works_again(store, load.put)
        await all_done(store, place, fleet, load.put, before)


async def test_a_server_that_is_stopped_for_a_while(
    server: EmbeddedServer, place: Place, store: Store, rng: random.Random
) -> None:
    before = await place.contents()
    with Fleet(place, 2, rng) as fleet:
        await asyncio.to_thread(fleet.wait_until_ready)
        async with Load(store, rng) as load:
            await works_again(store, load.put)
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(OUTAGE)
            assert place.url == await asyncio.to_thread(server.start)
            await works_again(store, load.put)
        await all_done(store, place, fleet, load.put, before)


async def test_a_server_that_throws_everybody_out_again_and_again(
    place: Place, store: Store, rng: random.Random
) -> None:
    before = await place.contents()
    with Fleet(place, 2, rng) as fleet:
        await asyncio.to_thread(fleet.wait_until_ready)
        async with Load(store, rng) as load:
            await works_again(store, load.put)
            for _ in range(8 * ROUNDS):
                await place.throw_out()
                await asyncio.sleep(rng.uniform(0, 0.2))
            await works_again(store, load.put)
        await all_done(store, place, fleet, load.put, before)
