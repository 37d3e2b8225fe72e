"""What ``ScheduleStore`` does. A version is an AUTOINCREMENT number: every write takes one, and none comes twice."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from datetime import datetime

from taskcore.adapters.documents import dump_schedule, load_schedule
from taskcore.adapters.sql.schedule_rows import (
    FIRE_COLUMNS,
    SCHEDULE_COLUMNS,
    fire_of,
    fire_row,
    fires_of,
    optional_micros,
    schedule_of,
)
from taskcore.adapters.sqlite.session import Session
from taskcore.adapters.sqlite.tasks import cancel, put
from taskcore.clock import to_micros
from taskcore.ids import ScheduleId
from taskcore.models import Advance, FireRecord, ScheduleRecord, ScheduleSpec
from taskcore.models.schedule import KEPT_FIRES

_SCHEDULE = f"SELECT {', '.join(SCHEDULE_COLUMNS)} FROM {{p}}_schedules"
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
_ADD_FIRES = f"INSERT INTO {{p}}_fires (schedule, {', '.join(FIRE_COLUMNS)}) VALUES {{rows}}"
_FORGET_FIRES = f"""
DELETE FROM {{p}}_fires WHERE schedule = ?1 AND fire <= (
    SELECT fire FROM {{p}}_fires WHERE schedule = ?1 ORDER BY fire DESC LIMIT 1 OFFSET {KEPT_FIRES})"""
_FIRES = f"SELECT {', '.join(FIRE_COLUMNS)} FROM {{p}}_fires WHERE schedule = ? ORDER BY fire DESC LIMIT ?"


def save(session: Session, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
    present = session.execute(_ONE, [spec.id]).fetchone()
    text = dump_schedule(spec)
    # Written anew first, since the text may be an earlier release's.
    if present is None or dump_schedule(load_schedule(present[0])) != text:
        next_at = spec.when.next_after(cursor)
        session.execute(_SAVE, [spec.id, text, spec.paused, to_micros(cursor), optional_micros(next_at)])
    return schedule_of(session.execute(_ONE, [spec.id]).fetchone())


def replace(session: Session, spec: ScheduleSpec, cursor: datetime, version: int | None) -> ScheduleRecord | None:
    present = session.execute(_ONE, [spec.id]).fetchone()
    return save(session, spec, cursor) if version == (present and schedule_of(present).version) else None


def remove(session: Session, schedule: ScheduleId) -> bool:
    session.execute(_REMOVE_FIRES, [schedule])
    return session.execute(_REMOVE, [schedule]).rowcount == 1


def advance(session: Session, step: Advance) -> list[FireRecord] | None:
    following = [to_micros(step.cursor), optional_micros(step.next_at)]
    if session.execute(_ADVANCE, [*following, step.schedule, step.version]).rowcount != 1:
        return None
    receipts = put(session, [spec for _, spec in step.tasks])
    cancel(session, step.cancel)
    fires = fires_of(step, receipts)
    rows = [fire_row(fire, None if fire.task is None else session.key(fire.task)) for fire in fires]
    session.execute_rows(_ADD_FIRES, rows)
    session.execute(_FORGET_FIRES, [step.schedule])
    return fires


def every(session: Session) -> list[ScheduleRecord]:
    return [schedule_of(row) for row in session.execute(_ALL)]


def due(session: Session, limit: int) -> list[ScheduleRecord]:
    return [schedule_of(row) for row in session.execute(_DUE, [session.now, limit])]


def fires(session: Session, schedule: ScheduleId, limit: int) -> list[FireRecord]:
    return [fire_of(schedule, row) for row in session.execute(_FIRES, [schedule, limit])]
