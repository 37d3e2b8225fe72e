"""The database as a whole: looked at without a trace, brought to this release, checked and cleaned."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from .. import public_release
from .conftest import Run

NOW = datetime.now(UTC)
TASK = {"queue_name": "video", "task_name": "add", "module_path": "mytasks"}
TAKEN = "4 tasks (completed 2, pending 1, running 1), 2 users (ada becomes ada 2) and 1 schedule of the public release"
TEN_DAYS = 10 * 86_400_000_000


def within(url: str, work: Callable[["asyncpg.Connection"], Awaitable[Any]]) -> Any:
    """Do ``work`` with a connection."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def execute(url: str, sql: str) -> None:
    within(url, lambda connection: connection.execute(sql))


def relations(url: str) -> int:
    sql = "SELECT count(*) FROM pg_class WHERE relname LIKE 'lapinq%'"
    return int(within(url, lambda connection: connection.fetchval(sql)))


async def leave_public_release(connection: "asyncpg.Connection") -> None:
    await public_release.create(connection)
    insert = public_release.insert
    for status in ("pending", "completed", "completed"):
        await insert(connection, "lapinq_tasks", **TASK, status=status)
    alive = {"worker_id": "w", "started_at": NOW, "last_heartbeat": datetime.now(UTC)}
    await insert(connection, "lapinq_tasks", **TASK, status="running", **alive)
    for place, name in enumerate(("Ada", "ada")):
        created = NOW + timedelta(seconds=place)
        await insert(connection, "lapinq_users", username=name, password_hash="x", role="admin", created_at=created)
    await insert(connection, "lapinq_scheduled_tasks", task_name="add", module_path="mytasks", cron="@daily")


def test_tables_are_made_when_somebody_says_so_and_not_before(lapinq: Run, empty_database: str) -> None:
    url = ("--database-url", empty_database)

    assert "Schema:      no tables yet (lapinq none -> " in lapinq("db", "status", *url).out
    assert "Would make the tables. Nothing changed.\n" == lapinq("db", "migrate", "--dry-run", *url).out
    checked = lapinq("db", "check", *url, "--strict")
    assert (1, True) == (checked.code, "run: lapinq db migrate" in checked.out)
    assert 0 == relations(empty_database)

    assert "Made the tables.\n" == lapinq("db", "migrate", *url).out
    assert "Nothing to do: the tables are up to date.\n" == lapinq("db", "migrate", *url).out
    found = json.loads(lapinq("db", "status", "-j", *url).out)
    assert ("current", None) == (found["state"], found["takeover"])
    assert {"current"} == {part["state"] for part in found["parts"]}
    names = {table["name"] for table in found["tables"]}
    assert {"lapinq_core_tasks", "lapinq_core_accounts_users", "lapinq_hooks_tasks"} <= names
    assert 0 == lapinq("db", "check", *url).code


def test_what_the_public_release_left_is_taken_over_and_kept_until_somebody_removes_it(
    lapinq: Run, empty_database: str
) -> None:
    url = ("--database-url", empty_database)
    within(empty_database, leave_public_release)
    before = relations(empty_database)

    told = lapinq("db", "migrate", "--dry-run", *url)
    assert f"Would take over {TAKEN}; they are kept as lapinq_backup_*. Nothing changed.\n" == told.out
    assert told.err.startswith("Warning: 1 worker of the public release still run")
    assert f"Takeover:    {TAKEN}; run: lapinq db migrate" in lapinq("db", "status", *url).out
    assert before == relations(empty_database)

    assert f"Took over {TAKEN}; they are kept as lapinq_backup_*.\n" == lapinq("db", "migrate", *url).out
    assert ["Ada", "ada 2"] == [each["username"] for each in json.loads(lapinq("users", "list", "-j", *url).out)]
    assert 4 == len(json.loads(lapinq("task", "list", "-j", *url).out))
    dry = json.loads(lapinq("db", "cleanup", "--backups", "--dry-run", "-j", *url).out)["would_remove"]
    assert ["lapinq_backup_tasks", "lapinq_backup_users"] == dry["backups"]
    assert 2 == lapinq("db", "cleanup", "--backups", *url).code
    assert "the table lapinq_backup_tasks" in lapinq("db", "cleanup", "--backups", "--yes", *url).out
    assert "Removed nothing.\n" == lapinq("db", "cleanup", "--backups", "--yes", *url).out


def test_tables_of_a_later_release_are_left_alone(lapinq: Run, empty_database: str) -> None:
    url = ("--database-url", empty_database)
    execute(empty_database, "CREATE TABLE lapinq_schema_version (version integer)")
    execute(empty_database, "INSERT INTO lapinq_schema_version VALUES (99)")

    assert "of a later release" in lapinq("db", "status", *url).out
    for words in (("db", "migrate"), ("task", "list"), ("db", "check")):
        ran = lapinq(*words, *url)
        assert (1, True) == (ran.code, "update lapinq" in ran.out + ran.err), ran


def test_what_should_not_be_is_found(lapinq: Run, postgres_url: str) -> None:
    lapinq("task", "enqueue", "mytasks:add")
    lapinq("schedules", "add", "mytasks:add", "--cron", "@daily")
    execute(postgres_url, "UPDATE lapinq_core_tasks SET state = 'running', ready = NULL, worker = 'w', started_at = 1")
    execute(postgres_url, "UPDATE lapinq_scheduled_tasks SET cron = 'never'")
    execute(postgres_url, "INSERT INTO lapinq_core_counts VALUES ('video', 'new', 7)")
    execute(postgres_url, "ALTER TABLE lapinq_core_tasks DISABLE TRIGGER lapinq_webhooks_due")
    try:
        ran = lapinq("db", "check", "-j")
    finally:
        execute(postgres_url, "ALTER TABLE lapinq_core_tasks ENABLE TRIGGER lapinq_webhooks_due")

    levels = {each["check"]: each["level"] for each in json.loads(ran.out)}
    assert 1 == ran.code
    expected = {"indexes": "ok", "counts": "warning", "webhooks": "failed", "running": "failed", "schedules": "warning"}
    assert expected.items() <= levels.items()


def test_what_is_past_its_time_is_counted_and_removed(
    lapinq: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (("mytasks:add",), ("mytasks:add", "--ttl", "1h"), ("mytasks:boom", "--max-retries", "1")):
        lapinq("task", "enqueue", *words)
    lapinq("worker", "--until-idle", "--log-level", "error")
    lapinq("task", "enqueue", "mytasks:add", "--ttl", "1h")
    for column in ("created_at", "finished_at", "expires_at"):
        execute(postgres_url, f"UPDATE lapinq_core_tasks SET {column} = {column} - {TEN_DAYS}")
    cleanup = ("db", "cleanup")

    ttl = "1 pending task past its TTL, 1 finished task past its TTL"
    assert f"Would remove {ttl}. Nothing changed.\n" == lapinq(*cleanup, "--dry-run").out
    monkeypatch.setenv("LAPINQ_RETENTION", "failed=7,completed=30")
    assert f"Would remove {ttl}, 1 failed task. Nothing changed.\n" == lapinq(*cleanup, "--dry-run").out
    told = lapinq(*cleanup, "--dry-run", "--older-than", "1d", "-s", "completed").out
    assert f"Would remove {ttl}, 2 completed tasks. Nothing changed.\n" == told
    assert (2, True) == ((ran := lapinq(*cleanup, "-s", "failed")).code, "needs --older-than" in ran.err)
    assert 4 == len(json.loads(lapinq("task", "list", "-j").out))

    removed = json.loads(lapinq(*cleanup, "--yes", "-j").out)["removed"]
    assert (1, 1, {"failed": 1, "completed": 0}) == (removed["expired"], removed["outlived"], removed["old"])
    assert ["completed", "expired"] == sorted(task["status"] for task in json.loads(lapinq("task", "list", "-j").out))
