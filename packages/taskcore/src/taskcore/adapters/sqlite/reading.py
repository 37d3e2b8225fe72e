"""What ``TaskReader`` does; each function reads one state of the database with one statement."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain

from taskcore.adapters.sql.rows import Row, attempt_of, counts_of, line_of, task_of
from taskcore.adapters.sqlite import statements as sql
from taskcore.adapters.sqlite.controls import free_slots
from taskcore.adapters.sqlite.session import Session
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, QueueCounts, TaskRecord
from taskcore.states import Phase, TaskState


def get(session: Session, task: TaskId) -> TaskRecord | None:
    row = session.execute(sql.GET, [session.key(task)]).fetchone()
    return None if row is None else task_of(row)


def counts(session: Session) -> list[QueueCounts]:
    return counts_of(chain.from_iterable(_by_phase(row) for row in session.execute(sql.COUNTS, [session.now])))


def _by_phase(row: Row) -> Iterator[Row]:
    """What ``counts_of`` reads. Waiting tasks come as one row a queue: to group by more is to sort."""
    queue, state, number, scheduled, retrying, due_since = row
    if state != TaskState.PENDING:
        yield queue, state, number, None
        return
    queued = number - scheduled - retrying
    for phase, of_phase in ((Phase.SCHEDULED, scheduled), (Phase.RETRYING, retrying), (Phase.QUEUED, queued)):
        yield queue, phase, of_phase, due_since


def attempts(session: Session, task: TaskId) -> list[Attempt]:
    return [attempt_of(task, row) for row in session.execute(sql.ATTEMPTS, [session.key(task)])]


def logs(session: Session, task: TaskId | None, name: str | None, limit: int) -> list[LogLine]:
    return [line_of(row) for row in reversed(list(_newest_lines(session, task, name, max(0, limit))))]


def _newest_lines(session: Session, task: TaskId | None, name: str | None, limit: int) -> Iterator[Row]:
    match task, name:
        case None, None:
            return session.execute(sql.LINES, [limit])
        case None, _:
            return session.execute(sql.LINES_OF_NAME, [name, limit])
        case _, None:
            return session.execute(sql.LINES_OF_TASK, [session.key(task), limit])
        case _:
            return session.execute(sql.LINES_OF_BOTH, [name, session.key(task), limit])


def has_work(session: Session, queues: Sequence[str]) -> bool:
    """Whether a claim would hand out a task now."""
    open_ = free_slots(session, queues, 1)
    return bool(session.one(sql.HAS_WORK, [json.dumps(list(open_)), session.now]))


def revision(session: Session) -> int:
    """Another number once any other connection has committed something, such as the store's own that writes."""
    return int(session.one("PRAGMA data_version"))
