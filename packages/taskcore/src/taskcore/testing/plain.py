"""The simplest task store one can think of: a list and loops, written from the port's sentences alone.

It is what ``taskcore.testing.machines`` compares real stores with, so it shares no code with any of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, Settlement, TaskRecord, TaskSpec
from taskcore.states import Event, TaskState, target

PENDING, RUNNING = TaskState.PENDING, TaskState.RUNNING


@dataclass
class Row:
    """A task: its order, the ends of its attempts, and what a record tells too."""

    id: TaskId
    spec: TaskSpec
    ends: list[Event]
    run_at: datetime
    expires_at: datetime | None = None
    state: TaskState = PENDING
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    cancel_requested: bool = False
    progress: float | None = None
    worker: WorkerId | None = None
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    result: str | None = None

    def agrees(self, record: TaskRecord) -> bool:
        """Whether a store says the same."""
        told = (each.name for each in fields(self) if each.name not in ("spec", "ends"))
        return all(getattr(self, name) == getattr(record, name) for name in told)


class PlainTasks:
    """The port, for one caller at a time."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def find(self, task: TaskId) -> Row | None:
        return next((row for row in self.rows if row.id == task), None)

    def keyed(self, key: str | None) -> Row | None:
        """The task that holds an idempotency key."""
        return next((row for row in self.rows if key is not None and row.spec.idempotency_key == key), None)

    def put(self, task: TaskId, spec: TaskSpec, now: datetime) -> None:
        self.rows.append(Row(task, spec, [], run_at=spec.run_at or now, expires_at=spec.expires_at))

    def cancel(self, task: TaskId, now: datetime) -> TaskState | None:
        row = self.find(task)
        if row is not None and row.state is PENDING:
            row.state, row.finished_at = TaskState.CANCELLED, now
        elif row is not None and row.state is RUNNING:
            row.cancel_requested = True
        return row.state if row is not None else None

    def replay(self, task: TaskId, now: datetime) -> bool:
        row = self.find(task)
        if row is None or row.state in (PENDING, RUNNING):
            return False
        row.state, row.run_at, row.expires_at, row.cancel_requested = PENDING, now, None, False
        row.failures = row.losses = 0
        row.progress = row.result = None
        return True

    def delete(self, tasks: Sequence[TaskId]) -> int:
        before = len(self.rows)
        self.rows = [row for row in self.rows if row.id not in tasks or row.state is RUNNING]
        return before - len(self.rows)

    def claim(self, wanted: Claim, now: datetime) -> list[TaskId]:
        ready = [row for row in self.rows if row.state is PENDING and row.run_at <= now and not self._past(row, now)]
        ready = [row for row in ready if row.spec.queue in wanted.queues]
        # Sorting keeps the order of equals, which is the order they were put in.
        best = sorted(ready, key=lambda row: (-row.spec.priority, row.run_at))[: wanted.limit]
        return [self._claimed(row, wanted.worker, now + wanted.lease_for) for row in best]

    def take(self, task: TaskId, worker: WorkerId, until: datetime) -> TaskId | None:
        row = self.find(task)
        return self._claimed(row, worker, until) if row is not None and row.state is PENDING else None

    @staticmethod
    def _claimed(row: Row, worker: WorkerId, until: datetime) -> TaskId:
        row.state, row.worker, row.lease_until = RUNNING, worker, until
        row.attempt += 1
        row.progress = row.finished_at = None
        return row.id

    def renew(self, fence: Fence, until: datetime) -> Renewal:
        row = self._held(fence)
        if row is None:
            return Renewal.LOST
        row.lease_until = until
        return Renewal.CANCEL if row.cancel_requested else Renewal.HELD

    def settle(self, settlement: Settlement, now: datetime) -> bool:
        row, event = self._held(settlement.fence), settlement.event
        if row is None:
            return False
        row.state, row.lease_until, row.finished_at = target(event), None, now
        row.ends.append(event)
        row.failures += event in (Event.FAIL, Event.RETRY)
        row.losses += event is Event.LOSE
        if event is Event.REPEAT:
            row.failures = row.losses = 0
            row.run_at = settlement.run_at or row.run_at
        elif row.state is PENDING:
            row.run_at = now + settlement.delay
        if event in (Event.SUCCEED, Event.REPEAT):
            row.result = settlement.result
        return True

    def recover(self, settlement: Settlement, now: datetime) -> bool:
        row = self.find(settlement.fence.task)
        over = row is not None and row.lease_until is not None and row.lease_until <= now
        return over and self.settle(settlement, now)

    def report(self, fence: Fence, progress: float) -> bool:
        row = self._held(fence)
        if row is not None:
            row.progress = progress
        return row is not None

    def expire(self, now: datetime) -> set[TaskId]:
        past = [row for row in self.rows if row.state is PENDING and self._past(row, now)]
        for row in past:
            row.state, row.finished_at = TaskState.EXPIRED, now
        return {row.id for row in past}

    def prune(self, states: frozenset[TaskState], older_than: timedelta, now: datetime) -> int:
        resting = [row for row in self.rows if row.state in states - {PENDING, RUNNING}]
        return self.delete([row.id for row in resting if row.finished_at and row.finished_at < now - older_than])

    def stopping(self, worker: WorkerId) -> set[Fence]:
        """The fences whose worker should hear that it is to stop."""
        running = [row for row in self.rows if row.state is RUNNING and row.worker == worker]
        return {Fence(row.id, row.attempt, worker) for row in running if row.cancel_requested}

    def overdue(self, now: datetime) -> set[TaskId]:
        return {row.id for row in self.rows if row.lease_until is not None and row.lease_until <= now}

    def _held(self, fence: Fence) -> Row | None:
        row = self.find(fence.task)
        held = row is not None and row.state is RUNNING and (row.attempt, row.worker) == fence[1:]
        return row if held else None

    @staticmethod
    def _past(row: Row, now: datetime) -> bool:
        return row.expires_at is not None and row.expires_at < now
