"""The worker: slots, leases, cancellation, draining, and a store that goes away."""

import asyncio
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from taskcore.adapters.memory import MemoryEventBus, MemoryStore
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.worker import Worker
from taskcore.errors import StoreError, StoreUnavailable
from taskcore.events import AnyEvent, StaleWrite, TaskEvent
from taskcore.models import Claim, Report, Settlement, TaskRecord
from taskcore.states import Event, TaskState
from taskcore.testing import a_claim, a_settlement, eventually, seconds

from .conftest import Bench


class Gate:
    """Handlers that wait until a test lets them go, and how many of them there were at once."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.inside = self.most = 0
        self._lock = threading.Lock()

    def through(self, context: TaskContext) -> None:
        self._count(1)
        self.open.wait(60)
        self._count(-1)

    async def through_async(self, context: TaskContext) -> None:
        self._count(1)
        await eventually(self.open.is_set, within=60)
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.inside += change
            self.most = max(self.most, self.inside)


async def test_never_more_handlers_at_once_than_slots_even_of_mixed_modes(bench: Bench) -> None:
    gate = Gate()
    names = [bench.handle(gate.through, Mode.THREAD), bench.handle(gate.through_async)]
    for number in range(12):
        await bench.put(names[number % 2])

    async with bench.working(concurrency=3) as worker:
        await eventually(lambda: gate.inside == 3)
        assert 3 == worker.active  # Slow or unknown handlers are not claimed ahead.
        gate.open.set()
        await eventually(lambda: worker.tally.succeeded == 12)

    assert 3 == gate.most


async def test_work_claimed_ahead_of_a_handler_that_hangs_goes_back(bench: Bench) -> None:
    gate = Gate()

    def quick(context: TaskContext) -> None: ...

    quick_name, slow_name = bench.handle(quick, Mode.THREAD), bench.handle(gate.through, Mode.THREAD)
    for _ in range(200):
        await bench.put(quick_name)
    await bench.put(slow_name, priority=-1)
    left = [await bench.put(quick_name, priority=-2) for _ in range(20)]

    async with bench.working(concurrency=1):
        await eventually(lambda: gate.inside == 1)
        await bench.when(left[-1], lambda record: record.state is TaskState.PENDING and record.failures == 0)
        gate.open.set()
        await bench.when(left[-1], lambda record: record.state is TaskState.SUCCEEDED)


async def test_a_lease_is_renewed_for_as_long_as_the_handler_runs(bench: Bench) -> None:
    gate = Gate()
    task = await bench.put(bench.handle(gate.through, Mode.THREAD))

    async with bench.working(lease=seconds(0.9)):
        first = await bench.when(task, lambda record: record.state is TaskState.RUNNING)
        renewed = await bench.when(task, lambda record: record.lease_until != first.lease_until)
        assert [] == list(await bench.store.overdue(10))
        assert 1 == renewed.attempt
        gate.open.set()
        await bench.when(task, lambda record: record.state is TaskState.SUCCEEDED)


async def test_a_worker_that_lost_its_lease_stops_the_handler_and_settles_nothing(bench: Bench) -> None:
    seen: list[bool] = []

    def notices(context: TaskContext) -> None:
        while not context.cancelled:
            time.sleep(0.005)
        seen.append(True)

    task = await bench.put(bench.handle(notices, Mode.THREAD))

    async with bench.working(lease=seconds(0.3)) as worker:
        running = await bench.when(task, lambda record: record.state is TaskState.RUNNING)
        await bench.store.settle([a_settlement(running, Event.LOSE, delay=seconds(60))])
        await eventually(lambda: seen)

        await eventually(lambda: worker.active == 0)
    assert TaskState.PENDING == (await bench.record(task)).state


async def test_cancelling_a_running_task_reaches_a_coroutine_and_a_thread(bench: Bench) -> None:
    async def sleeps(context: TaskContext) -> None:
        await asyncio.sleep(60)

    def looks(context: TaskContext) -> None:
        while True:
            context.raise_if_cancelled()
            time.sleep(0.005)

    tasks = [await bench.put(bench.handle(sleeps)), await bench.put(bench.handle(looks, Mode.THREAD))]

    async with bench.working():
        for task in tasks:
            await bench.when(task, lambda record: record.state is TaskState.RUNNING)
        await bench.store.cancel(tasks)
        for task in tasks:
            await bench.when(task, lambda record: record.state is TaskState.CANCELLED)


async def test_stop_gives_back_what_did_not_finish_and_counts_it_against_nothing(bench: Bench) -> None:
    async def sleeps(context: TaskContext) -> None:
        await asyncio.sleep(60)

    over = threading.Event()

    def deaf(context: TaskContext) -> None:
        over.wait(30)  # It does not look whether it should stop.

    def delicate(context: TaskContext) -> None:
        over.wait(30)  # Nor does this one.

    released = [await bench.put(bench.handle(sleeps)), await bench.put(bench.handle(deaf, Mode.THREAD))]
    parked = await bench.put(bench.handle(delicate, Mode.THREAD, repeatable=False))
    worker = bench.worker(grace=seconds(0.05), stop_grace=seconds(0.05))
    running = asyncio.create_task(worker.run())
    for task in [*released, parked]:
        await bench.when(task, lambda record: record.state is TaskState.RUNNING)

    worker.stop()
    tally = await running
    over.set()

    for task in released:
        record = await bench.record(task)
        assert (TaskState.PENDING, 0, 1) == (record.state, record.failures, record.attempt)
    assert TaskState.INTERRUPTED == (await bench.record(parked)).state
    assert 3 == tally.released


async def test_a_task_that_is_cancelled_before_it_began_is_not_given_back(bench: Bench) -> None:
    gate = Gate()

    def quick(context: TaskContext) -> None: ...

    quick_name, slow_name = bench.handle(quick, Mode.THREAD), bench.handle(gate.through, Mode.THREAD)
    for _ in range(50):
        await bench.put(quick_name)
    await bench.put(slow_name, priority=-1)
    waiting = [await bench.put(quick_name, priority=-2) for _ in range(20)]

    async with bench.working(concurrency=1):
        await eventually(lambda: gate.inside == 1)
        await bench.store.cancel(waiting)
        for task in waiting:
            await bench.when(task, lambda record: record.state is TaskState.CANCELLED)
        gate.open.set()


async def test_stop_lets_handlers_finish_within_the_grace(bench: Bench) -> None:
    gate = Gate()
    task = await bench.put(bench.handle(gate.through, Mode.THREAD))
    worker = bench.worker()
    running = asyncio.create_task(worker.run())
    await eventually(lambda: gate.inside)

    worker.stop()
    worker.stop()
    gate.open.set()
    await running

    assert TaskState.SUCCEEDED == (await bench.record(task)).state


async def test_a_second_stop_that_forces_waits_for_nobody(bench: Bench) -> None:
    gate = Gate()
    task = await bench.put(bench.handle(gate.through, Mode.THREAD))
    worker = bench.worker(grace=timedelta(minutes=5), stop_grace=timedelta(minutes=5))
    running = asyncio.create_task(worker.run())
    await eventually(lambda: gate.inside)

    worker.stop()
    worker.stop(force=True)
    async with asyncio.timeout(30):
        await running

    assert TaskState.PENDING == (await bench.record(task)).state
    gate.open.set()


class Flaky(MemoryStore):
    """A store that is away for a while, or refuses certain settlements, or whatever handlers tell."""

    away = deaf = False
    refuses = ""

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        if self.deaf:
            raise StoreError("the store cannot keep this")
        return await super().report(reports)

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        self._fail(settlements)
        return await super().exchange(settlements, wanted)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        self._fail(settlements)
        return await super().settle(settlements)

    def _fail(self, settlements: Sequence[Settlement]) -> None:
        if self.away:
            raise StoreUnavailable("the store is away")
        if self.refuses and any(settlement.result == self.refuses for settlement in settlements):
            raise StoreError("the store cannot keep this")


@pytest.mark.parametrize("poll", [seconds(0.02), timedelta(minutes=10)])
async def test_a_store_that_goes_away_loses_no_outcome(bench: Bench, poll: timedelta) -> None:
    gate, store = Gate(), Flaky(SystemClock())
    bench.store = store
    task = await bench.put(bench.handle(gate.through, Mode.THREAD))

    async with bench.working(poll=poll):
        await eventually(lambda: gate.inside)
        store.away = True
        gate.open.set()
        await eventually(lambda: gate.inside == 0)
        await asyncio.sleep(0.05)  # Let some attempts to settle fail.
        store.away = False
        record = await bench.when(task, lambda record: record.state is TaskState.SUCCEEDED)

    assert 1 == record.attempt


async def test_one_result_that_the_store_refuses_does_not_hold_up_the_others(bench: Bench) -> None:
    store = Flaky(SystemClock())
    store.refuses = '"poison"'
    bench.store = store

    def echo(context: TaskContext) -> Any:
        return context.payload

    name = bench.handle(echo, Mode.THREAD)
    poison = await bench.put(name, payload='"poison"')
    good = [await bench.put(name, payload='"fine"') for _ in range(5)]

    await bench.drain()

    assert {TaskState.SUCCEEDED} == {(await bench.record(task)).state for task in good}
    assert TaskState.RUNNING == (await bench.record(poison)).state  # Its lease runs out, and the reaper counts.


async def test_a_store_that_refuses_what_a_handler_tells_keeps_its_result(bench: Bench) -> None:
    store = Flaky(SystemClock())
    store.deaf = True
    bench.store = store

    def tells(context: TaskContext) -> str:
        context.log("hello")
        return "done"

    task = await bench.put(bench.handle(tells, Mode.THREAD))

    await bench.drain()

    assert '"done"' == (await bench.record(task)).result


async def test_new_work_wakes_an_idle_worker(bench: Bench) -> None:
    def quick(context: TaskContext) -> None: ...

    name = bench.handle(quick, Mode.THREAD)
    async with bench.working(poll=timedelta(minutes=1)) as worker:
        await eventually(lambda: worker._looking is not None)
        task = await bench.put(name)
        await bench.when(task, lambda record: record.state is TaskState.SUCCEEDED)


async def test_events_tell_of_claims_ends_and_refused_writes(bench: Bench) -> None:
    gate, bus, seen = Gate(), MemoryEventBus(), list[AnyEvent]()
    bus.subscribe(seen.extend)
    task = await bench.put(bench.handle(gate.through, Mode.THREAD))
    worker = Worker(bench.store, bench.handlers, bus=bus, options=WorkerOptions(lease=timedelta(hours=1)))
    running = asyncio.create_task(worker.run())
    await eventually(lambda: gate.inside)
    held = await bench.record(task)
    await bench.store.settle([a_settlement(held, Event.RELEASE)])
    (stolen,) = await bench.store.claim(a_claim("thief"))

    gate.open.set()
    await eventually(lambda: worker.tally.stale == 1)
    worker.stop()
    await running

    assert [Event.CLAIM] == [event.event for event in seen if isinstance(event, TaskEvent)]
    assert [Event.SUCCEED] == [event.intended for event in seen if isinstance(event, StaleWrite)]
    assert stolen.fence == (await bench.record(task)).fence


async def test_a_worker_stops_by_itself_when_it_has_done_all_it_may(bench: Bench) -> None:
    async def quick(context: TaskContext) -> None: ...

    name = bench.handle(quick)
    for _ in range(12):
        await bench.put(name)

    async with asyncio.timeout(30):
        tally = await bench.worker(most=7, concurrency=3).run()

    assert (7, 7) == (tally.claimed, tally.succeeded)
    assert {TaskState.SUCCEEDED: 7, TaskState.PENDING: 5} == dict((await bench.store.counts())[0].by_state)
