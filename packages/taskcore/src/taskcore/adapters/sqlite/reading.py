"""What ``TaskReader`` does; each function reads one state of the database with one statement."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
import json
from collections.abc import Iterator, Sequence

from taskcore.adapters.sql.rows import Row, attempt_of, counts_of, line_of, task_of
from taskcore.adapters.sqlite import statements as sql
from taskcore.adapters.sqlite.controls import free_slots
from taskcore.adapters.sqlite.session import Session
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, Order, QueueCounts, TaskQuery, TaskRecord
from taskcore.states import TaskState


def get(session: Session, task: TaskId) -> TaskRecord | None:
    row = session.execute(sql.GET, [session.key(task)]).fetchone()
    return None if row is None else task_of(row)


def find(session: Session, query: TaskQuery) -> list[TaskRecord]:
    """One walk in the order of ids for each wanted state, then the first of these."""
    conditions, parameters = _conditions(session, query)
    sources = [_in_state(state) for state in sorted(query.states)] or ["{p}_tasks WHERE 1"]
    end = f"ORDER BY id {'DESC' if query.order is Order.NEWEST else 'ASC'} LIMIT {max(0, query.limit)}"
    walks = [f"SELECT {sql.task_columns()} FROM {' AND '.join([source, *conditions])} {end}" for source in sources]
    text = walks[0] if len(walks) == 1 else " UNION ALL ".join(f"SELECT * FROM ({walk})" for walk in walks) + f" {end}"
    return [task_of(row) for row in session.execute(text, parameters * len(walks))]


def _in_state(state: TaskState) -> str:
    """A literal, because a parameter does not tell SQLite that a partial index will do.

    Running tasks are few, and it is better to sort them than to look for them among all others.
    """
    if state is TaskState.RUNNING:
        return "{p}_tasks INDEXED BY {p}_tasks_leased WHERE lease_until IS NOT NULL AND state = 'running'"
    return f"{{p}}_tasks WHERE state = '{state}'"


def _conditions(session: Session, query: TaskQuery) -> tuple[list[str], list[object]]:
    wanted = {"queue": query.queue, "name": query.name, "schedule": query.schedule}
    conditions = [f"{column} = ?" for column, value in wanted.items() if value is not None]
    parameters: list[object] = [value for value in wanted.values() if value is not None]
    if query.after is not None:
        conditions.append("id < ?" if query.order is Order.NEWEST else "id > ?")
        parameters.append(session.key(query.after))
    return conditions, parameters


def counts(session: Session) -> list[QueueCounts]:
    return counts_of(session.execute(sql.COUNTS, [session.now]))


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
