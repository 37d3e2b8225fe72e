"""Every name of the public task-mq that programs import is there, and does what it says."""

import importlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.stores("sqlite")

NAMES: Mapping[str, str] = {
    "taskmq": "",
    "taskmq.jobs": "",
    "taskmq.utils": "",
    "taskmq.utils.heartbeat": "",
    "taskmq.jobs.handlers": "register_handler get_handler get_handler_hash HANDLERS HANDLER_HASHES dummy_handler",
    "taskmq.worker": "Worker FAILED_LOG_PATH HEARTBEAT_PATH HEARTBEAT_INTERVAL FIXED_RETRY_INTERVAL EXPONENTIAL_BASE "
    "JOBS_PROCESSED QUEUE_DEPTH TASK_DURATION RETRIES FAILURES logger",
    "taskmq.storage": "get_backend SQLiteBackend",
    "taskmq.storage.base": "Job JobStatus QueueBackend",
    "taskmq.storage.sqlite_backend": "SQLiteBackend DB_PATH",
    "taskmq.storage.redis_backend": "RedisBackend",
    "taskmq.api_server": "app create_token decode_token get_current_user require_role load_users CustomHTTPBearer "
    "security metrics_app JWT_SECRET JWT_ALGO USERS_PATH HEARTBEAT_PATH HEARTBEAT_TIMEOUT queue_jobs_total "
    "queue_jobs_failed queue_jobs_retried queue_processing_duration_seconds login add_job cancel_job retry_job get_job "
    "health get_backend",
    "taskmq.cli": "cli main run_worker serve_api add_job register_dummy_handler get_job list_dead replay_dead replay "
    "inspect logs get_backend worker",
    "taskmq.main": "main run_worker serve_api add_job print_job",
}


@pytest.mark.parametrize("module", NAMES)
def test_what_programs_import_is_there(module: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", "a secret of these tests, which is long enough")
    found = importlib.import_module(module)

    assert [] == [name for name in NAMES[module].split() if not hasattr(found, name)]


def test_names_of_a_worker_that_do_not_exist_are_missed() -> None:
    worker: Any = importlib.import_module("taskmq.worker")

    with pytest.raises(AttributeError, match="no attribute 'NOTHING'"):
        _ = worker.NOTHING


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_older_command_line_stores_a_job(folder: Path) -> None:
    added = run(folder, "-m", "taskmq.main", "add-job", "--payload", "hello")

    assert (0, "Inserted job with ID: 1 and payload: hello\n") == (added.returncode, added.stdout)
    wrong = run(folder, "-m", "taskmq.main")
    assert (2, True) == (wrong.returncode, "usage: main.py" in wrong.stderr)


def test_its_worker_prints_jobs_that_name_no_handler(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Any = importlib.import_module("taskmq.main")
    monkeypatch.setattr(main, "PAUSE", 0)
    monkeypatch.setattr(main, "Worker", lambda **options: _UntilIdle(options))
    main.main(["add-job"])
    main.main(["run-worker", "--max-workers", "2"])

    assert "Processing job 1: Sample payload at " in capsys.readouterr().out


class _UntilIdle:
    """A worker that ends by itself."""

    def __init__(self, options: dict[str, Any]) -> None:
        from taskmq.worker import Worker

        assert 2 == options["max_workers"]
        self._worker = Worker(**options)

    def start(self) -> None:
        self._worker.start(until_idle=True)


PROGRAM = """
import prometheus_client
from taskmq.storage import get_backend
from taskmq.worker import Worker, JOBS_PROCESSED

def work(job):
    if job.payload == "bad":
        raise ValueError("no")

backend = get_backend()
backend.insert_jobs(["good", "good"])
backend.insert_job("bad", retry_policy="fixed", retry_delay=0, max_retries=2)
backend.insert_job("later", depends_on=[3])
for _ in range(2):
    Worker(work, backend=backend, poll_interval=0.01).start(until_idle=True)
import taskmq.api_server, taskmq.worker, importlib
importlib.reload(taskmq.worker)
print(prometheus_client.generate_latest().decode())
"""


def test_the_metrics_of_a_process_are_in_its_registry_once_and_fed(folder: Path) -> None:
    told = run(folder, "-c", PROGRAM)

    assert 0 == told.returncode, told.stderr
    lines = set(told.stdout.splitlines())
    assert {
        "jobs_processed_total 2.0",
        "job_retries_total 2.0",
        "job_failures_total 1.0",
        "task_duration_seconds_count 4.0",
        "queue_processing_duration_seconds_count 4.0",
        "queue_depth 0.0",
        "queue_jobs_total 0.0",
    } <= lines
