"""Files of the public release: taken over where they are, once, with nothing lost, and readable as before."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from taskmq.job import Job, JobStatus
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.worker import Worker

FIRST_JOBS = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, payload TEXT, created_at TEXT NOT NULL,
    retries INTEGER NOT NULL, error_log TEXT, retry_policy TEXT DEFAULT 'exponential',
    scheduled_for TEXT NOT NULL DEFAULT '', interval_seconds INTEGER, handler TEXT, locked_by TEXT, lock_expires_at TEXT
)
"""

LATER_COLUMNS = (
    "ALTER TABLE jobs ADD COLUMN result TEXT",
    "ALTER TABLE jobs ADD COLUMN priority INTEGER DEFAULT 0",
    "ALTER TABLE jobs ADD COLUMN handler_hash TEXT",
)

DEAD_JOBS = """
CREATE TABLE dead_jobs (
    id INTEGER PRIMARY KEY, status TEXT NOT NULL, payload TEXT, created_at TEXT NOT NULL, retries INTEGER NOT NULL,
    error_log TEXT, retry_policy TEXT DEFAULT 'exponential', scheduled_for TEXT NOT NULL DEFAULT '',
    interval_seconds INTEGER, handler TEXT, locked_by TEXT, lock_expires_at TEXT, result TEXT,
    priority INTEGER DEFAULT 0
)
"""

JOB_LOGS = """
CREATE TABLE job_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER, handler TEXT, level TEXT, message TEXT, timestamp TEXT
)
"""

COLUMNS = (
    "id", "status", "payload", "created_at", "retries", "error_log", "retry_policy", "scheduled_for",
    "interval_seconds", "handler", "locked_by", "lock_expires_at", "result", "priority", "handler_hash",
)  # fmt: skip

LONG_AGO = "2026-01-02T03:04:05.678901+00:00"


def write(path: Path, *statements: str, rows: dict[str, list[dict[str, object]]]) -> None:
    """Write a file as the public release does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
        for table, wanted in rows.items():
            for row in wanted:
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()])


def a_row(job_id: int, status: str = "PENDING", **fields: object) -> dict[str, object]:
    base = {"id": job_id, "status": status, "payload": '{"a": 1}', "created_at": LONG_AGO, "retries": 0}
    return {**base, "scheduled_for": LONG_AGO, "handler": "mail", **fields}


@pytest.fixture
def old_file(folder: Path) -> Path:
    """A file that the last public release left behind, with a job of every kind."""
    path = folder / "taskmq.db"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    rows = {
        "jobs": [
            a_row(1, "SUCCESS", result="{'sent': True}", handler_hash="abc", priority=20),
            a_row(2, retries=1, error_log="boom", retry_policy="fixed"),
            a_row(3, "RUNNING", payload="plain text", locked_by="w", lock_expires_at=LONG_AGO),
            a_row(4, scheduled_for=later),
            a_row(5, "FAILED", error_log="Cancelled by admin"),
            a_row(6, "SUCCESS", interval_seconds=60),
            a_row(7, handler=None, payload="{'python': 'repr'}", retry_policy="strange", priority="high"),
            a_row(8, handler="", created_at="2026-01-02T03:04:05", scheduled_for="2026-01-02T03:04:05-08:00"),
            a_row(12),
        ],
        "dead_jobs": [a_row(9, "FAILED", retries=2, error_log="it died", priority=5)],
        "job_logs": [
            {"job_id": 9, "handler": "mail", "level": "ERROR", "message": "Job failed: it died", "timestamp": LONG_AGO},
            {
                "job_id": 77,
                "handler": "mail",
                "level": "INFO",
                "message": "of a job that is gone",
                "timestamp": LONG_AGO,
            },
        ],
    }
    write(path, FIRST_JOBS, *LATER_COLUMNS, DEAD_JOBS, JOB_LOGS, rows=rows)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM jobs WHERE id = 12")  # its number was given out
    return path


@pytest.fixture
def taken_over(old_file: Path) -> Any:
    backend = SQLiteBackend()
    yield backend
    backend.close()


def the(backend: SQLiteBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def test_finished_jobs_keep_their_results(taken_over: SQLiteBackend) -> None:
    job = the(taken_over, 1)

    assert (JobStatus.SUCCESS, {"a": 1}, "{'sent': True}", "abc", 20, "mail") == (
        job.status,
        job.payload,
        job.result,
        job.handler_hash,
        job.priority,
        job.handler,
    )
    assert datetime.fromisoformat(LONG_AGO) == job.created_at


def test_jobs_that_wait_go_on_waiting_with_their_retries(taken_over: SQLiteBackend) -> None:
    assert (JobStatus.PENDING, 1, "boom", "fixed") == (
        the(taken_over, 2).status,
        the(taken_over, 2).retries,
        the(taken_over, 2).error_log,
        the(taken_over, 2).retry_policy,
    )
    assert "scheduled" == the(taken_over, 4).state
    assert "{'python': 'repr'}" == the(taken_over, 7).payload
    assert (None, 0, "fixed") == (
        the(taken_over, 7).handler,
        the(taken_over, 7).priority,
        the(taken_over, 7).retry_policy,
    )
    assert datetime(2026, 1, 2, 11, 4, 5, tzinfo=UTC) == the(taken_over, 8).scheduled_for


def test_a_job_that_was_running_comes_back(taken_over: SQLiteBackend) -> None:
    assert (JobStatus.PENDING, None, "plain text") == (
        the(taken_over, 3).status,
        the(taken_over, 3).locked_by,
        the(taken_over, 3).payload,
    )


def test_dead_and_cancelled_jobs_stay_so(taken_over: SQLiteBackend) -> None:
    assert [9] == [job.id for job in taken_over.list_dead_jobs()]
    assert ("dead", 2, "it died", 5) == (
        the(taken_over, 9).state,
        the(taken_over, 9).retries,
        the(taken_over, 9).error_log,
        the(taken_over, 9).priority,
    )
    assert ("cancelled", "Cancelled by admin") == (the(taken_over, 5).state, the(taken_over, 5).error_log)


def test_a_periodic_job_waits_for_its_next_instant(taken_over: SQLiteBackend) -> None:
    job = the(taken_over, 6)

    wait = job.scheduled_for - datetime.now(UTC)
    assert (JobStatus.PENDING, 60) == (job.status, job.interval_seconds)
    assert timedelta(0) < wait <= timedelta(seconds=60)
    assert timedelta(0) == (job.scheduled_for - datetime.fromisoformat(LONG_AGO)) % timedelta(seconds=60)


def test_logs_come_along_with_their_jobs(taken_over: SQLiteBackend) -> None:
    (line,) = taken_over.get_logs(9)

    assert {"job_id": 9, "handler": "mail", "level": "ERROR", "message": "Job failed: it died"}.items() <= line.items()
    assert LONG_AGO == line["timestamp"]
    assert [] == taken_over.get_logs(77)


def test_numbering_goes_on_behind_every_id_that_was_given_out(taken_over: SQLiteBackend) -> None:
    assert 13 == taken_over.insert_job("new")


def test_what_waited_is_run(taken_over: SQLiteBackend) -> None:
    Worker(func=lambda job: "ran", backend=taken_over, max_retries=1).start(until_idle=True)

    assert ["ran", "ran"] == [the(taken_over, job_id).result for job_id in (7, 8)]
    assert "Unknown handler: mail" == the(taken_over, 2).error_log
    assert JobStatus.PENDING is the(taken_over, 4).status


def test_the_old_tables_stay_as_a_backup_and_nothing_happens_the_second_time(old_file: Path) -> None:
    for _ in range(2):
        SQLiteBackend().close()

    with closing(sqlite3.connect(old_file)) as connection:
        kept = {
            name: connection.execute(f"SELECT count(*) FROM task_mq_backup_{name}").fetchone()[0]
            for name in ("jobs", "dead_jobs", "job_logs")
        }
        (tasks,) = connection.execute("SELECT count(*) FROM taskmq_tasks").fetchone()
    assert ({"jobs": 8, "dead_jobs": 1, "job_logs": 2}, 9) == (kept, tasks)


def test_many_who_open_an_old_file_at_once_take_it_over_once(old_file: Path) -> None:
    def open_and_close() -> None:
        SQLiteBackend(old_file).close()

    threads = [threading.Thread(target=open_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    backend = SQLiteBackend(old_file)
    assert 9 == len(backend.find_jobs(limit=100))
    backend.close()


def test_the_first_releases_file_of_twelve_columns_is_taken_over(folder: Path) -> None:
    write(folder / "taskmq.db", FIRST_JOBS, rows={"jobs": [a_row(3), a_row(4, "SUCCESS")]})

    backend = SQLiteBackend()

    assert [(4, JobStatus.SUCCESS), (3, JobStatus.PENDING)] == [(job.id, job.status) for job in backend.find_jobs()]
    assert 5 == backend.insert_job("new")
    backend.close()


def test_a_file_that_cannot_be_converted_is_left_as_it_was(folder: Path) -> None:
    path = folder / "taskmq.db"
    write(path, FIRST_JOBS, "CREATE TABLE task_mq_backup_jobs (x)", rows={"jobs": [a_row(1)]})

    with pytest.raises(Exception, match="could not be converted, and was left as it is"):
        SQLiteBackend()

    with closing(sqlite3.connect(path)) as connection:
        assert (1, 0) == connection.execute(
            "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM taskmq_tasks)"
        ).fetchone()


def test_tables_of_somebody_else_are_left_alone(folder: Path) -> None:
    path = folder / "taskmq.db"
    write(path, "CREATE TABLE jobs (title TEXT)", rows={"jobs": [{"title": "gardener"}]})

    backend = SQLiteBackend()
    backend.insert_job("x")
    backend.close()

    with closing(sqlite3.connect(path)) as connection:
        assert [("gardener",)] == connection.execute("SELECT * FROM jobs").fetchall()


@pytest.mark.stores("sqlite")
def test_the_documented_columns_can_still_be_read(
    backend: SQLiteBackend, drain: Callable[..., Worker], folder: Path
) -> None:
    def work(job: Job) -> object:
        if job.payload == "bad":
            raise ValueError("boom")
        job.log("hello")
        return {"n": 1} if job.payload == {"a": 1} else "text"

    backend.insert_job({"a": 1}, priority=20)
    backend.insert_job("b", retry_policy="fixed", interval_seconds=60)
    backend.insert_job("bad", retry_policy="none")
    drain(func=work)
    backend.insert_job("held")
    backend.fetch_job("me")

    with closing(sqlite3.connect(folder / "taskmq.db")) as connection:
        connection.row_factory = sqlite3.Row
        jobs = [dict(row) for row in connection.execute("SELECT * FROM jobs ORDER BY id")]
        (dead,) = [dict(row) for row in connection.execute("SELECT * FROM dead_jobs")]
        logs = [dict(row) for row in connection.execute("SELECT * FROM job_logs ORDER BY id")]
    assert COLUMNS == tuple(jobs[0])
    assert COLUMNS[:-1] == tuple(dead)
    assert ["id", "job_id", "handler", "level", "message", "timestamp"] == list(logs[0])
    assert [("SUCCESS", '{"n":1}', 20), ("PENDING", "text", 0), ("RUNNING", None, 0)] == [
        (row["status"], row["result"], row["priority"]) for row in jobs
    ]
    assert ("fixed", 60, "me") == (jobs[1]["retry_policy"], jobs[1]["interval_seconds"], jobs[2]["locked_by"])
    assert (3, "FAILED", "boom", 0) == (dead["id"], dead["status"], dead["error_log"], dead["retries"])
    assert [(1, "hello"), (2, "hello")] == [(row["job_id"], row["message"]) for row in logs]
    assert the(backend, 1).created_at == datetime.fromisoformat(jobs[0]["created_at"])
