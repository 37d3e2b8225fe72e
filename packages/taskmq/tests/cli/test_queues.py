"""queues and workers."""

import json
import subprocess
from collections.abc import Callable

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]
Terminal = Callable[..., str]


def test_queues_are_listed_with_what_is_in_them(taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "email", "--queue", "mail")
    taskmq("add-job", "--handler", "email", "--scheduled-for", "+1h")

    queues = json.loads(taskmq("queues", "list", "--json").stdout)["items"]

    assert [("default", 0, 1), ("mail", 1, 0)] == [
        (queue["name"], queue["pending"], queue["scheduled"]) for queue in queues
    ]


def test_a_paused_queue_hands_out_nothing_until_it_is_resumed(taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "email", "--payload", "{}")

    assert "Queue default paused.\nQueue mail paused.\n" == taskmq("queues", "pause", "default", "mail").stdout
    taskmq("run-worker", "--import", "myjobs", "--until-idle")
    assert "paused" == json.loads(taskmq("queues", "list", "--json").stdout)["items"][0]["state"]
    assert "1\n" == taskmq("jobs", "list", "--state", "pending", "-q").stdout

    assert "Queue default resumed.\n" == taskmq("queues", "resume", "default").stdout
    taskmq("run-worker", "--import", "myjobs", "--until-idle")
    assert "" == taskmq("jobs", "list", "--state", "pending", "-q").stdout


def test_pausing_a_queue_that_nothing_names_says_so(taskmq: Taskmq) -> None:
    taskmq("add-job", "--handler", "email", "--queue", "mail")
    taskmq("schedules", "add", "nightly", "--cron", "@daily", "--queue", "reports", "--handler", "report")

    paused = taskmq("queues", "pause", "mail", "reports", "mial")

    assert (0, "Queue mail paused.\nQueue reports paused.\nQueue mial paused.\n") == (paused.exit_code, paused.stdout)
    assert "Queue mial has no jobs yet, nor a worker or a schedule.\n" == paused.stderr


def test_a_queue_is_limited_and_freed(taskmq: Taskmq) -> None:
    assert "Queue mail limited to 3.\n" == taskmq("queues", "limit", "mail", "3").stdout
    assert 3 == json.loads(taskmq("queues", "list", "--json").stdout)["items"][0]["limit"]
    assert "Queue mail has no limit.\n" == taskmq("queues", "limit", "mail", "none").stdout
    for most in ("0", "-1", "many", str(10**30)):
        assert 2 == taskmq("queues", "limit", "mail", "--", most).exit_code, most
    assert 2 == taskmq("queues", "pause", "no\nname").exit_code


def test_workers_are_listed_while_they_are_there(
    taskmq: Taskmq, process: Callable[..., subprocess.Popen[str]], wait: Callable[..., str], terminal: Terminal
) -> None:
    assert "" == taskmq("workers", "list", "-q").stdout
    process("run-worker", "--import", "myjobs", "--queues", "mail,default", "--max-workers", "3")

    wait(lambda: taskmq("workers", "list", "-q").stdout)

    (worker,) = json.loads(taskmq("workers", "list", "--json").stdout)["items"]
    assert ("online", ["mail", "default"], 0, 3) == tuple(
        worker[key] for key in ("state", "queues", "running", "slots")
    )
    assert worker["id"] in terminal("workers", "list", env={"COLUMNS": "60"})


@pytest.mark.parametrize("noun", ["queues", "workers"])
def test_a_backend_with_the_old_methods_alone_says_so(
    taskmq: Taskmq, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    class Old:
        pass

    monkeypatch.setattr("taskmq.cli.get_backend", Old)

    result = taskmq(noun, "list")

    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("Error: Old ")
