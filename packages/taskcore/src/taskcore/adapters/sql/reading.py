"""What ``TaskReader`` does; each function reads one committed state with one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, literal, null, or_, select, union_all

from taskcore.adapters.sql.rows import attempt_of, counts_of, line_of, task_of, text_key
from taskcore.adapters.sql.schema import Read
from taskcore.adapters.sql.session import Session
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, Order, QueueCounts, TaskQuery, TaskRecord
from taskcore.states import TaskState


async def get(session: Session, task: TaskId) -> TaskRecord | None:
    row = await session.first(select(*session.schema.task).where(session.schema.tasks.c.id == text_key(task)))
    return None if row is None else task_of(row)


async def find(session: Session, query: TaskQuery) -> list[TaskRecord]:
    """The ids by an index first, and then their rows: one walk for each wanted state, then the first of these."""
    t = session.schema.tasks.c
    states = [t.state == state.value for state in sorted(query.states)] or [literal(1) == 1]
    conditions = _conditions(session, query)
    walks = [_in_order(select(t.id).where(state, *conditions), t.id, query).subquery() for state in states]
    ids = union_all(*[select(walk.c.id) for walk in walks]).subquery()
    first = _in_order(select(ids.c.id), ids.c.id, query).subquery()
    read = select(*session.schema.task).join(first, first.c.id == t.id)
    return [task_of(row) for row in await session.rows(read.order_by(_direction(t.id, query)))]


def _in_order(read: Read, key: ColumnElement[Any], query: TaskQuery) -> Read:
    return read.order_by(_direction(key, query)).limit(max(0, query.limit))


def _direction(key: ColumnElement[Any], query: TaskQuery) -> ColumnElement[Any]:
    return key.desc() if query.order is Order.NEWEST else key.asc()


def _conditions(session: Session, query: TaskQuery) -> list[ColumnElement[bool]]:
    t = session.schema.tasks.c
    wanted = {t.queue: query.queue, t.name: query.name, t.schedule: query.schedule}
    conditions = [column == value for column, value in wanted.items() if value is not None]
    if query.after is not None:
        after = text_key(query.after)
        conditions.append(t.id < after if query.order is Order.NEWEST else t.id > after)
    return conditions


async def counts(session: Session) -> list[QueueCounts]:
    """A task past its expiry counts, but nobody waits for it."""
    t, now = session.schema.tasks.c, await session.now()
    all_states = select(t.queue, t.state, func.count(), null()).group_by(t.queue, t.state)
    due = select(t.queue, literal(TaskState.PENDING.value), literal(0), func.min(t.run_at))
    waits = [t.ready.in_([0, 1]), t.run_at <= now, or_(t.expires_at.is_(None), t.expires_at > now)]
    return counts_of(await session.rows(union_all(all_states, due.where(*waits).group_by(t.queue))))


async def attempts(session: Session, task: TaskId) -> list[Attempt]:
    """The kept attempts, and the one that the task's own row tells of, unless it was kept as well."""
    t, a, key = session.schema.tasks.c, session.schema.attempts.c, text_key(task)
    columns = (a.number, a.worker, a.started_at, a.finished_at, a.ended, a.result, a.error, a.version)
    is_kept = select(a.task).where(a.task == t.id, a.number == t.attempt).exists()
    last = select(*session.sql.last_attempt()).where(t.id == key, t.worker.is_not(None), ~is_kept)
    rows = await session.rows(union_all(select(*columns).where(a.task == key), last))
    return sorted((attempt_of(task, row) for row in rows), key=lambda attempt: attempt.number)


async def logs(session: Session, task: TaskId | None, name: str | None, limit: int) -> list[LogLine]:
    lines, t = session.schema.logs.c, session.schema.tasks.c
    read = select(lines.task, lines.attempt, lines.at, lines.level, lines.message)
    if task is not None:
        read = read.where(lines.task == text_key(task))
    if name is not None:
        read = read.join(session.schema.tasks, t.id == lines.task).where(t.name == name)
    rows: Sequence[Any] = await session.rows(read.order_by(lines.line.desc()).limit(max(0, limit)))
    return [line_of(row) for row in reversed(rows)]
