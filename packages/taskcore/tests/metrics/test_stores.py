"""What a store holds, read at most once a second, and shown with its age while the store is silent."""

import asyncio
import logging
import os
from collections.abc import Sequence
from datetime import timedelta

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.engine.statistics import StatisticsRecorder
from taskcore.errors import StoreUnavailable
from taskcore.events import TaskEvent
from taskcore.ids import TaskId, WorkerId
from taskcore.metrics import Metrics
from taskcore.models import HOUR, Claim, QueueCounts, WorkerInfo, WorkerState
from taskcore.states import Event
from taskcore.testing import FakeClock, a_task

from .conftest import Read

MINUTES = timedelta(minutes=1)


class Asked(MemoryStore):
    """Counts how often it is asked, and is away or slow when told so."""

    asked = 0
    away = False
    gate: asyncio.Event | None = None

    async def counts(self) -> Sequence[QueueCounts]:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.away:
            raise StoreUnavailable("away")
        return await super().counts()


def a_worker(name: str, clock: FakeClock, state: WorkerState = WorkerState.ONLINE, running: int = 1) -> WorkerInfo:
    return WorkerInfo(
        id=WorkerId(name),
        host="h",
        pid=os.getpid(),
        version="1",
        queues=("default",),
        state=state,
        slots=4,
        running=running,
        started_at=clock.now(),
    )


async def test_queues_are_shown_by_phase_with_the_oldest_wait(metrics: Metrics, read: Read, clock: FakeClock) -> None:
    store = MemoryStore(clock)
    metrics.system("taskmq").watch(store)
    await store.put([a_task("a"), a_task("b"), a_task("c", run_at=clock.now() + HOUR), a_task("d", queue="mail")])
    await store.claim(Claim(worker=WorkerId("w"), queues=("default",), limit=1, lease_for=MINUTES))
    clock.advance(90)

    await metrics.refresh()

    depth = {
        state: read("taskcore_queue_depth", system="taskmq", queue="default", state=state)
        for state in ("queued", "scheduled", "running", "failed")
    }
    assert {"queued": 1, "scheduled": 1, "running": 1, "failed": 0} == depth
    assert 90 == read("taskcore_queue_oldest_wait_seconds", system="taskmq", queue="mail")


async def test_workers_are_counted_with_their_slots_and_silent_ones_apart(
    metrics: Metrics, read: Read, clock: FakeClock
) -> None:
    store = MemoryStore(clock)
    metrics.system("taskmq").watch(store)
    await store.sight(a_worker("gone", clock), HOUR)
    clock.advance(60)
    await store.sight(a_worker("w1", clock), HOUR)
    await store.sight(a_worker("w2", clock, WorkerState.DRAINING, running=2), HOUR)

    await metrics.refresh()

    workers = {
        state: read("taskcore_workers", system="taskmq", state=state) for state in ("online", "draining", "silent")
    }
    slots = {state: read("taskcore_worker_slots", system="taskmq", state=state) for state in ("busy", "free")}
    assert {"online": 1, "draining": 1, "silent": 1} == workers
    assert {"busy": 3, "free": 3} == slots


async def test_a_store_is_asked_once_a_second_however_often_somebody_scrapes(
    metrics: Metrics, clock: FakeClock
) -> None:
    store = Asked(clock)
    metrics.system("taskmq").watch(store)

    for _ in range(5):
        await asyncio.gather(*[metrics.exposition() for _ in range(5)])
    assert 1 == store.asked
    clock.advance(1)
    await metrics.exposition()

    assert 2 == store.asked


async def test_the_last_values_are_shown_with_their_age_while_the_store_is_away(
    metrics: Metrics, read: Read, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    store = Asked(clock)
    metrics.system("taskmq").watch(store)
    await store.put([a_task("a")])
    await metrics.refresh()
    store.away = True
    clock.advance(30)

    with caplog.at_level(logging.WARNING):
        await metrics.refresh()

    assert 30 == read("taskcore_reading_age_seconds", system="taskmq")
    assert 1 == read("taskcore_queue_depth", system="taskmq", queue="default", state="queued")
    assert ["metrics of taskmq: away"] == [record.message for record in caplog.records]


async def test_a_scrape_waits_only_a_little_for_a_store_that_hangs(
    metrics: Metrics, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcore.metrics.application.PATIENCE", 0.01)
    store = Asked(clock)
    store.gate = asyncio.Event()
    metrics.system("taskmq").watch(store)

    async with asyncio.timeout(5):
        for _ in range(3):
            clock.advance(10)
            body, _ = await metrics.exposition()
        store.gate.set()
        await metrics.refresh()

    assert b"taskcore_build_info" in body
    assert 1 == store.asked


async def test_one_exporter_speaks_for_all_processes_and_never_goes_back(
    metrics: Metrics, read: Read, clock: FakeClock
) -> None:
    store = MemoryStore(clock)
    metrics.system("taskmq").watch(store, totals=True)

    async def somebody_counts(times: int) -> None:
        recorder = StatisticsRecorder(store)
        event = TaskEvent(clock.now(), Event.SUCCEED, TaskId("1"), "send", "mail", 1, None, 0.3, 0.1)
        recorder.hear([event] * times)
        await recorder.flush()

    async def total() -> float | None:
        await metrics.refresh()
        return read("taskcore_tasks_total", system="taskmq", queue="mail", task="send", outcome="succeeded")

    await somebody_counts(3)
    assert 3 == await total()
    clock.advance(5)
    await somebody_counts(2)
    assert 5 == await total()
    clock.advance(3 * 3600)
    await store.prune_counts(HOUR, MINUTES)
    assert 5 == await total()
    await somebody_counts(1)
    clock.advance(2)
    assert 6 == await total()
    place = {"system": "taskmq", "queue": "mail", "task": "send"}
    assert pytest.approx(1.8) == read("taskcore_task_duration_seconds_sum", **place)
