"""status."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]


def test_an_empty_queue_is_well(taskmq: Taskmq) -> None:
    result = taskmq("status", "--check", "--json")

    document = json.loads(result.stdout)
    assert (0, True, [], 0) == (result.exit_code, document["ok"], document["problems"], document["pending"])


def test_jobs_that_nobody_will_run_are_a_problem_only_for_checks(taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "email", "--queue", "mail")
    problem = "no worker serves queue mail, where 1 due job waits"

    looked, checked = taskmq("status"), taskmq("status", "--check", "--json")

    assert (0, f"Problem: {problem}.\n") == (looked.exit_code, looked.stderr)
    assert (1, [problem]) == (checked.exit_code, json.loads(checked.stdout)["problems"])
    assert 0 == taskmq("status", "--check", "--queue", "default").exit_code
    taskmq("queues", "pause", "mail")
    assert 0 == taskmq("status", "--check").exit_code


@pytest.mark.parametrize(
    ("limit", "problem"),
    [
        ("--max-wait 1ms", "a job has waited for"),
        ("--max-pending 0", "1 due job waits, more than 0"),
        ("--max-dead 0", "1 dead job, more than 0"),
    ],
)
def test_limits_are_the_users(taskmq: Taskmq, limit: str, problem: str) -> None:
    taskmq("add-job", "--handler", "report", "--payload", "{}", "--retry-policy", "none")
    taskmq("run-worker", "--import", "myjobs", "--until-idle")
    taskmq("add-job", "--handler", "email")
    taskmq("queues", "pause", "default")

    assert 0 == taskmq("status", "--check").exit_code
    result = taskmq("status", "--check", *limit.split())

    assert 1 == result.exit_code
    assert problem in result.stderr


def test_a_store_that_is_away_has_its_own_exit_code(taskmq: Taskmq) -> None:
    assert 3 == taskmq("--db-path", "nowhere/taskmq.db", "status", "--check").exit_code
