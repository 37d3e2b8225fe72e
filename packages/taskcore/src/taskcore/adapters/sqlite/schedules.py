"""What ``ScheduleStore`` does. A version is an AUTOINCREMENT number: every write takes one, and none comes twice."""

from datetime import datetime

from taskcore.adapters.documents import dump_schedule, load_schedule
from taskcore.adapters.sql.rows import Row, task_id
from taskcore.adapters.sqlite.session import Session
from taskcore.adapters.sqlite.tasks import cancel, put
from taskcore.clock import from_micros, to_micros
from taskcore.ids import ScheduleId
from taskcore.models import Advance, FireRecord, Receipt, ScheduleRecord, ScheduleSpec

_SCHEDULE = "SELECT spec, cursor, next_at, version FROM {p}_schedules"
_ONE = f"{_SCHEDULE} WHERE id = ?"
_ALL = f"{_SCHEDULE} ORDER BY id"
_DUE = f"{_SCHEDULE} WHERE paused = 0 AND next_at <= ? ORDER BY next_at, id LIMIT ?"
_SAVE = "INSERT OR REPLACE INTO {p}_schedules (id, spec, paused, cursor, next_at) VALUES (?, ?, ?, ?, ?)"
# Writes nothing unless the version is still the one that was seen.
_ADVANCE = """
INSERT OR REPLACE INTO {p}_schedules (id, spec, paused, cursor, next_at)
SELECT id, spec, paused, ?, ? FROM {p}_schedules WHERE id = ? AND version = ?"""
_REMOVE = "DELETE FROM {p}_schedules WHERE id = ?"
_REMOVE_FIRES = "DELETE FROM {p}_fires WHERE schedule = ?"
_ADD_FIRES = "INSERT INTO {p}_fires (schedule, instant, last, count, task, skipped) VALUES {rows}"
_FIRES = """
SELECT instant, last, count, task, skipped FROM {p}_fires WHERE schedule = ? ORDER BY fire DESC LIMIT ?"""


def save(session: Session, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
    present = session.execute(_ONE, [spec.id]).fetchone()
    text = dump_schedule(spec)
    # Written anew first, since the text may be an earlier release's.
    if present is None or dump_schedule(load_schedule(present[0])) != text:
        next_at = spec.when.next_after(cursor)
        session.execute(_SAVE, [spec.id, text, spec.paused, to_micros(cursor), _optional_micros(next_at)])
    return _record(session.execute(_ONE, [spec.id]).fetchone())


def remove(session: Session, schedule: ScheduleId) -> bool:
    session.execute(_REMOVE_FIRES, [schedule])
    return session.execute(_REMOVE, [schedule]).rowcount == 1


def advance(session: Session, step: Advance) -> list[FireRecord] | None:
    following = [to_micros(step.cursor), _optional_micros(step.next_at)]
    if session.execute(_ADVANCE, [*following, step.schedule, step.version]).rowcount != 1:
        return None
    receipts = put(session, [spec for _, spec in step.tasks])
    cancel(session, step.cancel)
    fired = [_fire(step, instant, receipt) for (instant, _), receipt in zip(step.tasks, receipts, strict=True)]
    fires = sorted([*fired, *step.skipped], key=lambda fire: fire.instant)
    session.execute_rows(_ADD_FIRES, [_fire_row(session, fire) for fire in fires])
    return fires


def _fire(step: Advance, instant: datetime, receipt: Receipt) -> FireRecord:
    return FireRecord(schedule=step.schedule, instant=instant, last=instant, task=receipt.task)


def every(session: Session) -> list[ScheduleRecord]:
    return [_record(row) for row in session.execute(_ALL)]


def due(session: Session, limit: int) -> list[ScheduleRecord]:
    return [_record(row) for row in session.execute(_DUE, [session.now, limit])]


def fires(session: Session, schedule: ScheduleId, limit: int) -> list[FireRecord]:
    return [_fire_of(schedule, row) for row in session.execute(_FIRES, [schedule, limit])]


def _record(row: Row) -> ScheduleRecord:
    text, cursor, next_at, version = row
    return ScheduleRecord(
        spec=load_schedule(text),
        cursor=from_micros(cursor),
        next_at=None if next_at is None else from_micros(next_at),
        version=version,
    )


def _fire_row(session: Session, fire: FireRecord) -> Row:
    task = None if fire.task is None else session.key(fire.task)
    return fire.schedule, to_micros(fire.instant), to_micros(fire.last), fire.count, task, fire.skipped


def _fire_of(schedule: ScheduleId, row: Row) -> FireRecord:
    instant, last, count, task, skipped = row
    return FireRecord(
        schedule=schedule,
        instant=from_micros(instant),
        last=from_micros(last),
        count=count,
        task=None if task is None else task_id(task),
        skipped=skipped,
    )


def _optional_micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)
