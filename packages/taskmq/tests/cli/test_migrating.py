"""migrate: what it prints, what it refuses, and that no kill can make it lose or double a job."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from taskmq.migration import Migration
from taskmq.options import JobOptions, spec_of
from taskmq.storage import entering
from taskmq.storage.redis_backend import RedisBackend
from taskmq.storage.sqlite_backend import SQLiteBackend

Taskmq = Callable[..., Result]

FILE = "sqlite:///taskmq.db"


@pytest.fixture
def target(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisBackend]:
    """An empty queue in Redis, whose prefix the environment names."""
    queue = RedisBackend(redis_url)
    queue.prefix = f"test-{secrets.token_hex(6)}:"
    monkeypatch.setenv("TASKMQ_REDIS_PREFIX", queue.prefix)
    yield queue
    queue.redis.unlink("none", *queue.redis.scan_iter(f"{queue.prefix}*", count=10_000))
    queue.close()


def fill(jobs: int, *, dead: int = 0) -> None:
    source = SQLiteBackend()
    ids = source.insert_jobs(list(range(jobs)), handler="email")
    for job_id in ids[:dead]:
        source.move_to_dlq(job_id, "it died")
    source.close()


def test_it_tells_counts_and_checksums(taskmq: Taskmq, target: RedisBackend, redis_url: str) -> None:
    fill(3, dead=1)

    result = taskmq("migrate", "--from", FILE, "--to", redis_url)

    assert (0, "state\tjobs\ndead\t1\npending\t2\n") == (result.exit_code, result.stdout)
    first, second = result.stderr.splitlines()
    assert first.startswith("Moved 3 jobs and 0 schedules; read ")
    read, written = first.removesuffix(".").split("; read ")[1].split(", written ")
    assert read == written
    assert second.endswith("are paused, and the jobs are there still.")
    assert [1] == [job.id for job in target.list_dead_jobs()]


def test_with_json_it_is_a_document(taskmq: Taskmq, target: RedisBackend, redis_url: str) -> None:
    fill(2)
    taskmq("migrate", "--from", FILE, "--to", redis_url)

    told = json.loads(taskmq("migrate", "--from", FILE, "--to", redis_url, "--json").stdout)

    assert [{"state": "pending", "jobs": 2}] == told["items"]
    assert (2, 0, [], redis_url) == (told["already_there"], told["schedules"], told["differing"], told["to"])
    assert told["checksum_read"] == told["checksum_written"]


def test_a_rehearsal_changes_nothing(taskmq: Taskmq, target: RedisBackend, redis_url: str, folder: Path) -> None:
    fill(2)

    result = taskmq("migrate", "--from", FILE, "--to", redis_url, "--dry-run")
    back = taskmq("migrate", "--from", FILE, "--to", "sqlite:///new.db", "--dry-run")

    assert (0, "state\tjobs\npending\t2\n", 0) == (result.exit_code, result.stdout, target.get_queue_depth())
    assert "Would move 2 jobs and 0 schedules of sqlite://" in back.stderr
    assert not (folder / "new.db").exists()
    assert "open" in taskmq("queues", "list").stdout


def test_what_cannot_be_moved_is_refused_in_one_sentence(
    taskmq: Taskmq, target: RedisBackend, redis_url: str, folder: Path
) -> None:
    fill(1)
    target.insert_job("own")
    cases: list[tuple[list[str], int, str]] = [
        ([FILE, redis_url], 1, "the target has jobs of its own, such as 1"),
        ([FILE, FILE], 2, "name the same queue"),
        ([FILE, "mysql://x:secret@y"], 2, "--to: a queue is sqlite:///path/to/taskmq.db"),
        ([FILE, "redis://:secret@127.0.0.1:1/0"], 3, "Redis at 127.0.0.1:1/0 cannot be reached"),
        (["sqlite:///missing.db", redis_url], 1, f"there is no file {folder}/missing.db"),
    ]
    for (source, goal), code, sentence in cases:
        result = taskmq("migrate", "--from", source, "--to", goal)

        assert (code, "") == (result.exit_code, result.stdout), sentence
        assert sentence in result.stderr
        assert "secret" not in result.stderr
    assert not (folder / "missing.db").exists()
    assert 1 == target.get_queue_depth()


def test_a_running_job_needs_force(taskmq: Taskmq, target: RedisBackend, redis_url: str) -> None:
    fill(1)
    source = SQLiteBackend()
    source.fetch_job("w", lock_timeout=600)
    source.close()

    refused = taskmq("migrate", "--from", FILE, "--to", redis_url)
    forced = taskmq("migrate", "--from", FILE, "--to", redis_url, "--force")

    assert (1, 0) == (refused.exit_code, forced.exit_code)
    assert "some jobs are running (1)" in refused.stderr
    assert 1 == target.get_queue_depth()


def test_jobs_that_come_to_the_old_place_meanwhile_are_an_error(
    taskmq: Taskmq, target: RedisBackend, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(1)
    go_on = Migration._copy_schedules

    async def and_a_job_comes(self: Migration) -> int:
        await entering.put(self._source, [spec_of("late", JobOptions(), now=datetime.now(UTC))])
        return await go_on(self)

    monkeypatch.setattr(Migration, "_copy_schedules", and_a_job_comes)

    result = taskmq("migrate", "--from", FILE, "--to", redis_url)

    told = result.stderr.splitlines()[-1]
    assert (1, "state\tjobs\npending\t1\n") == (result.exit_code, result.stdout)
    assert told.startswith("Error: 1 job came to sqlite:///")
    assert told.endswith("stayed behind: 2. Something adds jobs there still; stop it, and run this again.")


def test_a_terminal_shows_a_bar(terminal: Callable[..., str], target: RedisBackend, redis_url: str) -> None:
    fill(2)

    shown = terminal("migrate", "--from", FILE, "--to", redis_url)

    assert "Moving" in shown
    assert "2/2" in shown


def test_a_kill_half_way_loses_and_doubles_nothing(
    taskmq: Taskmq, target: RedisBackend, redis_url: str, wait: Callable[..., Any]
) -> None:
    # Given a process that is killed as soon as some jobs are over there; it starts for most of a second
    fill(2_000)
    command = [sys.executable, "-m", "taskmq", "migrate", "--from", FILE, "--to", redis_url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait(target.get_queue_depth, within=30)
    process.kill()
    process.wait()
    there = target.get_queue_depth()
    assert there > 0

    # When
    result = taskmq("migrate", "--from", FILE, "--to", redis_url)

    # Then
    assert 0 == result.exit_code
    assert f"Moved 2000 jobs ({there} were there before)" in result.stderr
    assert list(range(2_000)) == [job.payload for job in target.find_jobs(limit=5_000, oldest_first=True)]
