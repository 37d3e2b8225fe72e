"""A SQLite file of the public release of task-mq: its jobs, dead jobs and logs become tasks with the same ids."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime

from taskcore.clock import to_micros
from taskcore.engine.execution.run import printable
from taskcore.states import TaskState

from taskmq.public_jobs import Row, instant_of, task_of
from taskmq.vocabulary import utc_now

BACKUP = "task_mq_backup_"

_FIRST_COLUMNS = (
    "id", "status", "payload", "created_at", "retries", "error_log", "retry_policy", "scheduled_for",
    "interval_seconds", "handler", "locked_by", "lock_expires_at",
)  # fmt: skip
"""What every release had; later ones appended ``result``, ``priority`` and ``handler_hash``."""

_TABLES = ("jobs", "dead_jobs", "job_logs")

_INSERT_TASK = """
INSERT INTO taskmq_tasks (
    id, state, ready, queue, name, priority, created_at, run_at, attempt, failures, finished_at, schedule, version,
    payload, meta, result, error
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

# Lines of jobs that are gone stay in the backup alone.
_INSERT_LINE = """
INSERT INTO taskmq_logs (task, attempt, at, level, message) SELECT id, 0, ?, ?, ? FROM taskmq_tasks WHERE id = ?
"""


def is_public(connection: sqlite3.Connection) -> bool:
    """Whether ``jobs`` is a table of the public release."""
    columns = tuple(name for (name,) in connection.execute("SELECT name FROM pragma_table_info('jobs')"))
    (tables,) = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'jobs'"
    ).fetchone()
    return tables == 1 and columns[: len(_FIRST_COLUMNS)] == _FIRST_COLUMNS


def take_over(connection: sqlite3.Connection) -> None:
    """Copy everything into our tables, and rename the old ones; inside the caller's transaction."""
    now = utc_now()
    tables = [name for name in _TABLES if _is_table(connection, name)]
    for row in _rows(connection, "jobs"):
        connection.execute(_INSERT_TASK, _task(row, dead=False, now=now))
    if "dead_jobs" in tables:
        for row in _rows(connection, "dead_jobs"):
            connection.execute(_INSERT_TASK, _task(row, dead=True, now=now))
    if "job_logs" in tables:
        for row in _rows(connection, "job_logs"):
            at = to_micros(instant_of(row["timestamp"], now))
            connection.execute(_INSERT_LINE, [at, str(row["level"]), printable(str(row["message"])), row["job_id"]])
    _go_on_numbering(connection)
    for table in tables:
        connection.execute(f"ALTER TABLE {table} RENAME TO {BACKUP}{table}")


def _is_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name])
    return found.fetchone() is not None


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[Row]:
    cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608  # one of _TABLES
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def _task(row: Row, *, dead: bool, now: datetime) -> tuple[object, ...]:
    record = task_of(row, dead=dead, now=now)
    return (
        row["id"],
        record.state.value,
        int(record.run_at <= now) if record.state is TaskState.PENDING else None,
        record.queue,
        record.name,
        record.priority,
        to_micros(record.created_at),
        to_micros(record.run_at),
        record.attempt,
        record.failures,
        None if record.finished_at is None else to_micros(record.finished_at),
        record.schedule,
        record.version,
        record.payload,
        record.meta,
        record.result,
        None if record.error is None else record.error.dump(),
    )


def _go_on_numbering(connection: sqlite3.Connection) -> None:
    """No id is given out that the public release had given out before."""
    (highest,) = connection.execute(
        "SELECT max(seq) FROM sqlite_sequence WHERE name IN ('jobs', 'taskmq_tasks')"
    ).fetchone()
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'taskmq_tasks'")
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('taskmq_tasks', ?)", [highest or 0])
