"""The scheduler: puts the tasks of due schedules, each due instant once, however many schedulers there are.

The decision is made from what the store holds and is stored with the version it was made from; a scheduler that was
slower finds another version and changes nothing. A leader only saves the others the work.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from taskcore.clock import Clock, SystemClock
from taskcore.events import AnyEvent, ScheduleEvent, TaskPut
from taskcore.models import Advance, FireRecord, ScheduleRecord, TaskQuery, TaskRecord, TaskSpec
from taskcore.ports import EventBus, ScheduleStore, TaskReader
from taskcore.schedule import Fire, Outcome, Overlap, due_fires
from taskcore.states import ACTIVE, TaskState

log = logging.getLogger("taskcore.engine")

BATCH = 100


class SchedulingStore(ScheduleStore, TaskReader, Protocol):
    """Schedules and the tasks they put, in one store."""


class Scheduler:
    """``tick`` deals with every schedule that is due."""

    def __init__(
        self,
        store: SchedulingStore,
        *,
        clock: Clock | None = None,
        bus: EventBus | None = None,
    ) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._bus = bus

    async def tick(self) -> int:
        """One round; answers how many tasks it put. To leave it out in a process that does not lead saves the work."""
        put = 0
        while due := await self._store.due_schedules(BATCH):
            now = await self._store.now()
            moved = [await self._follow(schedule, now) for schedule in due]
            put += sum(len(step.tasks) for step in moved if step is not None)
            if len(due) < BATCH or not any(moved):
                break
        return put

    async def _follow(self, schedule: ScheduleRecord, now: datetime) -> Advance | None:
        """Take one schedule up to ``now``; None when another scheduler was quicker."""
        step = plan(schedule, now, await self._unfinished(schedule))
        records = await self._store.advance(step)
        if records is None:
            return None
        self._announce(step, records)
        return step

    async def _unfinished(self, schedule: ScheduleRecord) -> Sequence[TaskRecord]:
        """Tasks of earlier instants that are not finished; only asked where the overlap policy wants to know."""
        if schedule.spec.overlap is Overlap.ALLOW:
            return ()
        return await self._store.find(TaskQuery(schedule=schedule.spec.id, states=ACTIVE, limit=BATCH))

    def _announce(self, step: Advance, records: Sequence[FireRecord]) -> None:
        if self._bus is None or not records:
            return
        now = self._clock.now()
        orders = dict(step.tasks)
        events: list[AnyEvent] = []
        for record in records:
            if record.task is not None and record.instant in orders:
                order = orders[record.instant]
                events.append(TaskPut(now, record.task, order.name, order.queue))
            events.append(
                ScheduleEvent(
                    at=now,
                    schedule=record.schedule,
                    instant=record.instant,
                    task=record.task,
                    skipped=record.skipped,
                    count=record.count,
                )
            )
        self._bus.publish(events)


def plan(schedule: ScheduleRecord, now: datetime, unfinished: Sequence[TaskRecord]) -> Advance:
    """Account for every instant of ``schedule`` up to ``now``: by its misfire policy, then by its overlap policy.

    Pure, so that the whole policy can be tested without a store.
    """
    spec = schedule.spec
    fires = due_fires(spec.when, schedule.cursor, now, spec.misfire)
    skipped = [_skip(schedule, fire, fire.reason or "") for fire in fires if fire.outcome is Outcome.SKIPPED]
    fired = [fire for fire in fires if fire.outcome is Outcome.FIRED]
    allowed = _allowed(spec.overlap, unfinished, len(fired))
    denied, fired = fired[: len(fired) - allowed], fired[len(fired) - allowed :]
    skipped.extend(_skip(schedule, fire, f"overlap={spec.overlap}") for fire in denied)
    return Advance(
        schedule=spec.id,
        version=schedule.version,
        cursor=now,
        next_at=spec.when.next_after(now),
        tasks=tuple((fire.instant, _task(schedule, fire.instant)) for fire in fired),
        skipped=tuple(skipped),
        cancel=tuple(task.id for task in unfinished) if fired and spec.overlap is Overlap.CANCEL_OTHER else (),
    )


def _allowed(overlap: Overlap, unfinished: Sequence[TaskRecord], fired: int) -> int:
    """How many of ``fired`` instants, the newest, may put a task."""
    match overlap:
        case Overlap.ALLOW:
            return fired
        case Overlap.SKIP:
            return 0 if unfinished else min(fired, 1)
        case Overlap.QUEUE_ONE:
            return 0 if any(task.state is TaskState.PENDING for task in unfinished) else min(fired, 1)
        case Overlap.CANCEL_OTHER:
            return min(fired, 1)


def _task(schedule: ScheduleRecord, instant: datetime) -> TaskSpec:
    """The order for one instant. Its key makes sure that even two stores in one cannot run it twice."""
    spec = schedule.spec
    return replace(spec.task, run_at=instant, schedule=spec.id, idempotency_key=fire_key(schedule, instant))


def fire_key(schedule: ScheduleRecord, instant: datetime) -> str:
    """Names one due instant of one schedule."""
    return f"{schedule.spec.id}@{instant.isoformat()}"


def _skip(schedule: ScheduleRecord, fire: Fire, policy: str) -> FireRecord:
    return FireRecord(schedule=schedule.spec.id, instant=fire.instant, last=fire.last, count=fire.count, skipped=policy)
