"""A Hypothesis state machine that drives any task store, and compares it with the simplest one after every step.

::

    class Machine(TaskStoreMachine):
        async def open(self, clock: FakeClock) -> TaskStore:
            return MemoryStore(clock)

    TestMachine = Machine.TestCase
"""

import asyncio
from abc import abstractmethod
from collections import Counter
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Order, Settlement, TaskQuery, TaskSpec
from taskcore.ports import TaskStore
from taskcore.states import Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import WORKER_EVENTS
from taskcore.testing.factories import a_claim, a_report, a_settlement, a_task, seconds
from taskcore.testing.plain import PlainTasks

T = TypeVar("T")

UNKNOWN = TaskId("404404404")
FAILED, EVERY_STATE = frozenset({TaskState.FAILED}), frozenset(TaskState)
DELAYS = st.sampled_from([0, 3, 30])
WORKERS = st.sampled_from([WorkerId("a"), WorkerId("b")])
LEASES = st.sampled_from([10, 60])
ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "queue": st.sampled_from(["x", "y"]),
            "priority": st.sampled_from([-1, 0, 0, 1]),
            "idempotency_key": st.sampled_from([None, None, None, "k1", "k2"]),
        },
        # The clock moves by whole seconds: an expiry is never reached exactly, which a store may take either way.
        optional={"run_in": st.sampled_from([0, 0, 3, 30]), "expires_in": st.sampled_from([5.5, 45.5, 10**6])},
    ),
    min_size=3,
    max_size=6,
)


class TaskStoreMachine(RuleBasedStateMachine):
    """Subclass it, and say how to open an empty store that follows a clock."""

    @abstractmethod
    async def open(self, clock: FakeClock) -> TaskStore:
        """An empty store that follows the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.plain = PlainTasks()
        self.store = self.run(self.open(self.clock))
        self.fences: list[Fence] = []

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Wait for the store."""
        return self.runner.run(step)

    @rule(seconds=st.sampled_from([1, 4, 11, 61]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @initialize(orders=ORDERS)
    def begin(self, orders: list[dict[str, Any]]) -> None:
        self.put(orders)

    @rule(orders=ORDERS)
    def put(self, orders: list[dict[str, Any]]) -> None:
        now = self.clock.now()
        specs = [_spec(order, now) for order in orders]
        receipts = self.run(self.store.put(specs))
        for spec, receipt in zip(specs, receipts, strict=True):
            first = self.plain.keyed(spec.idempotency_key)
            assert receipt.created is (first is None)
            if first is None:
                self.plain.put(receipt.task, spec, now)
            else:
                assert receipt.task == first.id

    @rule(worker=WORKERS, queues=st.sampled_from([["x", "y"], ["x"]]), limit=st.sampled_from([3, 1, 9]), lease=LEASES)
    def claim(self, worker: WorkerId, queues: list[str], limit: int, lease: int) -> None:
        wanted = a_claim(worker, *queues, limit=limit, lease_for=seconds(lease))
        claimed = self.run(self.store.claim(wanted))
        assert [record.id for record in claimed] == self.plain.claim(wanted, self.clock.now())
        self.fences += [record.fence for record in claimed]

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data(), worker=WORKERS, lease=LEASES)
    def take(self, data: st.DataObject, worker: WorkerId, lease: int) -> None:
        (task,) = self._tasks(data, 1)
        taken = self.run(self.store.take(task, worker, seconds(lease)))
        until = self.clock.now() + seconds(lease)
        assert (taken and taken.id) == self.plain.take(task, worker, until)
        self.fences += [taken.fence] if taken else []

    @precondition(lambda self: self.fences)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        settlements = [self._settlement(data, fence) for fence in self._fences(data)]
        answers = self.run(self.store.settle(settlements))
        assert list(answers) == [self.plain.settle(settlement, self.clock.now()) for settlement in settlements]

    @precondition(lambda self: self.fences)
    @rule(data=st.data(), worker=WORKERS, lease=LEASES)
    def exchange(self, data: st.DataObject, worker: WorkerId, lease: int) -> None:
        settlements = [self._settlement(data, fence) for fence in self._fences(data)]
        wanted = a_claim(worker, "y", "x", limit=2, lease_for=seconds(lease))
        answers, claimed = self.run(self.store.exchange(settlements, wanted))
        now = self.clock.now()
        assert list(answers) == [self.plain.settle(settlement, now) for settlement in settlements]
        assert [record.id for record in claimed] == self.plain.claim(wanted, now)
        self.fences += [record.fence for record in claimed]

    @precondition(lambda self: self.fences)
    @rule(data=st.data(), lease=LEASES)
    def renew(self, data: st.DataObject, lease: int) -> None:
        fences = self._fences(data)
        assert list(self.run(self.store.renew(fences, seconds(lease)))) == self._renewed(fences, lease)

    @precondition(lambda self: self.fences)
    @rule(data=st.data(), progress=st.sampled_from([0.0, 0.5, 1.0]))
    def report(self, data: st.DataObject, progress: float) -> None:
        fences = self._fences(data)
        answers = self.run(self.store.report([a_report(fence, progress=progress) for fence in fences]))
        assert list(answers) == [self.plain.report(fence, progress) for fence in fences]

    @rule(data=st.data(), lease=LEASES)
    def reap(self, data: st.DataObject, lease: int) -> None:
        """Read what is overdue, let some workers wake up and renew, and then try to recover all of it."""
        # Leases that ran out together come in any order, and Hypothesis wants to see the same one each time.
        overdue = sorted(record.fence for record in self.run(self.store.overdue(100)))
        assert {fence.task for fence in overdue} == self.plain.overdue(self.clock.now())
        awake = [fence for fence in overdue if data.draw(st.booleans())]
        assert list(self.run(self.store.renew(awake, seconds(lease)))) == self._renewed(awake, lease)
        settlements = [self._settlement(data, fence) for fence in overdue]
        answers = self.run(self.store.recover(settlements))
        assert list(answers) == [self.plain.recover(settlement, self.clock.now()) for settlement in settlements]

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        tasks = self._tasks(data, 2)
        assert list(self.run(self.store.cancel(tasks))) == [self.plain.cancel(t, self.clock.now()) for t in tasks]

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        tasks = self._tasks(data, 2)
        assert list(self.run(self.store.replay(tasks))) == [self.plain.replay(t, self.clock.now()) for t in tasks]

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        tasks = self._tasks(data, 2)
        assert self.run(self.store.delete(tasks)) == self.plain.delete(tasks)

    @rule()
    def expire(self) -> None:
        assert set(self.run(self.store.expire(100))) == self.plain.expire(self.clock.now())

    @rule(
        age=st.sampled_from([0.5, 60.5]), states=st.sampled_from([frozenset(TaskState), frozenset({TaskState.FAILED})])
    )
    def prune(self, age: float, states: frozenset[TaskState]) -> None:
        removed = self.run(self.store.prune(states, seconds(age), 100))
        assert removed == self.plain.prune(states, seconds(age), self.clock.now())

    @invariant()
    def tasks_agree(self) -> None:
        records = self.run(self.store.find(TaskQuery(order=Order.OLDEST, limit=1000)))
        for row, record in zip(self.plain.rows, records, strict=True):
            assert row.agrees(record), f"expected {row}, got {record}"

    @invariant()
    def counts_agree(self) -> None:
        told = {(each.queue, state): n for each in self.run(self.store.counts()) for state, n in each.by_state.items()}
        counted = Counter((row.spec.queue, row.state) for row in self.plain.rows)
        assert {key: n for key, n in told.items() if n} == counted

    @invariant()
    def cancellations_agree(self) -> None:
        for worker in (WorkerId("a"), WorkerId("b")):
            assert set(self.run(self.store.cancellations(worker))) == self.plain.stopping(worker)

    @precondition(lambda self: self.plain.rows)
    @rule(data=st.data())
    def histories_agree(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.plain.rows))
        attempts = self.run(self.store.attempts(row.id))
        ends = [*row.ends, None] if row.state is TaskState.RUNNING else row.ends
        assert [(attempt.number, attempt.ended) for attempt in attempts] == list(enumerate(ends, start=1))

    def _renewed(self, fences: list[Fence], lease: int) -> list[Renewal]:
        return [self.plain.renew(fence, self.clock.now() + seconds(lease)) for fence in fences]

    def _tasks(self, data: st.DataObject, at_most: int) -> list[TaskId]:
        """Some tasks of one state, rare ones as often as others; perhaps one that is not there, perhaps one twice."""
        state = data.draw(st.sampled_from(sorted({row.state for row in self.plain.rows})))
        known = [row.id for row in self.plain.rows if row.state is state]
        return data.draw(st.lists(st.sampled_from([*known, UNKNOWN]), min_size=1, max_size=at_most))

    def _fences(self, data: st.DataObject) -> list[Fence]:
        """Some of all the fences there ever were; most of them open nothing any more."""
        return data.draw(st.lists(st.sampled_from(self.fences[-12:]), min_size=1, max_size=3))

    def _settlement(self, data: st.DataObject, fence: Fence) -> Settlement:
        event = data.draw(st.sampled_from(WORKER_EVENTS))
        wait = seconds(data.draw(DELAYS))
        if event is Event.REPEAT:
            return a_settlement(fence, event, run_at=self.clock.now() + wait, result="1")
        return a_settlement(fence, event, delay=wait, result="2" if event is Event.SUCCEED else None)


def _spec(order: dict[str, Any], now: datetime) -> TaskSpec:
    fields = {name: order[name] for name in ("queue", "priority", "idempotency_key")}
    run_at = now + seconds(order["run_in"]) if "run_in" in order else None
    expires_at = now + seconds(order["expires_in"]) if "expires_in" in order else None
    return a_task(run_at=run_at, expires_at=expires_at, **fields)
