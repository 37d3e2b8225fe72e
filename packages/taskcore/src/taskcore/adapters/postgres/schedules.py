"""What ``ScheduleStore`` does. A version is a number of a sequence: every write takes one, and none comes twice."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Iterator
from datetime import datetime

from taskcore.adapters.documents import dump_schedule
from taskcore.adapters.postgres.database import Database, Runner
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.postgres.tasks import cancel, put, run
from taskcore.adapters.sql.schedule_rows import (
    FIRE_COLUMNS,
    SCHEDULE_COLUMNS,
    fire_of,
    fire_row,
    fires_of,
    optional_micros,
    schedule_of,
)
from taskcore.clock import to_micros
from taskcore.ids import ScheduleId, TaskId
from taskcore.models import Advance, FireRecord, ScheduleRecord, ScheduleSpec
from taskcore.models.schedule import KEPT_FIRES

_COLUMNS = ", ".join(SCHEDULE_COLUMNS)
_NEXT_VERSION = "nextval(pg_get_serial_sequence('{p}_schedules', 'version'))"
# One after the other, also those that add a schedule which is not there yet: there is no row to lock.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('{p}_schedules ' || $1, 0))"
_ONE = f"SELECT {_COLUMNS} FROM {{p}}_schedules WHERE id = $1 FOR UPDATE"
_ALL = f"SELECT {_COLUMNS} FROM {{p}}_schedules ORDER BY id"
_DUE = f"""
WITH {CLOCK} SELECT {_COLUMNS} FROM {{p}}_schedules
WHERE NOT paused AND next_at IS NOT NULL AND next_at <= (SELECT now FROM clock)
ORDER BY next_at, id LIMIT $2"""
_SAVE = f"""
INSERT INTO {{p}}_schedules (id, spec, paused, cursor, next_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET version = {_NEXT_VERSION}, spec = excluded.spec, paused = excluded.paused,
    cursor = excluded.cursor, next_at = excluded.next_at
RETURNING {_COLUMNS}"""
# Writes nothing unless the version is still the one that was seen.
_ADVANCE = f"""
UPDATE {{p}}_schedules SET version = {_NEXT_VERSION}, cursor = $3, next_at = $4
WHERE id = $1 AND version = $2
RETURNING version"""
_REMOVE = "DELETE FROM {p}_schedules WHERE id = $1 RETURNING id"
# After the schedule: an advance that was under way has stored its fires by then, and this statement sees them.
_REMOVE_FIRES = "DELETE FROM {p}_fires WHERE schedule = $1"
_FIRE_COLUMNS = ", ".join(FIRE_COLUMNS)
_ADD_FIRES = f"""
INSERT INTO {{p}}_fires (schedule, {_FIRE_COLUMNS})
SELECT schedule, {_FIRE_COLUMNS}
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::text[]) WITH ORDINALITY
    AS f (schedule, {_FIRE_COLUMNS}, n)
ORDER BY n"""
_FORGET_FIRES = f"""
DELETE FROM {{p}}_fires WHERE schedule = $1 AND fire <= (
    SELECT fire FROM {{p}}_fires WHERE schedule = $1 ORDER BY fire DESC LIMIT 1 OFFSET {KEPT_FIRES})"""
_FIRES = f"SELECT {_FIRE_COLUMNS} FROM {{p}}_fires WHERE schedule = $1 ORDER BY fire DESC LIMIT $2"


async def save(database: Database, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
    async def work(transaction: Runner) -> ScheduleRecord:
        return await _write(transaction, spec, cursor, await _locked(transaction, spec.id))

    return await database.together(work)


async def replace(
    database: Database, spec: ScheduleSpec, cursor: datetime, version: int | None
) -> ScheduleRecord | None:
    async def work(transaction: Runner) -> ScheduleRecord | None:
        present = await _locked(transaction, spec.id)
        if version != (present and present.version):
            return None
        return await _write(transaction, spec, cursor, present)

    return await database.together(work)


async def _locked(transaction: Runner, schedule: ScheduleId) -> ScheduleRecord | None:
    await transaction.fetch(_LOCK, schedule)
    rows = await transaction.fetch(_ONE, schedule)
    return schedule_of(rows[0]) if rows else None


async def _write(
    transaction: Runner, spec: ScheduleSpec, cursor: datetime, present: ScheduleRecord | None
) -> ScheduleRecord:
    text = dump_schedule(spec)
    # Written anew first, since the text may be an earlier release's.
    if present is not None and dump_schedule(present.spec) == text:
        return present
    next_at = optional_micros(spec.when.next_after(cursor))
    (row,) = await transaction.fetch(_SAVE, spec.id, text, spec.paused, to_micros(cursor), next_at)
    return schedule_of(row)


async def remove(database: Database, schedule: ScheduleId) -> bool:
    async def work(transaction: Runner) -> bool:
        removed = await transaction.fetch(_REMOVE, schedule)
        await transaction.fetch(_REMOVE_FIRES, schedule)
        return bool(removed)

    return await database.together(work)


async def advance(database: Database, step: Advance, fresh: Iterator[TaskId]) -> list[FireRecord] | None:
    async def work(transaction: Runner) -> list[FireRecord] | None:
        following = [to_micros(step.cursor), optional_micros(step.next_at)]
        if not await transaction.fetch(_ADVANCE, step.schedule, step.version, *following):
            return None
        specs = [spec for _, spec in step.tasks]
        receipts = await run(transaction, put(specs, fresh, transaction.now, ""))
        await cancel(transaction, step.cancel)
        fires = fires_of(step, receipts)
        if fires:
            await transaction.fetch(_ADD_FIRES, *zip(*[fire_row(fire, fire.task) for fire in fires], strict=True))
            await transaction.fetch(_FORGET_FIRES, step.schedule)
        return fires

    return await database.together(work)


async def every(runner: Runner) -> list[ScheduleRecord]:
    return [schedule_of(row) for row in await runner.fetch(_ALL)]


async def due(runner: Runner, limit: int) -> list[ScheduleRecord]:
    return [schedule_of(row) for row in await runner.fetch(_DUE, runner.now, max(0, limit))]


async def fires(runner: Runner, schedule: ScheduleId, limit: int) -> list[FireRecord]:
    return [fire_of(schedule, row) for row in await runner.fetch(_FIRES, schedule, max(0, limit))]
