"""What ``TaskWork`` and ``TaskUpkeep`` do: claim tasks, keep them, end their attempts. This is the hot path."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from taskcore.adapters.redis.reading import records
from taskcore.adapters.redis.records import NOTHING, dump_line, micros, record_of, settlement_values
from taskcore.adapters.redis.session import Session, Value
from taskcore.adapters.redis.tasks import SLICE
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, LogLine, Report, Settlement, TaskRecord
from taskcore.states import AT_REST, TaskState

_NO_CLAIM = Claim(worker=WorkerId(""), queues=(), limit=0, lease_for=timedelta(0))
_RENEWALS = {"H": Renewal.HELD, "C": Renewal.CANCEL, "L": Renewal.LOST}


async def exchange(
    session: Session, settlements: Sequence[Settlement], wanted: Claim, *, overdue: bool = False
) -> tuple[list[bool], list[TaskRecord]]:
    rows = [settlement_values(settlement, session.key(settlement.fence.task)) for settlement in settlements]
    settled, tasks, more = await _exchange(session, rows, wanted, overdue)
    while more:
        # So much was set aside or had to be ranked that none could be handed out yet.
        _, tasks, more = await _exchange(session, [], wanted, overdue)
    return [answer == "1" for answer in settled], tasks


async def _exchange(
    session: Session, rows: Sequence[Sequence[str]], wanted: Claim, overdue: bool
) -> tuple[str, list[TaskRecord], bool]:
    queues = tuple(dict.fromkeys(wanted.queues))
    most = max(0, wanted.limit) if queues else 0
    heads: list[Value] = [int(overdue), len(rows), most, wanted.worker, micros(wanted.lease_for), len(queues), *queues]
    settled, lease, values, more = await session.run_with("exchange", *heads, rows=rows)
    return settled, list(_claimed(session, values, lease)), more == 1


def _claimed(session: Session, values: Sequence[Any], lease: str) -> Iterator[TaskRecord]:
    fields = iter(values)
    for key, life, payload, extra, before in zip(fields, fields, fields, fields, fields, strict=True):
        yield record_of(session.id(key), life, payload, extra, before or NOTHING, lease=lease)


async def claim(session: Session, wanted: Claim) -> list[TaskRecord]:
    return (await exchange(session, (), wanted))[1]


async def settle(session: Session, settlements: Sequence[Settlement]) -> list[bool]:
    return (await exchange(session, settlements, _NO_CLAIM))[0]


async def recover(session: Session, settlements: Sequence[Settlement]) -> list[bool]:
    return (await exchange(session, settlements, _NO_CLAIM, overdue=True))[0]


async def take(session: Session, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
    lease, values = await session.run("take", session.key(task), worker, micros(lease_for))
    return next(_claimed(session, values, lease), None)


async def renew(session: Session, fences: Sequence[Fence], lease_for: timedelta) -> list[Renewal]:
    rows = [(session.key(task), attempt, worker) for task, attempt, worker in fences]
    answers = await session.run_with("renew", micros(lease_for), rows=rows)
    return [_RENEWALS[answer] for answer in answers]


async def report(session: Session, reports: Sequence[Report]) -> list[bool]:
    answers = await session.run_with("report", rows=[_report_row(session, report) for report in reports])
    return [answer == "1" for answer in answers]


def _report_row(session: Session, report: Report) -> list[Value]:
    task, attempt, worker = report.fence
    progress = "" if report.progress is None else repr(float(report.progress))
    note = "" if report.note is None else f"={report.note}"
    return [session.key(task), attempt, worker, progress, note, len(report.lines), *map(dump_line, report.lines)]


async def add_logs(session: Session, lines: Sequence[LogLine]) -> None:
    await session.run_with("add_logs", rows=[(session.key(line.task), dump_line(line)) for line in lines])


async def cancellations(session: Session, worker: WorkerId) -> list[Fence]:
    stopping = [text.split(" ", 1) for text in await session.ask("SMEMBERS", f"stopping:{worker}")]
    return [Fence(session.id(key), int(attempt), worker) for attempt, key in stopping]


async def overdue(session: Session, limit: int) -> list[TaskRecord]:
    found = await records(session, await session.run("overdue", limit))
    return [record for record in found if record is not None and record.state is TaskState.RUNNING]


async def expire(session: Session, limit: int) -> list[TaskId]:
    expired: list[TaskId] = []
    while limit > 0:
        most = min(limit, SLICE)
        keys = await session.run("expire", most)
        expired += map(session.id, keys)
        limit -= most
        if len(keys) < most:
            break
    return expired


async def prune(session: Session, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
    removed, at_rest = 0, sorted(states & AT_REST)
    while limit > removed:
        most = min(limit - removed, SLICE)
        now_removed, gone = await session.run("prune", micros(older_than), most, *at_rest)
        removed += now_removed
        if now_removed + gone < most:
            break
    return removed
