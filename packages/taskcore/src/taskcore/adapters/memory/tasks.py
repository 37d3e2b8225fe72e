"""The life of tasks as ``taskcore.ports.tasks`` tells it. A method is one step: its caller holds the lock."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from taskcore.adapters.memory.controls import Controls, Slots
from taskcore.adapters.memory.ready import is_past
from taskcore.adapters.memory.records import Records
from taskcore.adapters.memory.transitions import ENDED_BY, claimed, last_attempt, ordered, replayed, settled
from taskcore.clock import Clock
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, Receipt, Report, Settlement, TaskRecord, TaskSpec
from taskcore.models.task import KEPT_ATTEMPTS, check_name
from taskcore.states import AT_REST, Event, TaskState, move, sources


class Tasks:
    """What ``TaskQueue``, ``TaskWork`` and ``TaskUpkeep`` do."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self.controls = Controls()

    def put(self, specs: Sequence[TaskSpec]) -> list[Receipt]:
        now = self._clock.now()
        receipts: list[Receipt] = []
        try:
            for spec in specs:
                receipts.append(self._put(spec, now))
        except InvalidInput:
            self.delete([receipt.task for receipt in receipts if receipt.created])
            raise
        return receipts

    def _put(self, spec: TaskSpec, now: datetime) -> Receipt:
        key = spec.idempotency_key
        if key is not None and (first := self._records.by_key.get(key)) is not None:
            return Receipt(first, created=False)
        record = ordered(spec, self._records.new_id(spec.id), now)
        self._records.save(record)
        return Receipt(record.id, created=True)

    def cancel(self, tasks: Sequence[TaskId]) -> list[TaskState | None]:
        return [self._cancel(task) for task in tasks]

    def _cancel(self, task: TaskId) -> TaskState | None:
        record = self._records.tasks.get(task)
        if record is None:
            return None
        if record.state is TaskState.PENDING:
            record = replace(record, state=move(record.state, Event.CANCEL), finished_at=self._clock.now())
            self._records.save(record)
        elif record.state is TaskState.RUNNING:
            self._records.save(replace(record, cancel_requested=True))
        return record.state

    def replay(self, tasks: Sequence[TaskId]) -> list[bool]:
        return [self._replay(task) for task in tasks]

    def _replay(self, task: TaskId) -> bool:
        record = self._records.tasks.get(task)
        if record is None or record.state not in sources(Event.REPLAY):
            return False
        self._keep_attempt(record, ENDED_BY.get(record.state))
        self._records.save(replayed(record, self._clock.now()))
        return True

    def delete(self, tasks: Sequence[TaskId]) -> int:
        found = [record for task in set(tasks) if (record := self._records.tasks.get(task)) is not None]
        removable = [record for record in found if record.state is not TaskState.RUNNING]
        for record in removable:
            self._records.remove(record)
        return len(removable)

    def move(self, tasks: Sequence[TaskId], queue: str) -> list[bool]:
        check_name("queue", queue)
        return [self._move(task, queue) for task in tasks]

    def _move(self, task: TaskId, queue: str) -> bool:
        record = self._records.tasks.get(task)
        if record is None or record.state is not TaskState.PENDING:
            return False
        self._records.save(replace(record, queue=queue))
        return True

    def release_keys(self, tasks: Sequence[TaskId]) -> list[bool]:
        return [self._release_key(task) for task in tasks]

    def _release_key(self, task: TaskId) -> bool:
        record = self._records.tasks.get(task)
        if record is None or record.state not in AT_REST or record.idempotency_key is None:
            return False
        self._records.release_key(record)
        return True

    def claim(self, wanted: Claim) -> list[TaskRecord]:
        now = self._clock.now()
        ready, slots = self._records.ready, self.slots()
        ready.refresh(wanted.queues, now)
        handed_out: list[TaskRecord] = []
        held_back: list[TaskRecord] = []
        while len(handed_out) < wanted.limit and (record := ready.pop(wanted.queues, now)) is not None:
            if not slots.free(record):
                held_back.append(record)
                continue
            slots.fill(record)
            handed_out.append(claimed(record, wanted.worker, wanted.lease_for, now))
            self._records.save(handed_out[-1])
        for record in held_back:
            ready.add(record)
        return handed_out

    def slots(self) -> Slots:
        """What the running tasks leave of the limits."""
        return self.controls.slots(self._records.tasks[task] for task in self._records.running)

    def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        record = self._records.tasks.get(task)
        if record is None or record.state not in sources(Event.CLAIM):
            return None
        taken = claimed(record, worker, lease_for, self._clock.now())
        self._records.save(taken)
        return taken

    def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> list[Renewal]:
        until = self._clock.now() + lease_for
        return [self._renew(fence, until) for fence in fences]

    def _renew(self, fence: Fence, until: datetime) -> Renewal:
        record = self._held(fence)
        if record is None:
            return Renewal.LOST
        self._records.save(replace(record, lease_until=until))
        return Renewal.CANCEL if record.cancel_requested else Renewal.HELD

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        _refuse_illegal(settlements)
        return [self._settle(settlement) for settlement in settlements]

    def recover(self, settlements: Sequence[Settlement]) -> list[bool]:
        _refuse_illegal(settlements)
        overdue = self._overdue()
        return [settlement.fence.task in overdue and self._settle(settlement) for settlement in settlements]

    def _settle(self, settlement: Settlement) -> bool:
        record = self._held(settlement.fence)
        if record is None:
            return False
        done = settled(record, settlement, self._clock.now())
        if done.state is TaskState.PENDING:
            self._keep_attempt(done, settlement.event)
        self._records.save(done)
        return True

    def report(self, reports: Sequence[Report]) -> list[bool]:
        return [self._report(report) for report in reports]

    def _report(self, report: Report) -> bool:
        record = self._held(report.fence)
        if record is None:
            return False
        progress = record.progress if report.progress is None else report.progress
        note = record.progress_note if report.note is None else report.note
        self._records.save(replace(record, progress=progress, progress_note=note))
        self._records.log(report.lines)
        return True

    def cancellations(self, worker: WorkerId) -> list[Fence]:
        running = [self._records.tasks[task] for task in self._records.running]
        return [record.fence for record in running if record.worker == worker and record.cancel_requested]

    def overdue(self, limit: int) -> list[TaskRecord]:
        overdue, sort_key = self._overdue(), self._records.ids.sort_key
        longest_ago = sorted(overdue, key=lambda task: (overdue[task], sort_key(task)))
        return [self._records.tasks[task] for task in longest_ago[:limit]]

    def _overdue(self) -> dict[TaskId, datetime]:
        """Tasks whose lease has run out, with the instant when it did."""
        now = self._clock.now()
        running = [self._records.tasks[task] for task in self._records.running]
        return {record.id: until for record in running if (until := record.lease_until) is not None and until <= now}

    def expire(self, limit: int) -> list[TaskId]:
        now = self._clock.now()
        pending = [record for record in self._records.tasks.values() if record.state in sources(Event.EXPIRE)]
        past = [record for record in pending if is_past(record, now)][:limit]
        for record in past:
            self._records.save(replace(record, state=move(record.state, Event.EXPIRE), finished_at=now))
        return [record.id for record in past]

    def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        before = self._clock.now() - older_than
        at_rest = [record for record in self._records.tasks.values() if record.state in states & AT_REST]
        old = [(at, record.id) for record in at_rest if (at := record.finished_at) is not None and at < before]
        return self.delete([task for _, task in sorted(old)[:limit]])

    def _held(self, fence: Fence) -> TaskRecord | None:
        """The fence: the task, if exactly this attempt of this worker is going on."""
        record = self._records.tasks.get(fence.task)
        held = record is not None and record.state is TaskState.RUNNING and record.fence == fence
        return record if held else None

    def _keep_attempt(self, record: TaskRecord, ended: Event | None) -> None:
        """Keep what a record tells of its last attempt, before the next one takes its place."""
        attempt = last_attempt(record, ended)
        kept = self._records.attempts[record.id]
        if attempt is not None and (not kept or kept[-1].number < attempt.number):
            kept.append(attempt)
            del kept[:-KEPT_ATTEMPTS]


def _refuse_illegal(settlements: Sequence[Settlement]) -> None:
    """One wrong event spoils the whole batch, before anything of it is stored."""
    for settlement in settlements:
        move(TaskState.RUNNING, settlement.event)
