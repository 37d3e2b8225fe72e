"""The doors of the reference store: each takes the lock, does one step, and lets go.

Safe to use from several threads and event loops. Every step is short, so nobody waits for long.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock

from taskcore.adapters.bell import Bell
from taskcore.adapters.memory.leadership import Leaders
from taskcore.adapters.memory.notes import NoteBook
from taskcore.adapters.memory.presence import Workers
from taskcore.adapters.memory.reading import Reader
from taskcore.adapters.memory.records import Records
from taskcore.adapters.memory.schedules import Schedules
from taskcore.adapters.memory.statistics import Statistics
from taskcore.adapters.memory.tasks import Tasks
from taskcore.clock import Clock
from taskcore.ids import IdScheme, ScheduleId, TaskId, WorkerId
from taskcore.lease import Fence, Leadership, Renewal
from taskcore.models import (
    Advance,
    Attempt,
    Claim,
    FireRecord,
    LogLine,
    Note,
    QueueControl,
    QueueCounts,
    Receipt,
    Report,
    ScheduleRecord,
    ScheduleSpec,
    Settlement,
    Sighting,
    TaskQuery,
    TaskRecord,
    TaskSpec,
    TimedCount,
    WorkerInfo,
)
from taskcore.states import TaskState


class MemoryStore:
    """Every port and ability but ``TransactionalEnqueue``, within one process."""

    def __init__(self, clock: Clock, ids: IdScheme = IdScheme.TIME_SORTED) -> None:
        self._clock = clock
        self._lock = Lock()
        self._bells: set[Bell] = set()
        self._records = Records(ids, clock)
        self._tasks = Tasks(self._records, clock)
        self._reader = Reader(self._records, clock)
        self._schedules = Schedules(self._tasks, clock)
        self._leaders = Leaders(clock)
        self._notes = NoteBook(clock)
        self._statistics = Statistics(clock)
        self._workers = Workers(clock)

    async def now(self) -> datetime:
        return self._clock.now()

    async def check(self) -> None:
        """Nothing can be wrong with it."""

    async def close(self) -> None:
        """It holds nothing to let go of; other users of the object go on."""

    # TaskQueue

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        with self._lock:
            receipts = self._tasks.put(specs)
            self._ring()
            return receipts

    async def cancel(self, tasks: Sequence[TaskId]) -> Sequence[TaskState | None]:
        with self._lock:
            return self._tasks.cancel(tasks)

    async def replay(self, tasks: Sequence[TaskId]) -> Sequence[bool]:
        with self._lock:
            replayed = self._tasks.replay(tasks)
            self._ring()
            return replayed

    async def delete(self, tasks: Sequence[TaskId]) -> int:
        with self._lock:
            return self._tasks.delete(tasks)

    # Rearranging

    async def move(self, tasks: Sequence[TaskId], queue: str) -> Sequence[bool]:
        with self._lock:
            moved = self._tasks.move(tasks, queue)
            self._ring()
            return moved

    async def release_keys(self, tasks: Sequence[TaskId]) -> Sequence[bool]:
        with self._lock:
            return self._tasks.release_keys(tasks)

    # TaskWork

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        with self._lock:
            return self._tasks.claim(wanted)

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        with self._lock:
            return self._tasks.take(task, worker, lease_for)

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        with self._lock:
            return self._tasks.renew(fences, lease_for)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        with self._lock:
            settled = self._tasks.settle(settlements)
            self._ring()
            return settled

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        with self._lock:
            settled = self._tasks.settle(settlements)
            claimed = self._tasks.claim(wanted)
            self._ring()
            return settled, claimed

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        with self._lock:
            return self._tasks.report(reports)

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        with self._lock:
            return self._tasks.cancellations(worker)

    # TaskUpkeep

    async def overdue(self, limit: int) -> Sequence[TaskRecord]:
        with self._lock:
            return self._tasks.overdue(limit)

    async def recover(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        with self._lock:
            recovered = self._tasks.recover(settlements)
            self._ring()
            return recovered

    async def expire(self, limit: int) -> Sequence[TaskId]:
        with self._lock:
            return self._tasks.expire(limit)

    async def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        with self._lock:
            return self._tasks.prune(states, older_than, limit)

    # TaskReader

    async def get(self, task: TaskId) -> TaskRecord | None:
        with self._lock:
            return self._records.tasks.get(task)

    async def find(self, query: TaskQuery) -> Sequence[TaskRecord]:
        with self._lock:
            return self._reader.find(query)

    async def counts(self) -> Sequence[QueueCounts]:
        with self._lock:
            return self._reader.counts()

    async def attempts(self, task: TaskId) -> Sequence[Attempt]:
        with self._lock:
            return self._reader.attempts(task)

    async def logs(self, task: TaskId | None = None, *, name: str | None = None, limit: int = 100) -> Sequence[LogLine]:
        with self._lock:
            return self._reader.logs(task, name, limit)

    async def add_logs(self, lines: Sequence[LogLine]) -> None:
        with self._lock:
            self._records.log(lines)

    # QueueControls

    async def pause(self, queue: str) -> None:
        with self._lock:
            self._tasks.controls.pause(queue, True)
            self._records.writes += 1

    async def resume(self, queue: str) -> None:
        with self._lock:
            self._tasks.controls.pause(queue, False)
            self._records.writes += 1
            self._ring()

    async def limit(self, queue: str, concurrency: int | None) -> None:
        with self._lock:
            self._tasks.controls.limit(queue, concurrency)
            self._records.writes += 1
            self._ring()

    async def controls(self) -> Sequence[QueueControl]:
        with self._lock:
            return self._tasks.controls.all()

    # ScheduleStore

    async def save_schedule(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        with self._lock:
            self._records.writes += 1
            return self._schedules.save(spec, cursor)

    async def replace_schedule(
        self, spec: ScheduleSpec, cursor: datetime, version: int | None
    ) -> ScheduleRecord | None:
        with self._lock:
            self._records.writes += 1
            return self._schedules.replace(spec, cursor, version)

    async def remove_schedule(self, schedule: ScheduleId) -> bool:
        with self._lock:
            self._records.writes += 1
            return self._schedules.remove(schedule)

    async def schedules(self) -> Sequence[ScheduleRecord]:
        with self._lock:
            return self._schedules.all()

    async def due_schedules(self, limit: int) -> Sequence[ScheduleRecord]:
        with self._lock:
            return self._schedules.due(limit)

    async def advance(self, step: Advance) -> Sequence[FireRecord] | None:
        with self._lock:
            fires = self._schedules.advance(step)
            self._records.writes += 1
            self._ring()
            return fires

    async def fires(self, schedule: ScheduleId, limit: int = 100) -> Sequence[FireRecord]:
        with self._lock:
            return self._schedules.fires(schedule, limit)

    # LeaderStore

    async def campaign(self, name: str, holder: str, lease_for: timedelta) -> Leadership:
        with self._lock:
            return self._leaders.campaign(name, holder, lease_for)

    async def resign(self, held: Leadership) -> None:
        with self._lock:
            self._leaders.resign(held)

    # StatisticsStore

    async def add_counts(self, counts: Sequence[TimedCount]) -> None:
        with self._lock:
            self._statistics.add(counts)
            self._records.writes += 1

    async def timed_counts(
        self, span: timedelta, since: datetime, until: datetime, *, queue: str | None = None, name: str | None = None
    ) -> Sequence[TimedCount]:
        with self._lock:
            return self._statistics.between(span, since, until, queue, name)

    async def prune_counts(self, span: timedelta, older_than: timedelta) -> int:
        with self._lock:
            self._records.writes += 1
            return self._statistics.prune(span, older_than)

    # WorkerRegistry

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        with self._lock:
            self._workers.sight(worker, forget_after)
            self._records.writes += 1

    async def forget(self, worker: WorkerId) -> bool:
        with self._lock:
            self._records.writes += 1
            return self._workers.forget(worker)

    async def workers(self) -> Sequence[Sighting]:
        with self._lock:
            return self._workers.all()

    # Notes

    async def read_note(self, name: str) -> Note:
        with self._lock:
            return self._notes.read(name)

    async def swap_note(self, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
        with self._lock:
            return self._notes.swap(name, old, new, keep_for)

    # Changes

    async def revision(self) -> str:
        with self._lock:
            return str(self._records.writes)

    # Wakeup

    async def wait_for_work(self, queues: Sequence[str], timeout: float) -> None:
        bell = Bell()
        with self._lock:
            self._bells.add(bell)
        try:
            async with asyncio.timeout(timeout):
                await self._until_ready(queues, bell)
        except TimeoutError:
            return
        finally:
            with self._lock:
                self._bells.discard(bell)

    async def _until_ready(self, queues: Sequence[str], bell: Bell) -> None:
        while (seconds := self._seconds_until_ready(queues)) is None or seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await bell.heard()
            except TimeoutError:
                return

    def _seconds_until_ready(self, queues: Sequence[str]) -> float | None:
        with self._lock:
            now = self._clock.now()
            next_ready = self._records.ready.next_ready(queues, now, self._tasks.slots().free)
        return None if next_ready is None else (next_ready - now).total_seconds()

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()
