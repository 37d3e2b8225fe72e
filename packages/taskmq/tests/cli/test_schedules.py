"""schedules: everything about them that the shell can do."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]
NIGHTLY = ("schedules", "add", "nightly", "--cron", "0 3 * * *", "--zone", "Europe/Berlin")


def listed(taskmq: Taskmq) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(taskmq("schedules", "list", "--json").stdout)["items"]
    return items


def test_a_schedule_is_stored_as_the_options_say(taskmq: Taskmq) -> None:
    job = ("--handler", "email", "--queue", "mail", "--priority", "7", "--payload", '{"to": "é"}')

    result = taskmq(*NIGHTLY, *job, "--overlap", "skip", "--misfire", "all", "--misfire-grace", "5m")

    assert result.stdout.startswith("Schedule nightly added. Next: 20")
    (schedule,) = listed(taskmq)
    expected = {
        "when": "0 3 * * * Europe/Berlin",
        "handler": "email",
        "queue": "mail",
        "priority": 7,
        "overlap": "skip",
    }
    assert expected | {"payload": {"to": "é"}, "misfire": "all", "state": "active"} == {
        key: schedule[key] for key in (*expected, "payload", "misfire", "state")
    }


def test_an_interval_begins_when_it_is_told_to(taskmq: Taskmq) -> None:
    taskmq("schedules", "add", "often", "--every", "90m", "--start", "2031-04-01T12:00:00Z", "--handler", "email")

    assert ("every 90 min", "2031-04-01T12:00:00.000Z") == (listed(taskmq)[0]["when"], listed(taskmq)[0]["next_at"])
    assert ["2031-04-01T12:00:00.000Z", "2031-04-01T13:30:00.000Z"] == taskmq(
        "schedules", "next", "often", "--count", "2", "--no-header"
    ).stdout.split()


def test_an_id_is_taken_unless_it_may_be_replaced(taskmq: Taskmq) -> None:
    taskmq(*NIGHTLY, "--handler", "email")

    refused = taskmq(*NIGHTLY, "--handler", "report")
    assert (1, "email") == (refused.exit_code, listed(taskmq)[0]["handler"])

    assert taskmq(*NIGHTLY, "--handler", "report", "--replace").stdout.startswith("Schedule nightly saved.")
    assert "report" == listed(taskmq)[0]["handler"]


def test_a_schedule_is_held_and_goes_on(taskmq: Taskmq) -> None:
    taskmq(*NIGHTLY, "--handler", "email", "--paused")
    assert ("paused", None) == (listed(taskmq)[0]["state"], listed(taskmq)[0]["next_at"])

    assert taskmq("schedules", "resume", "nightly").stdout.startswith("Schedule nightly resumed. Next: 20")
    assert "Schedule nightly paused.\n" == taskmq("schedules", "pause", "nightly").stdout
    assert "paused" == json.loads(taskmq("schedules", "pause", "nightly", "--json").stdout)["state"]


def test_a_schedule_is_removed_and_its_jobs_stay(taskmq: Taskmq) -> None:
    taskmq(*NIGHTLY, "--handler", "email")
    assert "Inserted job with ID: 1, schedule: nightly\n" == taskmq("schedules", "run", "nightly").stdout
    assert "2\n" == taskmq("schedules", "run", "nightly", "-q").stdout

    assert "Schedule nightly removed.\n" == taskmq("schedules", "remove", "nightly").stdout

    assert [] == listed(taskmq)
    assert ["2", "1"] == taskmq("jobs", "list", "-q").stdout.split()


def test_what_became_of_due_instants_can_be_read(taskmq: Taskmq) -> None:
    begin = (datetime.fromisoformat("2026-01-01T00:00:00Z")).isoformat()
    taskmq("schedules", "add", "often", "--every", "1s", "--start", begin, "--handler", "email")

    # Over a second: a worker has to see an instant come.
    done = taskmq("run-worker", "--import", "myjobs", "--max-jobs", "1")

    assert "Processed 1 (1 ok, 0 failed)" in done.stderr
    newest = json.loads(taskmq("schedules", "history", "often", "--json").stdout)["items"][-1]
    assert (1, "success", None) == (newest["job_id"], newest["state"], newest["skipped"])
    assert timedelta(0) < datetime.fromisoformat(newest["instant"]) - datetime.fromisoformat(begin)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("add x", 2, "got neither"),
        ("add x --cron @daily --every 5m", 2, "got both"),
        ("add x --cron 61****", 2, "cron expression"),
        ("add x --cron @daily --zone Mars/Base", 2, "Mars/Base"),
        ("add x --every 100ms", 2, "whole seconds"),
        ("add x --every 999999999d", 2, "to a hundred years"),
        ("add x --every 5m --zone Europe/Berlin", 2, "belong to cron"),
        ("add -x- --every 5m", 2, "No such option"),
        ("add x --every 5m --payload {bad", 2, "--payload is not valid JSON"),
        ("add x --every 5m --max-retries -1", 2, "max_retries must be"),
        ("remove nobody", 1, "there is no schedule 'nobody'"),
        ("pause nobody", 1, "there is no schedule 'nobody'"),
        ("run nobody", 1, "there is no schedule 'nobody'"),
        ("next nobody", 1, "there is no schedule 'nobody'"),
        ("history nobody", 1, "there is no schedule 'nobody'"),
        ("next nobody --count 0", 2, "not in the range"),
    ],
)
def test_bad_input_gets_one_sentence(taskmq: Taskmq, words: str, code: int, sentence: str) -> None:
    result = taskmq("schedules", *words.split())

    assert (code, "") == (result.exit_code, result.stdout)
    assert sentence in result.stderr
    assert [] == listed(taskmq)
