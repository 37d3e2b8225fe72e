"""Several exchanges with the store at a time, and what they do to each other."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Mode
from taskcore.engine.worker import EXCHANGES
from taskcore.errors import SchemaMismatch, StoreUnavailable
from taskcore.models import Claim, Report, Settlement, TaskRecord
from taskcore.retry import Fixed, RetryPolicy
from taskcore.states import Event, TaskState
from taskcore.testing import a_task, eventually

from .conftest import Bench
from .test_worker import Gate


class Slow(MemoryStore):
    """Keeps exchanges that settle something, after they took effect, until a test lets them go."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.go_on = asyncio.Event()
        self.inside = self.most = self.claims = self.exchanges = 0
        self.keeps = frozenset(Event)

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        answer = await super().exchange(settlements, wanted)
        self.exchanges += 1
        self.claims += not settlements
        await self._keep(settlements)
        return answer

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        answer = await super().settle(settlements)
        await self._keep(settlements)
        return answer

    async def _keep(self, settlements: Sequence[Settlement]) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if any(settlement.event in self.keeps for settlement in settlements):
            await self.go_on.wait()
        self.inside -= 1


class Away(MemoryStore):
    """Cannot be reached for a while."""

    away = False

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        if self.away:
            raise StoreUnavailable("the store is away")
        return await super().exchange(settlements, wanted)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        if self.away:
            raise StoreUnavailable("the store is away")
        return await super().settle(settlements)


async def test_while_the_store_works_on_some_exchanges_others_begin_up_to_a_limit(bench: Bench) -> None:
    bench.store = store = Slow()
    gates = [Gate() for _ in range(EXCHANGES + 1)]

    async def passes(context: TaskContext) -> None:
        await gates[context.payload].through_async(context)

    name = bench.handle(passes)
    for number in range(len(gates)):
        await bench.put(name, payload=str(number))

    async with bench.working(concurrency=len(gates)) as worker:
        await eventually(lambda: all(gate.inside for gate in gates))
        for under_way, gate in enumerate(gates[:-1], 1):
            gate.open.set()
            await eventually(partial(_equal, store, under_way))
        gates[-1].open.set()
        await asyncio.sleep(0.05)  # Time for one more to begin.
        assert EXCHANGES == store.most
        store.go_on.set()
        await eventually(lambda: worker.tally.succeeded == len(gates))


def _equal(store: Slow, under_way: int) -> bool:
    return store.inside == under_way


async def test_while_one_exchange_claims_others_only_settle(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskcore.engine.worker.ALONE", 60.0)
    bench.store = store = Slow()
    gates = [Gate() for _ in range(3)]

    async def passes(context: TaskContext) -> None:
        await gates[context.payload].through_async(context)

    name = bench.handle(passes)
    for number in range(len(gates)):
        await bench.put(name, payload=str(number))
    async with bench.working(concurrency=4, prefetch=0) as worker:
        await eventually(lambda: all(gate.inside for gate in gates) and not worker._under_way)
        before = store.exchanges
        for under_way, gate in enumerate(gates, 1):
            gate.open.set()
            await eventually(partial(_equal, store, under_way))

        assert before + 1 == store.exchanges
        last = await bench.put(bench.handle(_quick))
        store.go_on.set()
        await bench.when(last, lambda record: record.state is TaskState.SUCCEEDED)


async def _quick(context: TaskContext) -> None: ...


async def test_a_store_that_is_away_is_asked_by_one_exchange_at_a_time(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.store = store = Away(SystemClock())
    gates = [Gate() for _ in range(EXCHANGES)]

    async def passes(context: TaskContext) -> None:
        await gates[context.payload].through_async(context)

    def asked() -> list[logging.LogRecord]:
        return [record for record in caplog.records if "trying again" in record.message]

    name = bench.handle(passes)
    for number in range(len(gates)):
        await bench.put(name, payload=str(number))

    async with bench.working(concurrency=len(gates), poll=timedelta(seconds=0.1)) as worker:
        await eventually(lambda: all(gate.inside for gate in gates))
        store.away, begun = True, time.monotonic()
        gates[0].open.set()
        await eventually(lambda: worker._away)
        for gate in gates:
            gate.open.set()
        await asyncio.sleep(0.35)  # Three times as long as it waits between two questions.
        await eventually(lambda: len(asked()) >= 2)
        assert len(asked()) <= (time.monotonic() - begun) / 0.1 + 2
        store.away = False
        await eventually(lambda: worker.tally.succeeded == len(gates))


async def test_a_task_that_came_back_with_the_other_exchange_stays_in_good_hands(bench: Bench) -> None:
    bench.store = store = Slow()
    store.keeps = frozenset({Event.RETRY})
    gate, other = Gate(), Gate()

    def fails_first(context: TaskContext) -> None:
        if context.task.attempt == 1:
            raise ValueError
        gate.through(context)

    again = RetryPolicy(max_attempts=2, backoff=Fixed(0.05))
    task = await bench.put(bench.handle(fails_first, Mode.THREAD, retry=again))
    await bench.put(bench.handle(other.through, Mode.THREAD))
    async with bench.working(concurrency=4, prefetch=0) as worker:
        await eventually(lambda: other.inside and store.inside == 1)
        # The task waits for its retry, and the worker has not heard of it; then it comes back with the other's end.
        await eventually(lambda: time.monotonic() > worker._alone_until)
        await bench.when(task, lambda record: record.run_at <= bench.store._clock.now())
        other.open.set()
        await eventually(lambda: gate.inside)
        store.go_on.set()
        await eventually(lambda: store.inside == 0)

        assert [(task, 2)] == [(fence.task, fence.attempt) for fence in worker._flight.fences()]
        gate.open.set()
        await bench.when(task, lambda record: record.state is TaskState.SUCCEEDED)

    assert (1, 0) == (worker.tally.retried, worker.tally.stale)


async def test_an_idle_worker_asks_once_and_then_waits(bench: Bench) -> None:
    bench.store = store = Slow()
    store.go_on.set()

    async def quick(context: TaskContext) -> None: ...

    async with bench.working(poll=timedelta(minutes=1)) as worker:
        await bench.put(bench.handle(quick))
        await eventually(lambda: worker.tally.succeeded == 1)
        await eventually(lambda: worker._looking is not None and not worker._under_way)
        asked = store.claims
        await asyncio.sleep(0.1)  # Time in which a worker that does not wait asks a hundred times.

        assert asked == store.claims


async def test_stop_waits_for_what_is_under_way(bench: Bench) -> None:
    bench.store = store = Slow()

    async def quick(context: TaskContext) -> None: ...

    tasks = [await bench.put(bench.handle(quick)) for _ in range(3)]
    async with bench.working() as worker:
        await eventually(lambda: store.inside)
        worker.stop()
        await asyncio.sleep(0.02)  # let it begin to drain; too short a pause makes the test easier, never wrong
        store.go_on.set()

    records = [await bench.record(task) for task in tasks]
    assert [(TaskState.SUCCEEDED, None)] * 3 == [(record.state, record.lease_until) for record in records]


class SlowToNote(MemoryStore):
    """Keeps reports before they take effect, until a test lets them go."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.go_on = asyncio.Event()
        self.inside = 0

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        self.inside += 1
        await self.go_on.wait()
        return await super().report(reports)


async def test_what_a_run_told_is_stored_before_its_end_whoever_stores_it(bench: Bench) -> None:
    bench.store = store = SlowToNote()
    gate = Gate()

    def talks(context: TaskContext) -> None:
        context.log("half way")
        gate.through(context)

    task = await bench.put(bench.handle(talks, Mode.THREAD))
    async with bench.working():
        await eventually(lambda: store.inside)  # The line is on its way, with nobody's end.
        gate.open.set()
        await asyncio.sleep(0.1)  # Time for the end to overtake it.
        store.go_on.set()
        await bench.when(task, lambda record: record.state is TaskState.SUCCEEDED)

    assert ["half way"] == [line.message for line in await store.logs(task)]


class Refusing(MemoryStore):
    """Hands out nothing, and says it is its own fault."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.asked = 0

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        self.asked += 1
        raise SchemaMismatch("a column is missing")


async def test_a_worker_whose_store_refuses_every_claim_says_so_and_asks_once_a_second(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.store = store = Refusing()
    await bench.store.put([a_task()])
    begun = time.monotonic()
    async with bench.working(poll=timedelta(minutes=10)):
        await eventually(lambda: store.asked)
        await asyncio.sleep(0.1)  # Time in which a worker that does not wait asks a hundred times.

        assert store.asked <= 1 + (time.monotonic() - begun)
    assert "a column is missing" in caplog.text
