"""What ``TaskUpkeep`` does. It looks for tasks without a lock, and then takes those that nobody else holds."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import literal, select, union_all

from taskcore.adapters.sql.rows import micros, task_id, task_of
from taskcore.adapters.sql.session import Session
from taskcore.adapters.sql.tasks import remove
from taskcore.adapters.sql.work import settle
from taskcore.ids import TaskId
from taskcore.models import Settlement, TaskRecord
from taskcore.states import AT_REST, TaskState


async def overdue(session: Session, limit: int) -> list[TaskRecord]:
    t = session.schema.tasks.c
    read = select(*session.schema.task).where(t.lease_until <= await session.now()).order_by(t.lease_until)
    return [task_of(row) for row in await session.rows(read.limit(limit))]


async def recover(session: Session, settlements: Sequence[Settlement]) -> list[bool]:
    return await settle(session, settlements, overdue=True)


async def expire(session: Session, limit: int) -> list[TaskId]:
    t, now = session.schema.tasks.c, await session.now()
    read = select(t.id).where(t.ready.in_([0, 1]), t.expires_at <= now).order_by(t.expires_at).limit(limit)
    seen = [row.id for row in await session.rows(read)]
    free = await session.rows(session.sql.lock_free, ids=seen) if seen else []
    past = [row.id for row in free if row.state == TaskState.PENDING and row.expires_at <= now]
    if past:
        await session.change(session.sql.expire, ids=past, now=now)
    return [task_id(key) for key in past]


async def prune(session: Session, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
    seen = await _finished(session, states & AT_REST, await session.now() - micros(older_than), limit)
    free = await session.rows(session.sql.lock_free, ids=seen) if seen else []
    return await remove(session, [row.id for row in free if row.state in states & AT_REST])


async def _finished(session: Session, states: frozenset[TaskState], before: int, limit: int) -> list[str]:
    """The oldest tasks at rest: one walk for each state, then the first of these."""
    if not states or limit < 1:
        return []
    t = session.schema.tasks.c
    walks = [
        select(t.id, t.finished_at)
        .where(t.state == state.value, t.finished_at < literal(before))
        .order_by(t.finished_at)
        .limit(limit)
        .subquery()
        for state in sorted(states)
    ]
    found = union_all(*[select(walk.c.id, walk.c.finished_at) for walk in walks]).subquery()
    return [row.id for row in await session.rows(select(found.c.id).order_by(found.c.finished_at).limit(limit))]
