"""What ``ScheduleStore`` does. The server counts versions: every write takes a new one, and none comes twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

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
from taskcore.adapters.sql.schema import Read
from taskcore.adapters.sql.session import Session
from taskcore.adapters.sql.tasks import cancel, put
from taskcore.clock import to_micros
from taskcore.ids import ScheduleId
from taskcore.models import Advance, FireRecord, ScheduleRecord, ScheduleSpec
from taskcore.models.schedule import KEPT_FIRES


def _select(session: Session) -> Read:
    return select(*[session.schema.schedules.c[column] for column in SCHEDULE_COLUMNS])


async def _locked(session: Session, schedule: ScheduleId) -> Any:
    """The row of a schedule, held until the end of the transaction; None when there is none."""
    return await session.first(_select(session).where(session.schema.schedules.c.id == schedule).with_for_update())


async def save(session: Session, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
    return await _save(session, spec, cursor, await _locked(session, spec.id))


async def replace(session: Session, spec: ScheduleSpec, cursor: datetime, version: int | None) -> ScheduleRecord | None:
    present = await _locked(session, spec.id)
    return await _save(session, spec, cursor, present) if version == (present and present.version) else None


async def _save(session: Session, spec: ScheduleSpec, cursor: datetime, present: Any) -> ScheduleRecord:
    # Written anew first, since the text may be an earlier release's.
    if present is not None and dump_schedule(load_schedule(present.spec)) == dump_schedule(spec):
        return schedule_of(present)
    return await _write(session, spec, to_micros(cursor), optional_micros(spec.when.next_after(cursor)), present)


async def _write(
    session: Session, spec: ScheduleSpec, cursor: int, next_at: int | None, present: Any
) -> ScheduleRecord:
    """In the place of ``present``, which is locked; the new row has the next version.

    Where there was none, somebody else may have added one since: then all begins anew, with that.
    """
    table, text = session.schema.schedules, dump_schedule(spec)
    session.check_size(text)
    if present is not None:
        await session.change(delete(table).where(table.c.id == spec.id))
    values = {"id": spec.id, "spec": text, "paused": int(spec.paused), "cursor": cursor, "next_at": next_at}
    added = await session.execute(insert(table).values(**values))
    (version,) = added.inserted_primary_key or (None,)
    return schedule_of((text, cursor, next_at, version))


async def remove(session: Session, schedule: ScheduleId) -> bool:
    table, fires_ = session.schema.schedules, session.schema.fires
    await session.change(delete(fires_).where(fires_.c.schedule == schedule))
    return await session.change(delete(table).where(table.c.id == schedule)) == 1


async def advance(session: Session, step: Advance) -> list[FireRecord] | None:
    present = await _locked(session, step.schedule)
    if present is None or present.version != step.version:
        return None
    spec = load_schedule(present.spec)
    await _write(session, spec, to_micros(step.cursor), optional_micros(step.next_at), present)
    receipts = await put(session, [spec for _, spec in step.tasks])
    await cancel(session, step.cancel)
    fires_ = fires_of(step, receipts)
    rows = [fire_row(fire, fire.task) for fire in fires_]
    await session.insert(session.schema.fires, ("schedule", *FIRE_COLUMNS), rows)
    await _forget_old(session, step.schedule)
    return fires_


async def _forget_old(session: Session, schedule: ScheduleId) -> None:
    c = session.schema.fires.c
    kept = select(c.fire).where(c.schedule == schedule).order_by(c.fire.desc()).limit(1).offset(KEPT_FIRES)
    if (newest := await session.first(kept)) is not None:
        await session.change(delete(session.schema.fires).where(c.schedule == schedule, c.fire <= newest.fire))


async def every(session: Session) -> list[ScheduleRecord]:
    return [schedule_of(row) for row in await session.rows(_select(session).order_by(session.schema.schedules.c.id))]


async def due(session: Session, limit: int) -> list[ScheduleRecord]:
    c = session.schema.schedules.c
    read = _select(session).where(c.paused == 0, c.next_at <= await session.now())
    return [schedule_of(row) for row in await session.rows(read.order_by(c.next_at, c.id).limit(limit))]


async def fires(session: Session, schedule: ScheduleId, limit: int) -> list[FireRecord]:
    c = session.schema.fires.c
    read = select(*[c[column] for column in FIRE_COLUMNS]).where(c.schedule == schedule)
    return [fire_of(schedule, row) for row in await session.rows(read.order_by(c.fire.desc()).limit(limit))]
