"""What ``ScheduleStore`` does. A version is a number of a sequence: every write takes one, and none comes twice."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections.abc import Iterator
from datetime import datetime

from taskcore.adapters.documents import dump_schedule, load_schedule
from taskcore.adapters.postgres.database import Database, Runner
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.postgres.tasks import cancel, put, run
from taskcore.adapters.sql.rows import Row
from taskcore.clock import from_micros, to_micros
from taskcore.ids import ScheduleId, TaskId
from taskcore.models import Advance, FireRecord, Receipt, ScheduleRecord, ScheduleSpec

_NEXT_VERSION = "nextval(pg_get_serial_sequence('{p}_schedules', 'version'))"
_SCHEDULE = "SELECT spec, cursor, next_at, version FROM {p}_schedules"
_ONE = f"{_SCHEDULE} WHERE id = $1 FOR UPDATE"
_ALL = f"{_SCHEDULE} ORDER BY id"
_DUE = f"""
WITH {CLOCK} {_SCHEDULE} WHERE NOT paused AND next_at IS NOT NULL AND next_at <= (SELECT now FROM clock)
ORDER BY next_at, id LIMIT $2"""
_SAVE = f"""
INSERT INTO {{p}}_schedules (id, spec, paused, cursor, next_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET version = {_NEXT_VERSION}, spec = excluded.spec, paused = excluded.paused,
    cursor = excluded.cursor, next_at = excluded.next_at
RETURNING spec, cursor, next_at, version"""
# Writes nothing unless the version is still the one that was seen.
_ADVANCE = f"""
UPDATE {{p}}_schedules SET version = {_NEXT_VERSION}, cursor = $3, next_at = $4
WHERE id = $1 AND version = $2
RETURNING version"""
_REMOVE = """
WITH fires AS (DELETE FROM {p}_fires WHERE schedule = $1)
DELETE FROM {p}_schedules WHERE id = $1 RETURNING id"""
_ADD_FIRES = """
INSERT INTO {p}_fires (schedule, instant, last, count, task, skipped)
SELECT f.schedule, f.instant, f.last, f.count, f.task, f.skipped
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::text[]) WITH ORDINALITY
    AS f (schedule, instant, last, count, task, skipped, n)
ORDER BY f.n"""
_FIRES = """
SELECT instant, last, count, task, skipped FROM {p}_fires WHERE schedule = $1 ORDER BY fire DESC LIMIT $2"""


async def save(database: Database, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
    text = dump_schedule(spec)

    async def work(transaction: Runner) -> ScheduleRecord:
        rows = await transaction.fetch(_ONE, spec.id)
        # Written anew first, since the text may be an earlier release's.
        if rows and dump_schedule(load_schedule(rows[0][0])) == text:
            return _record(rows[0])
        next_at = _optional_micros(spec.when.next_after(cursor))
        (row,) = await transaction.fetch(_SAVE, spec.id, text, spec.paused, to_micros(cursor), next_at)
        return _record(row)

    return await database.together(work)


async def remove(runner: Runner, schedule: ScheduleId) -> bool:
    return bool(await runner.fetch(_REMOVE, schedule))


async def advance(database: Database, step: Advance, fresh: Iterator[TaskId]) -> list[FireRecord] | None:
    async def work(transaction: Runner) -> list[FireRecord] | None:
        following = [to_micros(step.cursor), _optional_micros(step.next_at)]
        if not await transaction.fetch(_ADVANCE, step.schedule, step.version, *following):
            return None
        specs = [spec for _, spec in step.tasks]
        receipts = await run(transaction, put(specs, fresh, transaction.now, ""))
        await cancel(transaction, step.cancel)
        fired = [_fire(step, instant, receipt) for (instant, _), receipt in zip(step.tasks, receipts, strict=True)]
        fires = sorted([*fired, *step.skipped], key=lambda fire: fire.instant)
        if fires:
            await transaction.fetch(_ADD_FIRES, *zip(*map(_fire_row, fires), strict=True))
        return fires

    return await database.together(work)


def _fire(step: Advance, instant: datetime, receipt: Receipt) -> FireRecord:
    return FireRecord(schedule=step.schedule, instant=instant, last=instant, task=receipt.task)


async def every(runner: Runner) -> list[ScheduleRecord]:
    return [_record(row) for row in await runner.fetch(_ALL)]


async def due(runner: Runner, limit: int) -> list[ScheduleRecord]:
    return [_record(row) for row in await runner.fetch(_DUE, runner.now, max(0, limit))]


async def fires(runner: Runner, schedule: ScheduleId, limit: int) -> list[FireRecord]:
    return [_fire_of(schedule, row) for row in await runner.fetch(_FIRES, schedule, max(0, limit))]


def _record(row: Row) -> ScheduleRecord:
    text, cursor, next_at, version = row
    return ScheduleRecord(
        spec=load_schedule(text),
        cursor=from_micros(cursor),
        next_at=None if next_at is None else from_micros(next_at),
        version=version,
    )


def _fire_row(fire: FireRecord) -> Row:
    return fire.schedule, to_micros(fire.instant), to_micros(fire.last), fire.count, fire.task, fire.skipped


def _fire_of(schedule: ScheduleId, row: Row) -> FireRecord:
    instant, last, count, task, skipped = row
    return FireRecord(
        schedule=schedule,
        instant=from_micros(instant),
        last=from_micros(last),
        count=count,
        task=None if task is None else TaskId(task),
        skipped=skipped,
    )


def _optional_micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)
