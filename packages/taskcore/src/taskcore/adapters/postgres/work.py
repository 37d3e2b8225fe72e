"""What ``TaskWork`` does: claim tasks, keep them, end their attempts. This is the hot path."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter

from taskcore.adapters.postgres import claiming
from taskcore.adapters.postgres.database import Database, Rows, Runner
from taskcore.adapters.postgres.ending import BACK_TO_QUEUE, REST, ending_columns
from taskcore.adapters.postgres.marks import Marks
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.postgres.tasks import storable
from taskcore.adapters.sql.rows import BACK, LATEST, micros
from taskcore.clock import to_micros
from taskcore.errors import StoreUnavailable
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, LogLine, Report, Settlement, TaskRecord

_FENCES = "unnest($2::text[], $3::integer[], $4::text[]) AS s (task, attempt, worker)"

_RENEW = f"""
WITH {CLOCK}, renewed AS (
    UPDATE {{p}}_leases AS l SET lease_until = least(now + $5::bigint, {LATEST}) FROM clock, {_FENCES}
    WHERE l.task = s.task AND l.attempt = s.attempt AND l.worker = s.worker
    RETURNING l.task, l.attempt, l.worker)
SELECT r.task, r.attempt, r.worker, t.cancel_requested FROM renewed AS r JOIN {{p}}_tasks AS t ON t.id = r.task"""

# Parameters 6 to 11 are the lines, each with the fence of its report.
_REPORT = """
WITH told AS (
    UPDATE {p}_tasks AS t
    SET progress = coalesce(s.progress, t.progress), progress_note = coalesce(s.note, t.progress_note)
    FROM unnest($1::text[], $2::integer[], $3::text[], $4::double precision[], $5::text[])
        AS s (task, attempt, worker, progress, note)
    WHERE t.id = s.task AND t.state = 'running' AND t.attempt = s.attempt AND t.worker = s.worker
    RETURNING t.id, t.attempt, t.worker),
lines AS (
    INSERT INTO {p}_logs (task, attempt, at, level, message)
    SELECT l.task, l.attempt, l.at, l.level, l.message
    FROM unnest($6::text[], $7::integer[], $8::text[], $9::bigint[], $10::text[], $11::text[]) WITH ORDINALITY
        AS l (task, attempt, worker, at, level, message, n)
    JOIN told AS t ON t.id = l.task AND t.attempt = l.attempt AND t.worker = l.worker
    ORDER BY l.n)
SELECT id, attempt, worker FROM told"""

_STOPPING = "SELECT id, attempt FROM {p}_tasks WHERE worker = $1 AND cancel_requested AND state = 'running'"

_ADD_LINES = """
INSERT INTO {p}_logs (task, attempt, at, level, message)
SELECT l.task, l.attempt, l.at, l.level, l.message
FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[]) WITH ORDINALITY
    AS l (task, attempt, at, level, message, n)
WHERE EXISTS (SELECT FROM {p}_tasks AS t WHERE t.id = l.task)
ORDER BY l.n"""

Pair = tuple[str, str]
ENDINGS: Pair = BACK_TO_QUEUE, REST

_RANK = attrgetter("run_at", "id")

# Rows are written in the order of ids, or two who write the same ones would wait for each other.
_TASK = attrgetter("fence.task")


async def claim(runner: Runner, wanted: Claim, marks: Marks) -> list[TaskRecord]:
    queues = list(dict.fromkeys(wanted.queues))
    if wanted.limit < 1 or not queues:
        return []
    lease = min(micros(wanted.lease_for), LATEST)
    parameters = [runner.now, wanted.worker, lease, queues, wanted.limit]
    begun = time.monotonic()
    rows = await runner.fetch(claiming.CLAIM, *parameters, True, *marks.columns(queues))
    if rows[0][0]:
        await runner.fetch(claiming.PROMOTE, runner.now)
        rows = await runner.fetch(claiming.CLAIM, *parameters, False, *marks.columns(queues))
    records = _records(rows, 2, wanted)
    marks.learn(rows[0][1], time.monotonic() - begun, records)
    if len(records) < wanted.limit and marks.clear() and not records:
        return await claim(runner, wanted, marks)
    return records


def _records(rows: Rows, before: int, wanted: Claim) -> list[TaskRecord]:
    """The claimed tasks, best first; ``before`` columns tell other things. A claim of nothing has one row of NULLs."""
    if rows[0][before] is None:
        return []
    return _best_first(list(claiming.records(rows, before, wanted.worker, wanted.lease_for)))


def _best_first(records: list[TaskRecord]) -> list[TaskRecord]:
    records.sort(key=_RANK)
    records.sort(key=attrgetter("priority"), reverse=True)
    return records


async def take(runner: Runner, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
    lease = min(micros(lease_for), LATEST)
    rows = await runner.fetch(claiming.TAKE, runner.now, worker, lease, *storable([task]))
    return next(claiming.records(rows, 0, worker, lease_for), None)


async def renew(runner: Runner, fences: Sequence[Fence], lease_for: timedelta) -> list[Renewal]:
    if not fences:
        return []
    lease = min(micros(lease_for), LATEST)
    rows = await runner.fetch(_RENEW, runner.now, *_fence_columns(sorted(fences)), lease)
    held = {(task, attempt, worker): stop for task, attempt, worker, stop in rows}
    answers = {False: Renewal.HELD, True: Renewal.CANCEL, None: Renewal.LOST}
    return [answers[held.get(fence)] for fence in fences]


def _fence_columns(fences: Sequence[Fence]) -> tuple[list[str], list[int], list[WorkerId]]:
    return storable(fence.task for fence in fences), [fence.attempt for fence in fences], [f.worker for f in fences]


async def settle(database: Database, settlements: Sequence[Settlement], statements: Pair = ENDINGS) -> list[bool]:
    """End attempts with two statements: for what goes back to its queue, and for what comes to rest."""
    if len({settlement.event in BACK for settlement in settlements}) < 2:
        return await _settle(database, settlements, statements)
    return await database.together(lambda transaction: _settle(transaction, settlements, statements))


async def _settle(runner: Runner, settlements: Sequence[Settlement], statements: Pair = ENDINGS) -> list[bool]:
    distinct = _distinct(settlements)
    back = [settlement for settlement in distinct if settlement.event in BACK]
    rest = [settlement for settlement in distinct if settlement.event not in BACK]
    effective = set[int]()
    # All are read before the first is written, so that an event which is refused leaves nothing behind.
    steps = [(sql, some, ending_columns(some)) for sql, some in zip(statements, (back, rest), strict=True) if some]
    if back:
        steps[0][2].append(storable([settlement.fence.task for settlement in distinct]) if rest else [])
    for sql, some, columns in steps:
        ((stored, _),) = await runner.fetch(sql, runner.now, *columns)
        effective |= _effective(some, stored)
    return _answers(settlements, effective)


def _distinct(settlements: Sequence[Settlement]) -> list[Settlement]:
    """The first settlement of each attempt, since every later one comes too late; in the order of their tasks."""
    distinct = dict[Fence, Settlement]()
    for settlement in settlements:
        distinct.setdefault(settlement.fence, settlement)
    return sorted(distinct.values(), key=_TASK)


def _effective(settlements: Sequence[Settlement], stored: Sequence[int] | None) -> set[int]:
    """The identities of those that took effect. ``stored`` has their ordinals, or is None for all."""
    if stored is None:
        return set(map(id, settlements))
    return {id(settlements[ordinal - 1]) for ordinal in stored}


def _answers(settlements: Sequence[Settlement], effective: set[int]) -> list[bool]:
    """True once for each that took effect, also where one is named twice."""
    answers = []
    for settlement in settlements:
        answers.append(id(settlement) in effective)
        effective.discard(id(settlement))
    return answers


async def exchange(
    database: Database, settlements: Sequence[Settlement], wanted: Claim, marks: Marks
) -> tuple[list[bool], list[TaskRecord]]:
    """In one statement where no task goes back to its queue, in one transaction otherwise."""
    distinct = _distinct(settlements)
    queues = list(dict.fromkeys(wanted.queues))
    if not distinct:
        return [], await claim(database, wanted, marks)
    if wanted.limit < 1 or not queues or any(settlement.event in BACK for settlement in distinct):
        return await database.together(lambda transaction: _in_steps(transaction, settlements, wanted, marks))
    lease = min(micros(wanted.lease_for), LATEST)
    parameters = [wanted.worker, lease, queues, wanted.limit, True, *marks.columns(queues)]
    begun = time.monotonic()
    rows = await database.fetch(claiming.EXCHANGE, database.now, *ending_columns(distinct), *parameters)
    stored, freed, due, walked = rows[0][:4]
    effective = _effective(distinct, stored)
    settled = _answers(settlements, effective)
    records = _records(rows, 4, wanted)
    marks.learn(walked, time.monotonic() - begun, records)
    missing = wanted.limit - len(records)
    # It has seen the slots that its own settlements free as taken still.
    if due or (missing and freed) or (missing and marks.clear() and not records):
        with suppress(StoreUnavailable):  # The settlements are stored, and whoever called must hear it.
            records += await claim(database, replace(wanted, limit=missing), marks)
    return settled, _best_first(records)


async def _in_steps(
    transaction: Runner, settlements: Sequence[Settlement], wanted: Claim, marks: Marks
) -> tuple[list[bool], list[TaskRecord]]:
    return await _settle(transaction, settlements), await claim(transaction, wanted, marks)


async def report(runner: Runner, reports: Sequence[Report]) -> list[bool]:
    if not reports:
        return []
    latest = dict[Fence, tuple[float | None, str | None]]()
    for each in sorted(reports, key=_TASK):
        progress, note = latest.get(each.fence, (None, None))
        latest[each.fence] = (
            progress if each.progress is None else each.progress,
            note if each.note is None else each.note,
        )
    lines = [(each.fence, line) for each in reports for line in each.lines]
    rows = await runner.fetch(
        _REPORT,
        *_fence_columns(list(latest)),
        [progress for progress, _ in latest.values()],
        [note for _, note in latest.values()],
        *_fence_columns([fence for fence, _ in lines]),
        *_line_columns([line for _, line in lines]),
    )
    held = {tuple(row) for row in rows}
    return [each.fence in held for each in reports]


async def add_logs(runner: Runner, lines: Sequence[LogLine]) -> None:
    tasks, attempts = storable(line.task for line in lines), [line.attempt for line in lines]
    await runner.fetch(_ADD_LINES, tasks, attempts, *_line_columns(lines))


def _line_columns(lines: Sequence[LogLine]) -> tuple[list[int], list[str], list[str]]:
    return [to_micros(line.at) for line in lines], [line.level for line in lines], [line.message for line in lines]


async def cancellations(runner: Runner, worker: WorkerId) -> list[Fence]:
    return [Fence(TaskId(task), attempt, worker) for task, attempt in await runner.fetch(_STOPPING, worker)]
