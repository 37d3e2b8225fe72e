"""The tables that the public release of task-mq has, beside our own: taken over where they are, shown as views since.

A file of that release is converted when it is first opened, in one transaction. People and scripts that read
``jobs``, ``dead_jobs`` and ``job_logs`` go on reading; the views are read-only. Tables of these names that
somebody else made are left alone.
"""

import sqlite3
from contextlib import closing
from os import PathLike

from taskcore.errors import StoreUnavailable

from taskmq import takeover

BUSY_TIMEOUT = 30.0

_JOBS_AND_DEAD = """
CREATE VIEW taskmq_jobs_and_dead AS SELECT
    id,
    CASE state WHEN 'pending' THEN 'PENDING' WHEN 'running' THEN 'RUNNING' WHEN 'succeeded' THEN 'SUCCESS'
        ELSE 'FAILED' END AS status,
    payload,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch') || printf('.%06d+00:00', created_at % 1000000)
        AS created_at,
    failures - (state = 'failed' AND failures > 0) AS retries,
    CASE state WHEN 'cancelled' THEN 'Cancelled by admin' ELSE json_extract(error, '$[1]') END AS error_log,
    coalesce(json_extract(meta, '$.retry_policy'), 'exponential') AS retry_policy,
    strftime('%Y-%m-%dT%H:%M:%S', run_at / 1000000, 'unixepoch') || printf('.%06d+00:00', run_at % 1000000)
        AS scheduled_for,
    json_extract(meta, '$.interval_seconds') AS interval_seconds,
    nullif(name, '(none)') AS handler,
    CASE state WHEN 'running' THEN worker END AS locked_by,
    strftime('%Y-%m-%dT%H:%M:%S', lease_until / 1000000, 'unixepoch') || printf('.%06d+00:00', lease_until % 1000000)
        AS lock_expires_at,
    CASE WHEN json_type(result) = 'text' THEN json_extract(result, '$') ELSE result END AS result,
    priority,
    version AS handler_hash
FROM taskmq_tasks
"""

_JOBS = """
CREATE VIEW jobs AS SELECT * FROM taskmq_jobs_and_dead
WHERE id NOT IN (SELECT id FROM taskmq_tasks WHERE state = 'failed')
"""

_DEAD_JOBS = """
CREATE VIEW dead_jobs AS SELECT
    id, status, payload, created_at, retries, error_log, retry_policy, scheduled_for, interval_seconds, handler,
    locked_by, lock_expires_at, result, priority
FROM taskmq_jobs_and_dead WHERE id IN (SELECT id FROM taskmq_tasks WHERE state = 'failed')
"""

_JOB_LOGS = """
CREATE VIEW job_logs AS SELECT
    line AS id, task AS job_id, nullif(name, '(none)') AS handler, level, message,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06d+00:00', at % 1000000) AS timestamp
FROM taskmq_logs JOIN taskmq_tasks ON taskmq_tasks.id = task
"""

VIEWS = {"taskmq_jobs_and_dead": _JOBS_AND_DEAD, "dead_jobs": _DEAD_JOBS, "jobs": _JOBS, "job_logs": _JOB_LOGS}


def install(path: str | PathLike[str]) -> None:
    """Take the public tables over if they are there, and create the views that are missing.

    Raises:
        StoreUnavailable: the file stays locked, or what is in it cannot be converted.
    """
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
            if not _is_complete(connection):
                connection.execute("BEGIN IMMEDIATE")
                _install(connection)
                connection.execute("COMMIT")
    except sqlite3.Error as error:  # Closing the connection has rolled back.
        raise StoreUnavailable(f"{path} could not be converted, and was left as it is: {error}") from error


def _is_complete(connection: sqlite3.Connection) -> bool:
    return not takeover.is_public(connection) and VIEWS.keys() <= _taken(connection)


def _install(connection: sqlite3.Connection) -> None:
    if takeover.is_public(connection):
        takeover.take_over(connection)
    taken = _taken(connection)
    for name, view in VIEWS.items():
        if name not in taken:
            connection.execute(view)


def _taken(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
