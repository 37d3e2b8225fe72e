"""What ``TaskUpkeep`` does: find and end what nobody looks after any more."""

import json
from collections.abc import Sequence
from datetime import timedelta

from taskcore.adapters.sql.rows import micros, task_id, task_of
from taskcore.adapters.sqlite import statements as sql
from taskcore.adapters.sqlite.session import Session
from taskcore.adapters.sqlite.tasks import remove
from taskcore.adapters.sqlite.work import settle
from taskcore.ids import TaskId
from taskcore.models import Settlement, TaskRecord
from taskcore.states import TaskState


def overdue(session: Session, limit: int) -> list[TaskRecord]:
    return [task_of(row) for row in session.execute(sql.OVERDUE, [session.now, limit])]


def recover(session: Session, settlements: Sequence[Settlement]) -> list[bool]:
    return settle(session, settlements, lease_over=session.now)


def expire(session: Session, limit: int) -> list[TaskId]:
    return [task_id(key) for (key,) in session.execute(sql.EXPIRE, [session.now, session.now, limit])]


def prune(session: Session, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
    before, found = session.now - micros(older_than), list[tuple[int, int]]()
    for (queue,) in session.execute(sql.QUEUES_AT_REST).fetchall():
        for state in states:
            found += session.execute(sql.PRUNABLE, [queue, state, before, limit])
    oldest = [place for _, place in sorted(found)[:limit]]
    return remove(session, session.one(sql.IDS_AT, [json.dumps(oldest)]))
