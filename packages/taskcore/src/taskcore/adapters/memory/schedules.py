"""Schedules as ``taskcore.ports.schedules`` tells it. A method is one step: its caller holds the lock."""

from collections import defaultdict, deque
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import count, islice

from taskcore.adapters.memory.tasks import Tasks
from taskcore.clock import Clock
from taskcore.ids import ScheduleId
from taskcore.models import Advance, FireRecord, Receipt, ScheduleRecord, ScheduleSpec
from taskcore.models.schedule import KEPT_FIRES


class Schedules:
    """What ``ScheduleStore`` does."""

    def __init__(self, tasks: Tasks, clock: Clock) -> None:
        self._tasks = tasks
        self._clock = clock
        self._records: dict[ScheduleId, ScheduleRecord] = {}
        self._fires: dict[ScheduleId, deque[FireRecord]] = defaultdict(partial(deque, maxlen=KEPT_FIRES))
        # One counter for all: a schedule that is removed and added again never meets a version that it had before.
        self._versions = count(1)

    def save(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        present = self._records.get(spec.id)
        if present is not None and present.spec == spec:
            return present
        record = ScheduleRecord(
            spec=spec, cursor=cursor, next_at=spec.when.next_after(cursor), version=next(self._versions)
        )
        self._records[spec.id] = record
        return record

    def replace(self, spec: ScheduleSpec, cursor: datetime, version: int | None) -> ScheduleRecord | None:
        present = self._records.get(spec.id)
        return self.save(spec, cursor) if version == (present and present.version) else None

    def remove(self, schedule: ScheduleId) -> bool:
        self._fires.pop(schedule, None)
        return self._records.pop(schedule, None) is not None

    def all(self) -> list[ScheduleRecord]:
        return sorted(self._records.values(), key=lambda record: record.spec.id)

    def due(self, limit: int) -> list[ScheduleRecord]:
        now = self._clock.now()
        active = [record for record in self.all() if not record.spec.paused]
        due = [(at, record) for record in active if (at := record.next_at) is not None and at <= now]
        return [record for _, record in sorted(due, key=lambda pair: pair[0])[:limit]]

    def advance(self, step: Advance) -> list[FireRecord] | None:
        present = self._records.get(step.schedule)
        if present is None or present.version != step.version:
            return None
        receipts = self._tasks.put([spec for _, spec in step.tasks])
        self._tasks.cancel(step.cancel)
        fired = [_fire(step, instant, receipt) for (instant, _), receipt in zip(step.tasks, receipts, strict=True)]
        fires = sorted([*fired, *step.skipped], key=lambda fire: fire.instant)
        self._fires[step.schedule] += fires
        self._records[step.schedule] = replace(
            present, cursor=step.cursor, next_at=step.next_at, version=next(self._versions)
        )
        return fires

    def fires(self, schedule: ScheduleId, limit: int) -> list[FireRecord]:
        return list(islice(reversed(self._fires.get(schedule, ())), limit))


def _fire(step: Advance, instant: datetime, receipt: Receipt) -> FireRecord:
    return FireRecord(schedule=step.schedule, instant=instant, last=instant, task=receipt.task)
