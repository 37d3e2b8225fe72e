"""run-worker, as a process: what it says, and how it stops."""

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Taskmq = Callable[..., Result]
Start = Callable[..., subprocess.Popen[str]]
Wait = Callable[..., object]

STARTING = "Starting worker pool with 1 worker(s) using sqlite backend... Press Ctrl+C to stop.\n"

WAITS = """
import time
from pathlib import Path
from taskmq.jobs.handlers import register_handler

@register_handler("wait")
def wait(job):
    Path("started").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return "waited"
"""


@pytest.fixture
def slow_job(taskmq: Taskmq, folder: Path) -> Callable[[float], Callable[[], bool]]:
    """Store a job that sleeps so many seconds, and return whether a worker has begun it."""

    def put(seconds: float) -> Callable[[], bool]:
        taskmq("add-job", "--handler", "slow", "--payload", json.dumps({"seconds": seconds}))
        return (folder / "started").exists

    return put


@pytest.fixture
def waiting_job(taskmq: Taskmq, folder: Path) -> Callable[[], bool]:
    """Store a job that waits for the file ``go``, and return whether a worker has begun it."""
    (folder / "waits.py").write_text(WAITS)
    taskmq("add-job", "--handler", "wait", "--payload", "{}")
    return (folder / "started").exists


def test_a_burst_ends_when_all_is_done(taskmq: Taskmq, process: Start) -> None:
    for handler in ("email", "email", "report"):
        taskmq("add-job", "--handler", handler, "--payload", "{}", "--retry-policy", "none")

    worker = process("run-worker", "--import", "myjobs", "--until-idle")
    out, err = worker.communicate(timeout=60)

    assert (0, STARTING) == (worker.returncode, out)
    assert "  handlers: dummy, email, raise, report, slow   queues: default   db: " in err
    assert err.endswith("\nStopped. Processed 3 (2 ok, 1 failed), requeued 0.\n")


def test_a_worker_says_where_it_answers_probes_and_stops_to(process: Start) -> None:
    worker = process("run-worker", "--health-port", "0")
    assert worker.stderr is not None
    url = worker.stderr.readline().rsplit("health: ", 1)[-1].strip()

    with urllib.request.urlopen(url, timeout=30) as answer:
        assert b'{"status":"ok"}' == answer.read()
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=60)

    assert 0 == worker.returncode
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=30)


def test_several_processes_cannot_answer_at_one_port(taskmq: Taskmq) -> None:
    refused = taskmq("run-worker", "--processes", "2", "--health-port", "9464")

    assert 2 == refused.exit_code
    assert "let each choose one: --health-port 0" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_running_job_finish(
    taskmq: Taskmq,
    process: Start,
    wait: Wait,
    waiting_job: Callable[[], bool],
    folder: Path,
    number: signal.Signals,
) -> None:
    worker = process("run-worker", "--import", "waits")
    wait(waiting_job)

    worker.send_signal(number)
    assert worker.stdout is not None
    out = "".join(worker.stdout.readline() for _ in range(4))
    (folder / "go").touch()
    _, err = worker.communicate(timeout=60)

    assert 0 == worker.returncode
    assert out.startswith(STARTING)
    assert f"Received signal {number.value}. Initiating graceful shutdown...\nWaiting for 1 active jobs" in out
    assert err.endswith("\nStopped. Processed 1 (1 ok, 0 failed), requeued 0.\n")
    assert "Result: waited" in taskmq("get-job", "1").stdout


def test_a_signal_is_heard_when_nobody_reads_what_the_worker_prints(
    process: Start, wait: Wait, waiting_job: Callable[[], bool], folder: Path
) -> None:
    worker = process("run-worker", "--import", "waits")
    assert worker.stdout is not None
    wait(waiting_job)
    worker.stdout.close()

    worker.send_signal(signal.SIGTERM)
    (folder / "go").touch()

    assert 0 == worker.wait(60)
    assert worker.stderr is not None
    assert worker.stderr.read().endswith("\nStopped. Processed 1 (1 ok, 0 failed), requeued 0.\n")


def test_what_outlasts_the_grace_goes_back_to_the_queue(
    taskmq: Taskmq, process: Start, wait: Wait, slow_job: Callable[..., Callable[[], bool]]
) -> None:
    begun = slow_job(90)
    worker = process("run-worker", "--import", "myjobs", "--grace", "50ms")
    wait(begun)

    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate(timeout=60)

    assert 0 == worker.returncode
    assert err.endswith("\nStopped. Processed 0 (0 ok, 0 failed), requeued 1.\n")
    assert "Status: PENDING" in taskmq("get-job", "1").stdout


def test_a_second_signal_waits_for_nothing(
    taskmq: Taskmq, process: Start, wait: Wait, slow_job: Callable[..., Callable[[], bool]]
) -> None:
    begun = slow_job(90)
    worker = process("run-worker", "--import", "myjobs")
    wait(begun)

    worker.send_signal(signal.SIGINT)
    assert worker.stdout is not None
    while "Waiting for" not in worker.stdout.readline():
        pass
    worker.send_signal(signal.SIGINT)
    _, err = worker.communicate(timeout=60)

    assert 0 == worker.returncode
    assert "requeued 1.\n" in err
    assert "Status: PENDING" in taskmq("get-job", "1").stdout


def test_options_of_the_program_reach_the_worker(taskmq: Taskmq, folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    queue = ("--db-path", "elsewhere/jobs.db")
    taskmq(*queue, "add-job", "--handler", "email", "--payload", "{}")

    result = taskmq(*queue, "run-worker", "--import", "myjobs", "--until-idle")

    assert f"db: {folder}/elsewhere/jobs.db" in result.stderr
    assert "Status: SUCCESS" in taskmq(*queue, "get-job", "1").stdout
    assert 1 == taskmq("get-job", "1").exit_code


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--queues", "mail,\x1b[2J", "queue must be text of 1 to 200 printable characters"),
        ("--lease", "0", "lease must be 0.1 s or longer"),
    ],
)
def test_what_no_worker_can_do_is_refused_at_once(taskmq: Taskmq, option: str, value: str, sentence: str) -> None:
    result = taskmq("run-worker", "--until-idle", option, value)

    assert (2, True) == (result.exit_code, sentence in result.stderr)
