"""A worker is on the list while it is there."""

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event as Flag

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.presence import Presence, digest
from taskcore.engine.worker import Worker
from taskcore.errors import StoreUnavailable
from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo, WorkerState
from taskcore.testing import a_task, eventually

SOON = timedelta(milliseconds=20)


class Away:
    """A registry that cannot be reached."""

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        raise StoreUnavailable("away")

    async def forget(self, worker: WorkerId) -> bool:
        raise StoreUnavailable("away")

    async def workers(self) -> Sequence[Sighting]:
        raise StoreUnavailable("away")


def handler(function: object, **fields: object) -> Handler:
    return Handler(name="work", function=function, mode=Mode.THREAD, **fields)  # type: ignore[arg-type]


async def test_a_worker_tells_what_it_does_until_it_stops() -> None:
    release, store = Flag(), MemoryStore(SystemClock())

    def work(context: TaskContext) -> None:
        release.wait(60)

    work_handler = handler(work)
    worker = Worker(
        store, {"work": work_handler}, name=WorkerId("w1"), options=WorkerOptions(queues=("default",), concurrency=3)
    )
    await store.put([a_task("work")])

    async with asyncio.timeout(60):
        async with Presence(worker, store, handlers=lambda: [work_handler], version="1.2", every=SOON):
            running = asyncio.create_task(worker.run())

            async def says(state: WorkerState, busy: int) -> bool:
                (sighting,) = await store.workers()
                return (state, busy) == (sighting.worker.state, sighting.worker.running)

            await eventually(lambda: says(WorkerState.ONLINE, 1))
            (seen,) = await store.workers()
            worker.stop()
            await eventually(lambda: says(WorkerState.DRAINING, 1))
            release.set()
            await running

    assert () == tuple(await store.workers())
    info = seen.worker
    assert ("w1", os.getpid(), "1.2", 3, ("work",)) == (info.id, info.pid, info.version, info.slots, info.handlers)
    assert info.memory is not None
    assert info.memory > 1_000_000


async def test_the_last_word_counts_what_was_done() -> None:
    store = MemoryStore(SystemClock())

    def work(context: TaskContext) -> None:
        if context.payload:
            raise ValueError("no")

    worker = Worker(store, {"work": handler(work)})
    await store.put([a_task("work"), a_task("work", payload="1", retry=None)])
    presence = Presence(worker, store)

    async with asyncio.timeout(60):
        tally = await worker.run(until_idle=True)

    info = presence.info()
    assert (tally.succeeded + tally.failed + tally.retried, tally.failed) == (info.processed, info.failed)
    assert info.processed > 0


async def test_a_worker_starts_and_stops_also_when_nobody_can_be_told(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore(SystemClock())
    worker = Worker(store, {})

    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(60), Presence(worker, Away()):
            await worker.run(until_idle=True)

    assert ["presence: away"] * 2 == [record.message for record in caplog.records]


def test_processes_with_the_same_code_have_the_same_digest() -> None:
    one, two = handler(print, version="1"), replace(handler(print), name="other")

    assert digest([one, two]) == digest([two, one])
    assert digest([one, two]) != digest([replace(one, version="2"), two])
