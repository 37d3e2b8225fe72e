"""add-job."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from taskcore.models import TaskQuery
from taskmq.bridge import bridge
from taskmq.storage import SQLiteBackend
from taskmq.storage.base import Job
from taskmq.vocabulary import terms_of

Taskmq = Callable[..., Result]


@pytest.fixture
def stored() -> Callable[[int], Job]:
    """The job of this id, as the store has it."""

    def read(job_id: int) -> Job:
        backend = SQLiteBackend()
        job = backend.get_job(job_id)
        backend.close()
        assert job is not None
        return job

    return read


def test_a_job_is_stored_as_the_options_say(taskmq: Taskmq, stored: Callable[[int], Job]) -> None:
    result = taskmq(
        *("add-job", "--payload", '{"to": "é"}', "--handler", "email", "--priority", "-7", "--retry-policy", "fixed"),
        *("--scheduled-for", "2031-04-01T14:00:00+02:00", "--interval-seconds", "60"),
    )

    job = stored(1)
    assert (0, "") == (result.exit_code, result.stderr)
    assert ({"to": "é"}, "email", -7, "fixed", 60) == (
        job.payload,
        job.handler,
        job.priority,
        job.retry_policy,
        job.interval_seconds,
    )
    assert datetime(2031, 4, 1, 12, tzinfo=UTC) == job.scheduled_for


def test_all_that_can_be_asked_for_a_job_can_be_asked_for_here(taskmq: Taskmq) -> None:
    words = (
        "--queue",
        "mail",
        "--max-retries",
        "7",
        "--retry-delay",
        "1.5s",
        "--time-limit",
        "2m",
        "--expires-at",
        "+1h",
    )
    limits = ("--concurrency-key", "bob", "--concurrency-limit", "2", "--idempotency-key", "order 7")

    taskmq("add-job", "--handler", "email", *words, *limits)

    backend = SQLiteBackend()
    (record,) = bridge.run(backend.store.find(TaskQuery()))
    backend.close()
    terms = terms_of(record.meta)
    assert ("mail", 7, 1.5, timedelta(minutes=2)) == (
        record.queue,
        terms.max_retries,
        terms.retry_delay,
        record.timeout,
    )
    assert ("bob", 2, "order 7") == (record.concurrency_key, record.concurrency_limit, record.idempotency_key)
    assert record.expires_at is not None
    assert timedelta(minutes=59) < record.expires_at - record.created_at < timedelta(minutes=61)


def test_a_job_whose_key_is_taken_is_not_stored_again(taskmq: Taskmq) -> None:
    first, second = (taskmq("add-job", "--handler", "email", "--idempotency-key", "order 7") for _ in range(2))

    assert first.stdout.startswith("Inserted job with ID: 1,")
    assert (0, "Job ID: 1\n") == (second.exit_code, second.stdout)
    assert "Job 1 has this key already; nothing was stored.\n" == second.stderr
    assert ["1"] == taskmq("jobs", "list", "-q").stdout.split()


def test_a_job_may_wait_for_others(taskmq: Taskmq) -> None:
    for handler in ("email", "report"):
        taskmq("add-job", "--handler", handler, "--payload", "{}", "--retry-policy", "none")
    taskmq("add-job", "--handler", "email", "--payload", "{}", "--depends-on", "1")
    taskmq("add-job", "--handler", "email", "--payload", "{}", "--depends-on", "1", "--depends-on", "2")
    run_anyway = ("--on-dependency-failure", "run", "--unique-key", "k")
    taskmq("add-job", "--handler", "email", "--payload", "{}", "--depends-on", "2", *run_anyway)

    assert "5\n" == taskmq("add-job", "--handler", "email", "--unique-key", "k", "-q").stdout
    taskmq("run-worker", "--import", "myjobs", "--max-jobs", "4")

    ended = taskmq("jobs", "list", "--columns", "state", "--no-header").stdout.split()
    assert ["success", "cancelled", "success", "dead", "success"] == ended
    assert 2 == taskmq("add-job", "--depends-on", "99").exit_code


@pytest.mark.parametrize("value", ["123", "hello", "null", 'say "hi"\n', 17, 1.5, True, None, [], {}, [1, {"a": []}]])
def test_any_json_comes_back_as_it_went_in(taskmq: Taskmq, stored: Callable[[int], Job], value: Any) -> None:
    taskmq("add-job", "--payload", json.dumps(value), "--handler", "email")

    assert value == stored(1).payload


def test_without_a_payload_a_sample_is_stored(taskmq: Taskmq, stored: Callable[[int], Job]) -> None:
    result = taskmq("add-job")

    assert result.stdout.startswith(
        "Inserted job with ID: 1, handler: None, priority: 0, payload: {'task': 'Sample at "
    )
    assert stored(1).payload["task"].startswith("Sample at ")


def test_a_payload_may_stand_in_a_file(taskmq: Taskmq, stored: Callable[[int], Job], folder: Path) -> None:
    (folder / "mail.json").write_text('{\n  "to": "日本"\n}\n', encoding="utf-8")

    taskmq("add-job", "--payload", "@mail.json", "--handler", "email")

    assert {"to": "日本"} == stored(1).payload


def test_a_job_may_start_some_time_from_now(taskmq: Taskmq, stored: Callable[[int], Job]) -> None:
    taskmq("add-job", "--handler", "email", "--scheduled-for", "+10m")

    job = stored(1)
    assert timedelta(0) <= job.created_at + timedelta(minutes=10) - job.scheduled_for < timedelta(seconds=5)


def test_each_line_of_stdin_is_a_job(taskmq: Taskmq, stored: Callable[[int], Job]) -> None:
    result = taskmq("add-job", "--payload", "-", "--handler", "email", stdin='{"n": 1}\n\n"two"\r\n3')

    assert "Inserted 3 jobs, handler: email, priority: 0, IDs: 1 to 3\n" == result.stdout
    assert [{"n": 1}, "two", 3] == [stored(job_id).payload for job_id in (1, 2, 3)]


def test_the_ids_of_many_jobs_can_be_piped_on(taskmq: Taskmq) -> None:
    lines = "{}\n" * 12_000

    assert [str(n) for n in range(1, 12_001)] == taskmq("add-job", "--payload", "-", "-q", stdin=lines).stdout.split()


def test_an_empty_stdin_is_no_job(taskmq: Taskmq) -> None:
    result = taskmq("add-job", "--payload", "-", stdin="")

    assert (0, "Inserted 0 jobs, handler: None, priority: 0\n") == (result.exit_code, result.stdout)


def test_quiet_prints_the_id_and_json_the_job(taskmq: Taskmq) -> None:
    assert "1\n" == taskmq("add-job", "--handler", "email", "-q").stdout

    document = json.loads(taskmq("add-job", "--handler", "email", "--payload", '"x"', "--json").stdout)

    assert (2, "pending", "email", "x") == tuple(document[key] for key in ("id", "state", "handler", "payload"))


def test_strict_accepts_a_handler_of_an_imported_module(taskmq: Taskmq) -> None:
    assert 0 == taskmq("add-job", "--strict", "--handler", "email", "--import", "myjobs").exit_code


def test_waiting_ends_with_the_job(taskmq: Taskmq, process: Callable[..., subprocess.Popen[str]]) -> None:
    process("run-worker", "--import", "myjobs")

    result = taskmq("add-job", "--handler", "email", "--payload", "{}", "--wait")

    assert (0, "Status: SUCCESS\nResult: {'sent': True}\n") == (result.exit_code, result.stdout.split("\n", 1)[1])

    result = taskmq("add-job", "--handler", "report", "--retry-policy", "none", "--payload", "{}", "--wait")

    assert (1, "Status: FAILED\nError: bad month 13\n") == (result.exit_code, result.stdout.split("\n", 1)[1])


def test_waiting_too_long_is_told_apart(taskmq: Taskmq) -> None:
    result = taskmq("add-job", "--handler", "email", "--payload", "{}", "--wait", "--timeout", "50ms", "--json")

    error = json.loads(result.stdout)["error"]
    assert (5, "timed_out") == (result.exit_code, error["code"])
    assert "job 1 is still pending after 50 ms." == error["message"]
