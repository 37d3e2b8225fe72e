"""What ``TaskWork`` does: claim tasks, keep them, end their attempts. This is the hot path.

A worker's write locks its rows, sees which of them the fences still open, and then changes those alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from taskcore.adapters.sql import controls
from taskcore.adapters.sql.rows import (
    BACK,
    TASK_COLUMNS,
    Row,
    later,
    log_row,
    settlement_row,
    task_id,
    task_of,
    text_key,
)
from taskcore.adapters.sql.session import Session
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, LogLine, Report, Settlement, TaskRecord
from taskcore.models.task import KEPT_ATTEMPTS
from taskcore.states import Event, TaskState

ATTEMPT_COLUMNS = ("task", "number", "worker", "started_at", "finished_at", "ended", "result", "error", "version")

_LOG_COLUMNS = ("task", "attempt", "at", "level", "message")
_MOST_DUE = 1000
"""No claim has to wait for a whole wave of tasks that become due together."""


async def locked(session: Session, tasks: Iterable[TaskId]) -> dict[str, Any]:
    """The rows of tasks by their keys, held until the end of the transaction."""
    keys = sorted({text_key(task) for task in tasks})
    return {row.id: row for row in await session.rows(session.sql.lock, ids=keys)} if keys else {}


async def claim(session: Session, wanted: Claim) -> list[TaskRecord]:
    """Claim in rounds: those of one round fill slots, so that the next one passes over others that share them."""
    queues = tuple(dict.fromkeys(wanted.queues))
    if wanted.limit < 1 or not queues:
        return []
    now, due, held_back = await session.glance()
    if due:
        await _promote(session, now)
    free = dict.fromkeys(queues, wanted.limit)
    if held_back:
        free = await controls.free_slots(session, queues, wanted.limit)
    claimed, keys, full = list[TaskRecord](), controls.Keys(session), list[tuple[str, int]]()
    while (left := wanted.limit - len(claimed)) > 0:
        best = await _best_ready(session, free, left, full)
        chosen = await keys.with_slot(best)
        claimed += await _begin(session, chosen, wanted.worker, wanted.lease_for)
        for row in chosen:
            free[row.queue] -= 1
        known, full = full, await keys.full() if len(chosen) < len(best) else full
        if full == known:
            break
    return claimed


async def _promote(session: Session, now: int) -> None:
    due = [row.id for row in await session.rows(session.sql.due, now=now, most=_MOST_DUE)]
    free = await session.rows(session.sql.lock_free, ids=sorted(due)) if due else []
    still = [row.id for row in free if row.ready == 0 and row.run_at <= now]
    if still:
        await session.change(session.sql.promote, ids=still)


async def _best_ready(session: Session, free: dict[str, int], limit: int, full: Sequence[tuple[str, int]]) -> list[Any]:
    """Each queue's best, locked; then the best of these."""
    now, found = await session.now(), list[Any]()
    for queue, slots in free.items():
        if slots > 0:
            found += await session.rows(session.sql.ready, of=queue, now=now, full=full, most=min(slots, limit))
    return sorted(found, key=lambda row: (-row.priority, row.run_at, row.id))[:limit]


async def _begin(session: Session, rows: Sequence[Any], worker: WorkerId, lease_for: timedelta) -> list[TaskRecord]:
    if not rows:
        return []
    now = await session.now()
    until = later(now, lease_for)
    await session.change(session.sql.begin, ids=[row.id for row in rows], by=worker, until=until, now=now)
    fresh = {
        "state": TaskState.RUNNING.value,
        "worker": worker,
        "lease_until": until,
        "started_at": now,
        "finished_at": None,
        "progress": None,
        "progress_note": None,
    }
    return [task_of([*_changed(row, {**fresh, "attempt": row.attempt + 1})]) for row in rows]


def _changed(row: Any, values: dict[str, object]) -> Iterable[object]:
    return (values.get(column, value) for column, value in zip(TASK_COLUMNS, row, strict=True))


async def take(session: Session, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
    rows = await session.rows(session.sql.take, ids=[text_key(task)])
    pending = [row for row in rows if row.state == TaskState.PENDING]
    taken = await _begin(session, pending, worker, lease_for)
    return taken[0] if taken else None


def _held(rows: dict[str, Any], fence: Fence) -> Any:
    """The fence: the row, if exactly this attempt of this worker is going on; else None."""
    row = rows.get(fence.task)
    if row is None or row.state != TaskState.RUNNING:
        return None
    return row if (row.attempt, row.worker) == (fence.attempt, fence.worker) else None


async def renew(session: Session, fences: Sequence[Fence], lease_for: timedelta) -> list[Renewal]:
    rows = await locked(session, [fence.task for fence in fences])
    held = {fence for fence in fences if _held(rows, fence) is not None}
    if held:
        until = later(await session.now(), lease_for)
        await session.change(session.sql.renew, ids=[fence.task for fence in held], until=until)
    stop = {fence for fence in held if rows[fence.task].cancel_requested}
    return [
        Renewal.LOST if fence not in held else Renewal.CANCEL if fence in stop else Renewal.HELD for fence in fences
    ]


async def cancellations(session: Session, worker: WorkerId) -> list[Fence]:
    return [
        Fence(task_id(key), attempt, worker) for key, attempt in await session.rows(session.sql.stopping, by=worker)
    ]


async def settle(session: Session, settlements: Sequence[Settlement], *, overdue: bool = False) -> list[bool]:
    """End attempts; with ``overdue``, only those whose lease has run out."""
    if not settlements:
        return []
    now = await session.now()
    ends = [settlement_row(settlement, text_key(settlement.fence.task), now) for settlement in settlements]
    rows = await locked(session, [settlement.fence.task for settlement in settlements])
    groups = defaultdict[Event, list[Row]](list)
    kept, answers = list[Row](), list[bool]()
    for settlement, end in zip(settlements, ends, strict=True):
        row = _held(rows, settlement.fence)
        answers.append(row is not None and not (overdue and row.lease_until > now))
        if answers[-1]:
            del rows[row.id]  # the first settlement of an attempt is its last
            _, _, *rest = end
            session.check_size(settlement.result, rest[3])
            groups[settlement.event].append((row.id, *rest))
            if settlement.event in BACK:
                kept.append(_attempt(row, settlement, end))
    await _keep(session, kept)
    for event, ended in groups.items():
        await session.change_rows(session.sql.settle[event], ended)
    return answers


def _attempt(row: Any, settlement: Settlement, end: Row) -> Row:
    _, number, started_at, finished_at, result, error, version, *_ = end
    repeated = result if settlement.event is Event.REPEAT else None
    started_at = row.started_at if started_at is None else started_at
    return row.id, number, row.worker, started_at, finished_at, settlement.event.value, repeated, error, version


async def _keep(session: Session, attempts: Sequence[Row]) -> None:
    """Keep attempts of tasks that go back; now and then forget old ones, so that it costs next to nothing."""
    table = session.schema.attempts
    await session.insert(table, ATTEMPT_COLUMNS, attempts)
    for task, number, *_ in attempts:
        if number % KEPT_ATTEMPTS == 0:
            old = delete(table).where(table.c.task == task, table.c.number <= number - KEPT_ATTEMPTS)
            await session.change(old)


async def exchange(
    session: Session, settlements: Sequence[Settlement], wanted: Claim
) -> tuple[list[bool], list[TaskRecord]]:
    await session.glance()
    return await settle(session, settlements), await claim(session, wanted)


async def report(session: Session, reports: Sequence[Report]) -> list[bool]:
    rows = await locked(session, [report.fence.task for report in reports])
    answers = [_held(rows, report.fence) is not None for report in reports]
    told, lines = dict[str, tuple[float | None, str | None]](), list[LogLine]()
    for report in (report for report, held in zip(reports, answers, strict=True) if held):
        progress, note = told.get(report.fence.task, (None, None))
        session.check_size(report.note)
        told[report.fence.task] = (
            progress if report.progress is None else report.progress,
            note if report.note is None else report.note,
        )
        lines += report.lines
    await session.change_rows(session.sql.report, [(key, *values) for key, values in told.items()])
    await _insert_lines(session, lines)
    return answers


async def add_logs(session: Session, lines: Sequence[LogLine]) -> None:
    t = session.schema.tasks.c
    keys = sorted({text_key(line.task) for line in lines})
    # Held, so that nobody deletes a task while its lines are written.
    known = select(t.id).where(t.id.in_(keys)).order_by(t.id).with_for_update(read=True)
    present = {row.id for row in await session.rows(session.schema.by_key(known, session.schema.tasks))} if keys else ()
    await _insert_lines(session, [line for line in lines if line.task in present])


async def _insert_lines(session: Session, lines: Sequence[LogLine]) -> None:
    for line in lines:
        session.check_size(line.level, line.message)
    await session.insert(session.schema.logs, _LOG_COLUMNS, [log_row(line, line.task) for line in lines])
