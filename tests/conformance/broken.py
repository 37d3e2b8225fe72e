"""Stores that each break one promise, the way real ones do. The contracts must tell them from the reference."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from taskcore.adapters.bell import Bell
from taskcore.adapters.memory import MemoryStore
from taskcore.adapters.memory.leadership import Leaders
from taskcore.adapters.memory.notes import NoteBook
from taskcore.adapters.memory.presence import Workers
from taskcore.adapters.memory.reading import Reader
from taskcore.adapters.memory.ready import ReadyQueues
from taskcore.adapters.memory.records import Records
from taskcore.adapters.memory.schedules import Schedules
from taskcore.adapters.memory.statistics import Statistics
from taskcore.adapters.memory.tasks import Tasks
from taskcore.clock import Clock
from taskcore.ids import IdScheme, TaskId
from taskcore.lease import Fence, Leadership, Renewal
from taskcore.models import (
    Advance,
    Claim,
    FireRecord,
    Receipt,
    Report,
    ScheduleRecord,
    ScheduleSpec,
    Settlement,
    TaskQuery,
    TaskRecord,
    TaskSpec,
)
from taskcore.states import Event, TaskState

T = TypeVar("T")


class StateIsEnough(Tasks):
    """Lets anybody write to a task that runs."""

    def _held(self, fence: Fence) -> TaskRecord | None:
        record = self._records.tasks.get(fence.task)
        return record if record is not None and record.state is TaskState.RUNNING else None


class WorkerIsEnough(Tasks):
    """Takes a worker's earlier attempt for its present one."""

    def _held(self, fence: Fence) -> TaskRecord | None:
        record = self._records.tasks.get(fence.task)
        held = record is not None and record.state is TaskState.RUNNING and record.worker == fence.worker
        return record if held else None


class AttemptIsEnough(Tasks):
    """Believes anybody who knows the number of the attempt."""

    def _held(self, fence: Fence) -> TaskRecord | None:
        record = self._records.tasks.get(fence.task)
        held = record is not None and record.state is TaskState.RUNNING and record.attempt == fence.attempt
        return record if held else None


class FenceOutlivesTheAttempt(Tasks):
    """Compares attempt and worker, and forgets to ask whether the task still runs."""

    def _held(self, fence: Fence) -> TaskRecord | None:
        record = self._records.tasks.get(fence.task)
        return record if record is not None and record.worker is not None and record.fence == fence else None


class UnfencedRenew(Tasks):
    """Fences the end of an attempt alone, so that a zombie prolongs somebody else's lease."""

    def _renew(self, fence: Fence, until: datetime) -> Renewal:
        record = self._records.tasks.get(fence.task)
        if record is not None and record.state is TaskState.RUNNING:
            self._records.save(replace(record, lease_until=until))
            return Renewal.HELD
        return Renewal.LOST


class UnfencedReport(Tasks):
    """Fences the end of an attempt alone, so that a zombie's lines appear in the log."""

    def _report(self, report: Report) -> bool:
        self._records.log(report.lines)
        return super()._report(report)


class RenewIsTooStrict(Tasks):
    """Drops a lease that ran out, although nobody has taken it back."""

    def _renew(self, fence: Fence, until: datetime) -> Renewal:
        return Renewal.LOST if fence.task in self._overdue() else super()._renew(fence, until)


class RecoverIgnoresRenewal(Tasks):
    """Takes back what the reaper saw overdue, although its worker has renewed since."""

    def recover(self, settlements: Sequence[Settlement]) -> list[bool]:
        return self.settle(settlements)


class ClaimTakesWhatIsOverdue(Tasks):
    """Hands out a task as soon as its lease runs out, without a word to anybody."""

    def claim(self, wanted: Claim) -> list[TaskRecord]:
        for task in self._overdue():
            self._records.save(replace(self._records.tasks[task], state=TaskState.PENDING))
        return super().claim(wanted)


class ClaimIgnoresLeases(Tasks):
    """Hands out what runs already."""

    def claim(self, wanted: Claim) -> list[TaskRecord]:
        for task in list(self._records.running):
            self._records.save(replace(self._records.tasks[task], state=TaskState.PENDING))
        return super().claim(wanted)


class ClaimForgetsToCount(Tasks):
    """Begins an attempt under the number of the one before."""

    def claim(self, wanted: Claim) -> list[TaskRecord]:
        claimed = [replace(record, attempt=max(1, record.attempt - 1)) for record in super().claim(wanted)]
        for record in claimed:
            self._records.save(record)
        return claimed


class ReplayResetsTheAttempt(Tasks):
    """Counts a replayed task's attempts from zero, so that an old fence opens it again."""

    def _replay(self, task: TaskId) -> bool:
        replayed = super()._replay(task)
        if replayed:
            self._records.save(replace(self._records.tasks[task], attempt=0))
        return replayed


class ReplayForgetsThePast(Tasks):
    """Starts anew without keeping the last attempt."""

    def _replay(self, task: TaskId) -> bool:
        kept = list(self._records.attempts[task])
        replayed = super()._replay(task)
        self._records.attempts[task] = kept
        return replayed


class CancelKills(Tasks):
    """Cancels a running task under its worker's hands."""

    def _cancel(self, task: TaskId) -> TaskState | None:
        state = super()._cancel(task)
        if state is TaskState.RUNNING:
            record = self._records.tasks[task]
            self._records.save(replace(record, state=TaskState.CANCELLED, lease_until=None))
        return state


class DelayCountsFromTheWorkersClock(Tasks):
    """Adds the delay to the instant that the worker told."""

    def _settle(self, settlement: Settlement) -> bool:
        settled = super()._settle(settlement)
        record = self._records.tasks.get(settlement.fence.task)
        if settled and record is not None and settlement.finished_at and settlement.event is not Event.REPEAT:
            self._records.save(replace(record, run_at=settlement.finished_at + settlement.delay))
        return settled


class RepeatKeepsFailures(Tasks):
    """Lets a periodic task use up its retries over the years."""

    def _settle(self, settlement: Settlement) -> bool:
        before = self._records.tasks.get(settlement.fence.task)
        settled = super()._settle(settlement)
        if settled and before is not None and settlement.event is Event.REPEAT:
            record = self._records.tasks[before.id]
            self._records.save(replace(record, failures=before.failures, losses=before.losses))
        return settled


class LeaseOutlivesTheAttempt(Tasks):
    """Leaves the lease on a task that does not run any more."""

    def _settle(self, settlement: Settlement) -> bool:
        before = self._records.tasks.get(settlement.fence.task)
        settled = super()._settle(settlement)
        if settled and before is not None:
            self._records.save(replace(self._records.tasks[before.id], lease_until=before.lease_until))
        return settled


class KeysAreIgnored(Tasks):
    """Stores the same order twice."""

    def _put(self, spec: TaskSpec, now: datetime) -> Receipt:
        return super()._put(replace(spec, idempotency_key=None), now)


class KeysAreLookedUpBeforehand(Tasks):
    """Looks all keys of a batch up first, and so misses those that are in it twice."""

    def put(self, specs: Sequence[TaskSpec]) -> list[Receipt]:
        taken, new = set(self._records.by_key), set[str | None]()
        for place, spec in enumerate(specs):
            if spec.idempotency_key in new and spec.idempotency_key not in taken:
                specs = [*specs[:place], replace(spec, idempotency_key=None), *specs[place + 1 :]]
            new.add(spec.idempotency_key)
        return super().put(specs)


class PutStopsHalfway(Tasks):
    """Keeps what it stored before an order was refused."""

    def put(self, specs: Sequence[TaskSpec]) -> list[Receipt]:
        return [self._put(spec, self._clock.now()) for spec in specs]


class PruneLooksAtTheEndAlone(Tasks):
    """Removes a task that waits for its retry, because its last attempt finished long ago."""

    def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        before = self._clock.now() - older_than
        records = list(self._records.tasks.values())
        old = [record.id for record in records if record.state in states and (record.finished_at or before) < before]
        return self.delete(old[:limit])


class RefusalsAreLeftOut(Tasks):
    """Answers for the accepted writes first, so that a worker blames the wrong one."""

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        return sorted(super().settle(settlements), reverse=True)


class PagesByPosition(Reader):
    """Counts rows instead of following the last id."""

    def find(self, query: TaskQuery) -> list[TaskRecord]:
        found = super().find(replace(query, after=None, limit=10**6))
        ids = [record.id for record in found]
        start = ids.index(query.after) + 1 if query.after in ids else 0
        return found[start : start + query.limit]


class StepsAreNotCounted(Schedules):
    """Makes the step of a scheduler that comes second, too."""

    def advance(self, step: Advance) -> list[FireRecord] | None:
        present = self._records.get(step.schedule)
        return None if present is None else super().advance(replace(step, version=present.version))


class StepsMoveTheCursorFirst(Schedules):
    """Is past an instant although putting its task failed."""

    def advance(self, step: Advance) -> list[FireRecord] | None:
        present = self._records.get(step.schedule)
        if present is not None and present.version == step.version:
            self._records[step.schedule] = replace(present, cursor=step.cursor, next_at=step.next_at)
        return super().advance(step)


class VersionsStartAgain(Schedules):
    """Counts a schedule that was removed and added again from one."""

    def save(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        known = spec.id in self._records
        record = super().save(spec, cursor)
        if not known:
            record = self._records[spec.id] = replace(record, version=1)
        return record


class SavingSeesNobody(Schedules):
    """Saves over what others have saved since somebody looked."""

    def replace(self, spec: ScheduleSpec, cursor: datetime, version: int | None) -> ScheduleRecord | None:
        return self.save(spec, cursor)


class SavingStartsAgain(Schedules):
    """Takes every declaration for an edit, so that a restart forgets what was missed."""

    def save(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        self._records.pop(spec.id, None)
        return super().save(spec, cursor)


class EpochsStartAgain(Leaders):
    """Forgets a lease that was given back, and with it the epoch."""

    def resign(self, held: Leadership) -> None:
        if self._leases.get(held.name) == held:
            del self._leases[held.name]


class AnybodyResigns(Leaders):
    """Gives back a lease for somebody who does not hold it any more."""

    def resign(self, held: Leadership) -> None:
        present = self._leases.get(held.name, held)
        super().resign(present)


class WaitsForNewsAlone(MemoryStore):
    """Misses what was put between a claim and the wait."""

    async def _until_ready(self, queues: Sequence[str], bell: Bell) -> None:
        await bell.heard()


class TellsOneWaiter(MemoryStore):
    """Wakes one of many."""

    def _ring(self) -> None:
        for bell in list(self._bells)[:1]:
            bell.ring()


class ReusesNumbers(Records):
    """Numbers a task by the highest id that is stored now."""

    def _fresh_id(self) -> TaskId:
        return TaskId(str(max(map(int, self.tasks), default=0) + 1))


class RanksByTime(ReadyQueues):
    """Knows no priorities."""

    def _rank(self, record: TaskRecord) -> tuple[int, datetime, tuple[int, str]]:
        return 0, record.run_at, self._ids.sort_key(record.id)


class NumbersSortAsText(ReadyQueues):
    """Puts task 10 before task 9."""

    def _rank(self, record: TaskRecord) -> tuple[int, datetime, tuple[int, str]]:
        return -record.priority, record.run_at, (0, record.id)


class HandsOutTooEarly(ReadyQueues):
    """Compares with the clock of a worker that is a second fast."""

    def refresh(self, queues: Sequence[str], now: datetime) -> None:
        super().refresh(queues, now + timedelta(seconds=1))

    def pop(self, queues: Sequence[str], now: datetime) -> TaskRecord | None:
        return super().pop(queues, now + timedelta(seconds=1))


class HandsOutWhatExpired(ReadyQueues):
    """Looks at ``run_at`` alone."""

    def _pending(self, task: TaskId, run_at: datetime, queue: str) -> TaskRecord | None:
        record = super()._pending(task, run_at, queue)
        return record and replace(record, expires_at=None)


def open_with(part: type, clock: Clock, ids: IdScheme = IdScheme.TIME_SORTED) -> MemoryStore:
    """The reference store with one part replaced by a broken one."""

    def choose(base: type[T]) -> type[T]:
        return part if issubclass(part, base) else base

    store = choose(MemoryStore)(clock, ids)
    store._records = records = choose(Records)(ids, clock)
    records.ready = choose(ReadyQueues)(ids, records.tasks.get)
    store._tasks = tasks = choose(Tasks)(records, clock)
    store._reader = choose(Reader)(records, clock)
    store._schedules = choose(Schedules)(tasks, clock)
    store._leaders = choose(Leaders)(clock)
    store._notes = choose(NoteBook)(clock)
    store._statistics = choose(Statistics)(clock)
    store._workers = choose(Workers)(clock)
    return store
