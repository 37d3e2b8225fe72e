"""Schedules and their fires as rows, and back."""

from collections.abc import Sequence
from datetime import datetime

from taskcore.adapters.documents import load_schedule
from taskcore.adapters.sql.rows import Row, task_id
from taskcore.clock import from_micros, to_micros
from taskcore.ids import ScheduleId
from taskcore.models import Advance, FireRecord, Receipt, ScheduleRecord

SCHEDULE_COLUMNS = ("spec", "cursor", "next_at", "version")
"""What ``schedule_of`` reads, in its order."""

FIRE_COLUMNS = ("instant", "last", "count", "task", "skipped")
"""What ``fire_of`` reads, in its order; ``fire_row`` writes the schedule before them."""


def schedule_of(row: Row) -> ScheduleRecord:
    text, cursor, next_at, version = row
    return ScheduleRecord(
        spec=load_schedule(text),
        cursor=from_micros(cursor),
        next_at=None if next_at is None else from_micros(next_at),
        version=version,
    )


def fires_of(step: Advance, receipts: Sequence[Receipt]) -> list[FireRecord]:
    """What a step accounts for, oldest first, once its tasks are put."""
    fired = [
        FireRecord(schedule=step.schedule, instant=instant, last=instant, task=receipt.task)
        for (instant, _), receipt in zip(step.tasks, receipts, strict=True)
    ]
    return sorted([*fired, *step.skipped], key=lambda fire: fire.instant)


def fire_row(fire: FireRecord, key: str | int | None) -> Row:
    """``key`` is that of the fire's task."""
    return fire.schedule, to_micros(fire.instant), to_micros(fire.last), fire.count, key, fire.skipped


def fire_of(schedule: ScheduleId, row: Row) -> FireRecord:
    instant, last, count, task, skipped = row
    return FireRecord(
        schedule=schedule,
        instant=from_micros(instant),
        last=from_micros(last),
        count=count,
        task=None if task is None else task_id(task),
        skipped=skipped,
    )


def optional_micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)
