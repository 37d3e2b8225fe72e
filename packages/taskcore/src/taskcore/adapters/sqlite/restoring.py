"""What ``TaskArchive`` does: tasks of another store, as they are."""

import json
from collections.abc import Sequence

from taskcore.adapters.sql.rows import Row, attempt_row, record_row
from taskcore.adapters.sqlite import statements as sql
from taskcore.adapters.sqlite.session import Session
from taskcore.adapters.sqlite.work import add_logs
from taskcore.clock import to_micros
from taskcore.models import TaskHistory, TaskRecord
from taskcore.states import TaskState


def restore(session: Session, tasks: Sequence[TaskHistory]) -> list[bool]:
    fresh = _fresh(session, [task.record for task in tasks])
    restored = [task for task, new in zip(tasks, fresh, strict=True) if new]
    session.execute_rows(sql.RESTORE, [_row(session, task.record) for task in restored])
    attempts = [attempt_row(each, session.key(task.record.id)) for task in restored for each in task.attempts]
    session.execute_rows(sql.RESTORE_ATTEMPTS, attempts)
    add_logs(session, [line for task in restored for line in task.lines])
    return fresh


def _fresh(session: Session, records: Sequence[TaskRecord]) -> list[bool]:
    """Which of them have ids and idempotency keys that no other task has. Nobody else writes meanwhile."""
    ids = {key for (key,) in session.execute(sql.TAKEN_IDS, [session.keys([record.id for record in records])])}
    wanted = json.dumps([record.idempotency_key for record in records])
    keys = {key for key, _ in session.execute(sql.TAKEN_KEYS, [wanted])}
    fresh = list[bool]()
    for record in records:
        key, ikey = session.key(session.ids.check(record.id)), record.idempotency_key
        fresh.append(key not in ids and (ikey is None or ikey not in keys))
        if fresh[-1]:
            ids.add(key)
            keys.add(ikey)
    return fresh


def _row(session: Session, record: TaskRecord) -> Row:
    ready = int(to_micros(record.run_at) <= session.now) if record.state is TaskState.PENDING else None
    return (*record_row(record, session.key(record.id)), ready)
