"""What ``TaskWork`` does: claim tasks, keep them, end their attempts. This is the hot path."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from taskcore.adapters.sql.rows import BACK, FOREVER, Row, later, log_row, settlement_row, task_id, task_of
from taskcore.adapters.sqlite import statements as sql
from taskcore.adapters.sqlite.controls import free_slots, places_with_slot
from taskcore.adapters.sqlite.session import Session, all_or_each
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, LogLine, Report, Settlement, TaskRecord
from taskcore.models.task import KEPT_ATTEMPTS
from taskcore.states import Event


def claim(session: Session, wanted: Claim) -> list[TaskRecord]:
    queues = tuple(dict.fromkeys(wanted.queues))
    if wanted.limit < 1 or not queues:
        return []
    session.execute(sql.PROMOTE, [session.now])
    lease = (wanted.worker, later(session.now, wanted.lease_for), session.now)
    places, records, limited = _best_ready(session, queues, wanted.limit, lease)
    if limited:
        return _claim_within_limits(session, queues, wanted.limit, lease)
    return _claim(session, lease, places, records)


def take(session: Session, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
    lease = (worker, later(session.now, lease_for), session.now)
    places, records, _ = session.execute(sql.TAKE, [*lease, session.key(task)]).fetchone()
    claimed = _claim(session, lease, places, records)
    return claimed[0] if claimed else None


def _claim(session: Session, lease: Row, places: str, records: str) -> list[TaskRecord]:
    if places == "[]":
        return []
    session.execute(sql.CLAIM, [*lease, places])
    return [task_of(row) for row in json.loads(records)]


def _claim_within_limits(session: Session, queues: Sequence[str], limit: int, lease: Row) -> list[TaskRecord]:
    """Claim in rounds: those of one round fill slots, so that the next one passes over others that share them."""
    claimed = list[TaskRecord]()
    while (left := limit - len(claimed)) > 0:
        places = places_with_slot(session, free_slots(session, queues, left), left)
        if not places:
            break
        claimed += _claim(session, lease, *_records_at(session, places, lease))
    return claimed


def _records_at(session: Session, places: Sequence[int], lease: Row) -> tuple[str, str]:
    try:
        at, records, _ = session.execute(sql.AT_PLACES, [*lease, json.dumps(places)]).fetchone()
    except sqlite3.DataError:  # as below
        if len(places) == 1:
            raise
        return _records_at(session, places[: len(places) // 2], lease)
    return at, records


def _best_ready(session: Session, queues: Sequence[str], limit: int, lease: Row) -> tuple[str, str, bool]:
    """Where the tasks to claim are, and their records once they are claimed, as JSON arrays; whether limits count."""
    parameters = [*lease]
    for queue in queues:
        parameters += [queue, session.now, session.now, limit]
    if len(queues) > 1:
        parameters.append(limit)
    try:
        places, records, limited = session.execute(sql.ready(len(queues)), parameters).fetchone()
    except sqlite3.DataError:
        # Their payloads make a text that is longer than SQLite can hold (1 GB): hand out fewer.
        if limit == 1:
            raise
        return _best_ready(session, queues, limit // 2, lease)
    return places, records, limited == 1


def renew(session: Session, fences: Sequence[Fence], lease_for: timedelta) -> list[Renewal]:
    until = later(session.now, lease_for)
    rows = [(worker, (session.key(task), attempt, until)) for task, attempt, worker in fences]
    held = all_or_each(session, rows, partial(_write, session, sql.RENEW))
    stop = {fence for worker in {fence.worker for fence in fences} for fence in cancellations(session, worker)}
    return [
        Renewal.LOST if not kept else Renewal.CANCEL if fence in stop else Renewal.HELD
        for fence, kept in zip(fences, held, strict=True)
    ]


def _write(session: Session, text: str, rows: Sequence[tuple[WorkerId, Row]]) -> int:
    by_worker = defaultdict[WorkerId, list[Row]](list)
    for worker, row in rows:
        by_worker[worker].append(row)
    return sum(session.execute_rows(text, some, worker, FOREVER) for worker, some in by_worker.items())


def cancellations(session: Session, worker: WorkerId) -> list[Fence]:
    rows = session.execute(sql.STOPPING, [worker])
    return [Fence(task_id(key), attempt, worker) for key, attempt in rows]


def settle(session: Session, settlements: Sequence[Settlement], lease_over: int = FOREVER) -> list[bool]:
    """End attempts; with ``lease_over``, only those whose lease has run out by then."""
    return all_or_each(session, settlements, partial(_settle, session, lease_over))


def _settle(session: Session, lease_over: int, settlements: Sequence[Settlement]) -> int:
    groups = defaultdict[tuple[Event, WorkerId], list[Row]](list)
    for settlement in settlements:
        task, _, worker = settlement.fence
        groups[settlement.event, worker].append(settlement_row(settlement, session.key(task), session.now))
    changed = 0
    for (event, worker), rows in groups.items():
        if event in BACK:
            session.execute_rows(sql.keep_attempt(event), rows, worker, lease_over)
            _forget_old_attempts(session, rows)
        changed += session.execute_rows(sql.settle(event), rows, worker, lease_over)
    return changed


def _forget_old_attempts(session: Session, rows: Sequence[Row]) -> None:
    """Now and then, so that it costs next to nothing."""
    for key, attempt, *_ in rows:
        if attempt % KEPT_ATTEMPTS == 0:
            session.execute(sql.FORGET_ATTEMPTS, [key, attempt - KEPT_ATTEMPTS])


def exchange(session: Session, settlements: Sequence[Settlement], wanted: Claim) -> tuple[list[bool], list[TaskRecord]]:
    return settle(session, settlements), claim(session, wanted)


def report(session: Session, reports: Sequence[Report]) -> list[bool]:
    rows = [(r.fence.worker, (session.key(r.fence.task), r.fence.attempt, r.progress, r.note)) for r in reports]
    held = all_or_each(session, rows, partial(_write, session, sql.REPORT))
    add_logs(session, [line for report, kept in zip(reports, held, strict=True) if kept for line in report.lines])
    return held


def add_logs(session: Session, lines: Sequence[LogLine]) -> None:
    session.execute_rows(sql.ADD_LINES, [log_row(line, session.key(line.task)) for line in lines])
