"""The command line, in this process where nothing is started, and as a process where something is."""

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from lapinq.__main__ import _add_task_list_parser, build_parser
from lapinq.log import JSONFormatter, configure_logging
from lapinq.settings import Settings

from .conftest import Run

MISSING = "00000000-0000-0000-0000-000000000000"
SCRIPT = Path(sys.executable).parent / "lapinq"


def test_options_and_defaults_are_those_that_scripts_know() -> None:
    parser = build_parser()

    server = vars(parser.parse_args(["server", "--worker", "--port", "9000"]))
    expected = {"host": "0.0.0.0", "port": 9000, "concurrency": 4, "log_level": "info", "worker": True}
    expected |= {"worker_concurrency": 4, "worker_poll_interval": 0.1, "worker_timeout": 300, "cleanup_interval": 0}
    expected |= {"scheduler": False, "scheduler_interval": 60.0, "database_url": None, "command": "server"}
    assert expected == {name: server[name] for name in expected}
    worker = vars(parser.parse_args(["worker", "-q", "a", "-q", "b"]))
    expected = {"concurrency": 4, "poll_interval": 0.1, "task_timeout": 300, "queue": ["a", "b"]}
    assert expected == {name: worker[name] for name in expected}
    got = parser.parse_args(["task", "get", "abc", "-j"])
    assert ("task", "get", "abc", True) == (got.command, got.task_command, got.task_id, got.json)


def test_parsers_of_single_commands_can_be_had() -> None:
    import argparse

    parser = argparse.ArgumentParser()
    _add_task_list_parser(parser.add_subparsers())
    listed = parser.parse_args(["list", "-q", "video", "-s", "failed", "-l", "5"])

    assert ("video", "failed", 5, False) == (listed.queue, listed.status, listed.limit, listed.json)


def test_a_task_is_listed_shown_cancelled_and_not_cancelled_twice(lapinq: Run) -> None:
    assert "No tasks found.\n" == lapinq("task", "list").out
    assert "[]\n" == lapinq("task", "list", "--json").out
    task = lapinq("task", "enqueue", "mytasks:add", "-q", "math", "--args", "[1, 2]").out.strip()

    (line,) = lapinq("task", "list", "-q", "math").out.splitlines()
    assert f"  {task}  pending       {'add':<20}  queue=math  " == line[:-8]
    (listed,) = json.loads(lapinq("task", "list", "-j").out)
    assert (25, task, [1, 2]) == (len(listed), listed["id"], listed["args"])
    block = lapinq("task", "get", task[-8:]).out
    assert [f"ID:         {task}", "Name:       add", "Queue:      math"] == block.splitlines()[:3]
    assert listed == json.loads(lapinq("task", "get", task, "--json").out)
    assert (0, f"Cancelled task {task}\n", "") == lapinq("task", "cancel", task)
    assert (1, "", f"Task {task} not found or not pending.\n") == lapinq("task", "cancel", task)


def test_a_task_is_stored_with_all_that_its_options_say_and_once(lapinq: Run) -> None:
    words = ("mytasks:add", "--ttl", "2h", "--retry-delay", "5m", "--scheduled-at", "+1h", "--metadata", '{"m": 1}')
    task = lapinq("task", "enqueue", *words, "--idempotency-key", "k", "--webhook-url", "https://example.com/").out

    assert task == lapinq("task", "enqueue", "mytasks:add", "--idempotency-key", "k").out
    found = json.loads(lapinq("task", "get", task.strip(), "-j").out)
    expected = {"ttl_seconds": 7200.0, "retry_delay": 300.0, "retry_backoff": False, "metadata": {"m": 1}}
    assert {**expected, "webhook_url": "https://example.com/"}.items() <= found.items()
    assert found["scheduled_at"] > found["created_at"]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["get", MISSING], 1, f"Task {MISSING} not found.\n"),
        (["cancel", MISSING], 1, f"Task {MISSING} not found or not pending.\n"),
        (["requeue", MISSING], 1, f"Task {MISSING} not found or not failed.\n"),
        (["get", "nope"], 2, 'Error: "nope" is not a task id (need a UUID or at least 6 hex digits of one)\n'),
        (["get", "abcdef"], 1, 'Error: no task id contains "abcdef"\n'),
        (["list", "-l", "-1"], 2, "Error: limit must be a whole number from 1 to 1000, got -1\n"),
        (["enqueue", "mytasks"], 2, "Error: name the function as MODULE:FUNCTION"),
        (["enqueue", "mytasks:add", "--args", "{"], 2, "Error: --args must be JSON"),
        (["enqueue", "mytasks:add", "--kwargs", "[]"], 2, "Error: kwargs must be"),
        (["enqueue", "os:system", "--args", '["true"]'], 2, "Error: task 'system' of module 'os' is refused"),
        (["list", "-s", "odd"], 2, "usage: "),
        ([], 2, "usage: "),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(
    lapinq: Run, words: list[str], code: int, error: str
) -> None:
    ran = lapinq("task", *words)

    assert (code, "") == (ran.code, ran.out)
    assert ran.err.startswith(error), ran.err
    assert "Traceback" not in ran.err


def test_a_database_that_is_away_is_said_without_its_password(lapinq: Run) -> None:
    ran = lapinq("task", "list", "--database-url", "postgresql://me:hunter2@127.0.0.1:1/x")

    assert 3 == ran.code
    assert "127.0.0.1:1/x" in ran.err
    assert "lapinq doctor" in ran.err
    assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://me:hunter2@h/x", "this one begins with mysql:"),
        ("me:hunter2@h/x", "this one begins with me:"),
        ("hunter2", "this one has no beginning"),
        ("postgresql://me:hunter2@[::1", "cannot be read"),
        ("postgresql://me:hunter2℀@host/db", "cannot be read"),
    ],
)
def test_a_url_that_leads_nowhere_is_said_before_anybody_goes_there(lapinq: Run, url: str, told: str) -> None:
    for words in (("task", "list"), ("db", "status"), ("worker",)):
        ran = lapinq(*words, "--database-url", url)
        assert (2, True, False) == (ran.code, told in ran.err, "hunter2" in ran.err), ran
    assert 1 == lapinq("doctor", "--database-url", url).code
    assert 0 == lapinq("task", "list", "--database-url", "").code  # as if it was not said


def test_queues_are_listed_paused_and_resumed(lapinq: Run) -> None:
    assert ["queue_name", "state", "pending"] == lapinq("queues").out.split()[:3]
    lapinq("task", "enqueue", "mytasks:add", "-q", "a b")

    assert "Paused queue a b\n" == lapinq("queues", "pause", "a b").out
    (queue,) = json.loads(lapinq("queues", "--json").out)
    assert ("a b", 1, True) == (queue["queue_name"], queue["pending"], queue["paused"])
    assert 0 == lapinq("queues", "resume", "a b").code
    assert "a b\tno worker\t1\t0" == "\t".join(lapinq("queues", "list").out.splitlines()[1].split("\t")[:4])
    assert "Paused queue later\n" == lapinq("queues", "pause", "later").out
    assert "Queue a b runs 2 tasks at once now\n" == lapinq("queues", "limit", "a b", "2").out
    assert [2, None] == [queue["concurrency"] for queue in json.loads(lapinq("queues", "-j").out)]
    assert "Queue a b has no limit now\n" == lapinq("queues", "limit", "a b", "none").out
    assert 2 == lapinq("queues", "limit", "a b", "0").code
    assert ["a b", "later"] == [queue["queue_name"] for queue in json.loads(lapinq("queues", "-j").out)]
    assert 2 == lapinq("queues", "pause", "").code


def test_waiting_for_a_task_that_nobody_runs_ends_with_a_code_of_its_own(lapinq: Run) -> None:
    ran = lapinq("task", "enqueue", "mytasks:add", "--wait", "--timeout", "0.01")

    assert 5 == ran.code
    assert "is pending after 0.01 s" in ran.err


@pytest.mark.parametrize(
    "words",
    [["--port", "70000"], ["--worker-concurrency", "0"], ["--worker-timeout", "0"], ["--cleanup-interval", "nan"]],
)
def test_a_server_that_could_not_serve_is_not_started(lapinq: Run, words: list[str]) -> None:
    ran = lapinq("server", *words)

    assert (2, True) == (ran.code, ran.err.startswith("Error: ")), ran.err


@pytest.mark.parametrize("words", [["--concurrency", "0"], ["--grace", "-1"], ["--max-tasks", "0"], ["--import", "?"]])
def test_a_worker_that_could_not_work_is_not_started(lapinq: Run, words: list[str]) -> None:
    assert 2 == lapinq("worker", *words).code


def test_the_installed_command_runs_tasks_of_the_working_directory(lapinq: Run, folder: Path) -> None:
    done = lapinq("task", "enqueue", "mytasks:add", "--args", "[1, 2]").out.strip()
    bad = lapinq("task", "enqueue", "mytasks:boom", "--max-retries", "1").out.strip()

    env = {**os.environ, "LAPINQ_LOG_LEVEL": "error"}
    words = [str(SCRIPT), "worker", "--until-idle"]
    ran = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)

    assert 0 == ran.returncode, ran.stderr
    assert "Stopped. Ran 2 (1 completed), gave 0 back.\n" in ran.stderr
    assert ("[INFO]" in ran.stderr, f"[ERROR] lapinq.worker: task {bad} " in ran.stderr) == (False, True)
    assert ["3", "boom"] == [
        json.loads(lapinq("task", "get", done, "-j").out)["result"],
        json.loads(lapinq("task", "get", bad, "-j").out)["error"],
    ]
    assert (0, f"Requeued task {bad}\n") == lapinq("task", "requeue", bad)[:2]
    executed = subprocess.run([SCRIPT, "execute", done], cwd=folder, capture_output=True, text=True, check=True)
    assert "3\n" == executed.stdout


WAITS = """
import os, time
def waits():
    open("begun", "w").close()
    while not os.path.exists("go"): time.sleep(0.01)
"""


def test_a_worker_that_is_told_to_stop_finishes_what_it_runs(lapinq: Run, folder: Path) -> None:
    (folder / "mytasks.py").write_text(WAITS)
    task, later = [lapinq("task", "enqueue", "mytasks:waits", "-q", queue).out.strip() for queue in ("a", "b")]
    with subprocess.Popen([SCRIPT, "worker", "-q", "a"], cwd=folder, stderr=subprocess.DEVNULL) as worker:
        while not (folder / "begun").exists():
            assert worker.poll() is None
        worker.terminate()
        (folder / "go").touch()
        assert 0 == worker.wait(60)

    found = [json.loads(lapinq("task", "get", each, "-j").out)["status"] for each in (task, later)]
    assert ["completed", "pending"] == found


def test_a_worker_ends_after_its_grace_though_a_function_hangs(lapinq: Run, folder: Path) -> None:
    (folder / "mytasks.py").write_text(WAITS)
    task = lapinq("task", "enqueue", "mytasks:waits").out.strip()
    with subprocess.Popen([SCRIPT, "worker", "--grace", "0.1"], cwd=folder, stderr=subprocess.DEVNULL) as worker:
        while not (folder / "begun").exists():
            assert worker.poll() is None
        worker.terminate()
        assert 0 == worker.wait(60)  # it would wait for the function for ever

    assert "pending" == json.loads(lapinq("task", "get", task, "-j").out)["status"]


@pytest.fixture
def server(lapinq: Run, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    words = [sys.executable, "-m", "lapinq", "server", "--worker", "--scheduler", "--port", "0", "--host", "127.0.0.1"]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_with_a_worker_inside_ends_on_a_signal(
    server: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    url = _url(server)
    body = {"task_name": "add", "module_path": "mytasks", "args": [2, 3]}
    task = httpx.post(f"{url}/api/v1/enqueue", json=body).json()["task_id"]
    while (found := httpx.get(f"{url}/api/v1/tasks/{task}/result").json())["status"] in ("pending", "running"):
        pass
    assert "5" == found["result"]

    server.send_signal(number)
    assert 0 == server.wait(60)


def _url(server: "subprocess.Popen[str]") -> str:
    """Where it listens, once it does."""
    assert server.stderr is not None
    for line in server.stderr:
        if "Uvicorn running on " in line:
            return line.partition("Uvicorn running on ")[2].split()[0]
    raise AssertionError("the server has ended")


def test_a_log_line_can_be_json() -> None:
    try:
        int("bad")
    except ValueError:
        record = logging.getLogger("lapinq.x").makeRecord("lapinq.x", 20, "", 1, "a\n%s", ("b",), sys.exc_info())

    line = JSONFormatter().format(record)

    assert "\n" not in line
    found = json.loads(line)
    assert ("INFO", "lapinq.x", "a\nb") == (found["level"], found["logger"], found["message"])
    assert "ValueError" == found["exception"]["type"]
    assert os.path.basename(__file__) in found["traceback"]  # noqa: PTH119


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_json_log_line_gets_through_any_stream(
    encoding: str, monkeypatch: pytest.MonkeyPatch, settings_of_logging: None
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, errors="backslashreplace", write_through=True))
    configure_logging(Settings(json_log=True))

    logging.getLogger("lapinq.x").info("café %s 🐇", "caf\udce9")

    assert "café caf\\udce9 🐇" == json.loads(raw.getvalue().decode("ascii"))["message"]


@pytest.fixture
def settings_of_logging() -> Iterator[None]:
    """Puts back what ``configure_logging`` changes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []  # or they would be closed
    yield
    root.handlers = handlers
    root.setLevel(level)
