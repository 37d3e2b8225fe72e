"""Real worker processes that are killed, stopped and many: no job is lost, none runs twice at a time."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from taskmq import worker as worker_module
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import register_handler
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]
Wait = Callable[..., Any]

PROGRAM = """
import os, time
from pathlib import Path
from taskmq.jobs.handlers import register_handler
from taskmq.worker import Worker

def note(job):
    with Path("runs.txt").open("a") as file:
        file.write(f"{job.id}\\n")

@register_handler("quick")
def quick(job):
    note(job)

@register_handler("sleep")
def sleep(job):
    note(job)
    time.sleep(job.payload)

@register_handler("wait")
def wait(job):
    note(job)
    while not Path("go").exists():
        time.sleep(0.01)

@register_handler("exit")
def exit_hard(job):
    os._exit(9)

Worker(poll_interval=0.05, **OPTIONS).start()
"""


@pytest.fixture
def process(backend: StoreBackend, folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a worker process in the folder of ``backend``; whatever still lives is killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(**options: Any) -> subprocess.Popen[str]:
        program = PROGRAM.replace("OPTIONS", repr(options))
        child = subprocess.Popen([sys.executable, "-c", program], cwd=folder, stdout=subprocess.PIPE, text=True)
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def runs(folder: Path) -> list[int]:
    path = folder / "runs.txt"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_a_killed_workers_jobs_run_again_and_what_it_held_comes_back(
    backend: StoreBackend,
    process: Callable[..., subprocess.Popen[str]],
    start: Run,
    wait: Wait,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "SWEEP_INTERVAL", 0.1)
    # Given a worker process with two slots that is killed with two jobs under way and a queue behind them
    ids = backend.insert_jobs([60] * 2 + [0] * 10, handler="sleep")
    child = process(max_workers=2, lock_timeout=0.5)
    wait(lambda: len(runs(folder)) == 2, within=60)
    child.kill()
    child.wait()

    # When
    register_handler("sleep")(lambda job: "done")
    start()
    wait(lambda: {job.status for job in map(backend.get_job, ids) if job} == {JobStatus.SUCCESS})

    # Then
    assert [2, 2] + [1] * 10 == [the(backend, job_id).attempts for job_id in ids]
    assert [0] * 12 == [the(backend, job_id).retries for job_id in ids]
    messages = [line["message"] for line in backend.get_logs(ids[0])]
    assert 1 == sum(message.startswith("Job taken back: worker ") for message in messages)


@pytest.mark.stores("sqlite")  # what follows a loss is decided in one place for all stores
def test_a_job_that_kills_its_workers_is_dead_after_five_of_them(
    backend: StoreBackend,
    process: Callable[..., subprocess.Popen[str]],
    start: Run,
    wait: Wait,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "SWEEP_INTERVAL", 0.1)
    # Given a job that killed a real worker, and three more that went away
    job_id = backend.insert_job("x", handler="exit")
    assert 9 == process(lock_timeout=0.2).wait(60)
    for worker in ("w2", "w3", "w4"):
        fetched = wait(lambda worker=worker: backend.fetch_job(worker, lock_timeout=0.05))
        assert job_id == fetched.id

    # When the fifth one goes too, and a healthy one finds the job
    wait(lambda: backend.fetch_job("w5", lock_timeout=0.05))
    start()
    wait(lambda: the(backend, job_id).status is JobStatus.FAILED)

    # Then
    assert ["WorkerLost", 5] == [the(backend, job_id).error_type, the(backend, job_id).attempts]
    log = folder / "failed_jobs.log"
    wait(lambda: log.exists() and f"Job ID: {job_id}," in log.read_text())


def test_two_processes_share_the_jobs_and_run_none_twice(
    backend: StoreBackend, process: Callable[..., subprocess.Popen[str]], wait: Wait, folder: Path
) -> None:
    ids = backend.insert_jobs(list(range(200)), handler="quick")
    for _ in range(2):
        process(max_workers=2)

    wait(lambda: backend.get_queue_depth() == 0 and len(runs(folder)) >= 200, within=60)

    assert {1: 200} == Counter(Counter(runs(folder)).values())
    assert sorted(ids) == sorted(runs(folder))


@pytest.mark.stores("sqlite")  # signals are met before any store is
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_runs_and_leaves_the_rest(
    backend: StoreBackend,
    process: Callable[..., subprocess.Popen[str]],
    wait: Wait,
    folder: Path,
    number: signal.Signals,
) -> None:
    ids = backend.insert_jobs(["x"] * 20, handler="wait")
    child = process(max_workers=2)
    wait(lambda: len(runs(folder)) == 2, within=60)

    child.send_signal(number)
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(3)]
    (folder / "go").touch()
    rest, _ = child.communicate(timeout=60)

    assert (0, "") == (child.returncode, rest)
    assert said == [
        "\n",
        f"🛑 Received signal {number.value}. Initiating graceful shutdown...\n",
        "Waiting for 2 active jobs to complete...\n",
    ]
    by_status = Counter(the(backend, job_id).status for job_id in ids)
    assert {JobStatus.SUCCESS: 2, JobStatus.PENDING: 18} == by_status
    assert 2 == len(runs(folder))
    assert not (folder / "worker_heartbeat.txt").exists()


def test_a_second_signal_waits_for_nothing_and_gives_the_job_back(
    backend: StoreBackend, process: Callable[..., subprocess.Popen[str]], wait: Wait, folder: Path
) -> None:
    job_id = backend.insert_job(60, handler="sleep")
    child = process()
    wait(lambda: runs(folder) == [job_id], within=60)

    child.send_signal(signal.SIGTERM)
    assert child.stdout is not None
    assert ["\n", "🛑"] == [child.stdout.readline(), child.stdout.readline()[0]]
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)

    assert 0 == child.returncode
    assert (JobStatus.PENDING, 0) == (the(backend, job_id).status, the(backend, job_id).retries)


@pytest.mark.stores("sqlite")
def test_a_file_that_others_lock_for_a_while_costs_a_worker_nothing(
    backend: StoreBackend, start: Run, wait: Wait, folder: Path
) -> None:
    # Given a handler that ends while somebody holds the whole file
    ran: list[int] = []
    blocker = sqlite3.connect(folder / "taskmq.db", isolation_level=None, check_same_thread=False)

    def work(job: Job) -> str:
        blocker.execute("BEGIN EXCLUSIVE")
        ran.append(job.id)
        return "kept"

    job_id = backend.insert_job("x")
    start(func=work, lock_timeout=3)
    wait(lambda: ran)

    # When it is let go after longer than a poll, and after a renewal of the job's lock was due
    time.sleep(1.1)  # the time for which the file stays locked
    blocker.execute("ROLLBACK")
    blocker.close()

    # Then
    wait(lambda: the(backend, job_id).status is JobStatus.SUCCESS)
    assert [job_id] == ran
    assert "kept" == the(backend, job_id).result


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12, about the threads of this very test
def test_a_forked_child_uses_the_backend_of_its_parent(backend: StoreBackend) -> None:
    backend.insert_job("from the parent")
    child = os.fork()
    if child == 0:
        try:
            backend.insert_job("from the child")
            os._exit(0)
        finally:
            os._exit(1)

    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ["from the child", "from the parent"] == [job.payload for job in backend.find_jobs()]


def test_a_zombie_cannot_close_what_somebody_else_runs(backend: StoreBackend, start: Run, wait: Wait) -> None:
    # Given a worker whose heartbeat does not get through while its handler runs
    go_on = threading.Event()
    results = iter(["of the zombie", "of the other"])
    started: list[str] = []

    def work(job: Job) -> str:
        result = next(results)
        started.append(result)
        if result == "of the zombie":
            go_on.wait(30)
        return result

    job_id = backend.insert_job("x")
    zombie = start(func=work, lock_timeout=30, worker_id="zombie")
    wait(lambda: started)

    # When its job is taken back and run by another
    backend.update_status(job_id, JobStatus.PENDING)
    other = Worker(func=work, backend=backend, worker_id="other")
    other.start(until_idle=True)
    go_on.set()
    wait(lambda: zombie.active_jobs == 0)

    # Then
    assert ("of the other", "other") == (the(backend, job_id).result, the(backend, job_id).worker)


@pytest.mark.stores("sqlite")
def test_a_handler_in_a_process_of_its_own_ends_with_its_worker(
    backend: StoreBackend, folder: Path, wait: Wait
) -> None:
    program = """
from packages.taskmq.tests import in_processes
from taskmq.jobs.handlers import register_handler
from taskmq.worker import Worker

register_handler("sleeps", isolation="process")(in_processes.sleeps)
Worker(poll_interval=0.05).start()
"""
    job_id = backend.insert_job(str(folder), handler="sleeps")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, "-c", program], cwd=folder, env=env) as worker:
        wait((folder / f"{job_id}.begun").exists, within=60)
        worker.kill()

    wait((folder / f"{job_id}.tidy").exists)


@pytest.mark.stores("sqlite")
def test_a_program_that_starts_its_worker_as_it_is_imported_is_told_so(backend: StoreBackend, folder: Path) -> None:
    # Given a script without: if __name__ == "__main__", which its children import
    (folder / "script.py").write_text(
        """
from taskmq.jobs.handlers import register_handler
from taskmq.worker import Worker

@register_handler("render", isolation="process", max_retries=1)
def render(job):
    return 7

Worker().start(until_idle=True)
"""
    )
    job_id = backend.insert_job({}, handler="render")

    done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=60)

    assert 'start that below: if __name__ == "__main__":' in done.stderr
    job = the(backend, job_id)
    assert ("dead", "the handler's process ended before it was ready, with exit code 1") == (job.state, job.error_log)
