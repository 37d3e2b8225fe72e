"""Jobs, dead jobs and logs of the public release of task-mq as tasks: the same ids, the same words."""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from taskcore.clock import to_micros
from taskcore.engine.execution.run import printable
from taskcore.models import TaskError
from taskcore.models.task import MAX_NAME, MAX_PRIORITY
from taskcore.schedule import Every
from taskcore.serialization import encode
from taskcore.states import TaskState

from taskmq.vocabulary import CANCELLED, MAX_INTERVAL, NO_HANDLER, PERIODIC, RETRY_POLICIES, Terms, utc_now

BACKUP = "task_mq_backup_"

_FIRST_COLUMNS = (
    "id", "status", "payload", "created_at", "retries", "error_log", "retry_policy", "scheduled_for",
    "interval_seconds", "handler", "locked_by", "lock_expires_at",
)  # fmt: skip
"""What every release had; later ones appended ``result``, ``priority`` and ``handler_hash``."""

_TABLES = ("jobs", "dead_jobs", "job_logs")
_AT_REST = {"SUCCESS": TaskState.SUCCEEDED, "FAILED": TaskState.FAILED}

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

Row = Mapping[str, Any]


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
            at = to_micros(_instant(row["timestamp"], now))
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
    created_at = _instant(row["created_at"], now)
    due = _instant(row["scheduled_for"], created_at)
    interval = row["interval_seconds"]
    every = Every(timedelta(seconds=interval), due) if type(interval) is int and 0 < interval <= MAX_INTERVAL else None
    state = TaskState.FAILED if dead else _AT_REST.get(row["status"], TaskState.PENDING)
    if state is TaskState.SUCCEEDED and every is not None:
        state, due = TaskState.PENDING, every.next_after(now) or due
    if state is TaskState.FAILED and row["error_log"] == CANCELLED:
        state = TaskState.CANCELLED
    policy = row["retry_policy"] if row["retry_policy"] in RETRY_POLICIES else "fixed"
    retries = _whole(row["retries"])
    pending, dead = state is TaskState.PENDING, state is TaskState.FAILED
    return (
        row["id"],
        state.value,
        int(due <= now) if pending else None,
        "default",
        _name(row["handler"]),
        max(-MAX_PRIORITY, min(MAX_PRIORITY, _whole(row.get("priority")))),
        to_micros(created_at),
        to_micros(due),
        retries + (not pending),
        retries + dead,
        None if pending else to_micros(max(created_at, due)),
        PERIODIC if every else None,
        row.get("handler_hash"),
        printable(str(row["payload"])),
        Terms(retry_policy=policy, every=every).dump(),
        None if row.get("result") is None else encode(printable(str(row["result"])), limit=10**9),
        None if row["error_log"] is None else TaskError("", printable(str(row["error_log"]))).dump(),
    )


def _go_on_numbering(connection: sqlite3.Connection) -> None:
    """No id is given out that the public release had given out before."""
    (highest,) = connection.execute(
        "SELECT max(seq) FROM sqlite_sequence WHERE name IN ('jobs', 'taskmq_tasks')"
    ).fetchone()
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'taskmq_tasks'")
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('taskmq_tasks', ?)", [highest or 0])


def _instant(text: object, default: datetime) -> datetime:
    """An instant of the public release: ISO 8601; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(str(text))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return default


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _name(handler: object) -> str:
    name = printable(str(handler or ""))[:MAX_NAME]
    return name if name.isprintable() and name else NO_HANDLER
