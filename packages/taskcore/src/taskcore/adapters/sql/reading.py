"""What ``TaskReader`` does; each function reads one committed state with one statement."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, null, or_, select, union_all

from taskcore.adapters.phases import wanted_phases, wanted_queues
from taskcore.adapters.sql.conditions import conditions, wanted_states
from taskcore.adapters.sql.rows import attempt_of, counts_of, line_of, task_of, text_key
from taskcore.adapters.sql.schema import Read
from taskcore.adapters.sql.session import Session
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, Order, QueueCounts, TaskQuery, TaskRecord
from taskcore.states import Phase, TaskState


async def get(session: Session, task: TaskId) -> TaskRecord | None:
    row = await session.first(select(*session.schema.task).where(session.schema.tasks.c.id == text_key(task)))
    return None if row is None else task_of(row)


async def find(session: Session, query: TaskQuery) -> list[TaskRecord]:
    """The ids by an index first, and then their rows: one walk for each wanted state, then the first of these."""
    if not wanted_phases(query) or wanted_queues(query) == frozenset() or query.limit < 1:
        return []
    t, states = session.schema.tasks.c, wanted_states(query)
    starts = [literal(1) == 1] if states is None else [t.state == state.value for state in sorted(states)]
    met = [*_behind(session, query), *conditions(session.schema, query, await session.now())]
    walks = [_in_order(select(t.id).where(start, *met), t.id, query).subquery() for start in starts]
    ids = union_all(*[select(walk.c.id) for walk in walks]).subquery()
    first = _in_order(select(ids.c.id), ids.c.id, query).subquery()
    read = select(*session.schema.task).join(first, first.c.id == t.id)
    return [task_of(row) for row in await session.rows(read.order_by(_direction(t.id, query)))]


def _in_order(read: Read, key: ColumnElement[Any], query: TaskQuery) -> Read:
    return read.order_by(_direction(key, query)).limit(query.limit)


def _direction(key: ColumnElement[Any], query: TaskQuery) -> ColumnElement[Any]:
    return key.desc() if query.order is Order.NEWEST else key.asc()


def _behind(session: Session, query: TaskQuery) -> Iterator[ColumnElement[bool]]:
    if query.after is not None:
        key, after = session.schema.tasks.c.id, text_key(query.after)
        yield key < after if query.order is Order.NEWEST else key > after


async def counts(session: Session) -> list[QueueCounts]:
    """A task past its expiry counts, but nobody waits for it."""
    t, now = session.schema.tasks.c, await session.now()
    rest = select(t.queue, t.state, func.count(), null()).where(t.state != TaskState.PENDING.value)
    pending, waits = t.ready.in_([0, 1]), and_(t.run_at <= now, or_(t.expires_at.is_(None), t.expires_at > now))
    phase = case(
        (t.attempt > 0, literal(Phase.RETRYING.value)),
        (t.run_at > now, literal(Phase.SCHEDULED.value)),
        else_=literal(Phase.QUEUED.value),
    ).label("phase")
    since = func.min(case((waits, t.run_at)))
    waiting = select(t.queue, phase, func.count(), since).where(pending).group_by(t.queue, phase)
    return counts_of(await session.rows(union_all(rest.group_by(t.queue, t.state), waiting)))


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
