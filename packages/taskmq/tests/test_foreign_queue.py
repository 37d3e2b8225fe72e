"""A backend that a user wrote: its thirteen methods are enough for a worker."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import register_handler
from taskmq.storage.base import QueueBackend
from taskmq.worker import Worker

Wait = Callable[..., Any]


class ListBackend(QueueBackend):
    """The simplest backend there is."""

    def __init__(self) -> None:
        self.jobs: dict[int, Job] = {}
        self.dead: dict[int, Job] = {}
        self.logs: list[dict[str, Any]] = []
        self.swept = 0
        self.trouble: list[Exception] = []

    def insert_job(
        self,
        payload: Any,
        retry_policy: str = "exponential",
        scheduled_for: datetime | None = None,
        interval_seconds: int | None = None,
        handler: str | None = None,
        priority: int = 0,
    ) -> int:
        job_id = len(self.jobs) + 1
        self.jobs[job_id] = Job(job_id, payload=payload, retry_policy=retry_policy, handler=handler, priority=priority)
        return job_id

    def fetch_job(self, worker_id: str, lock_timeout: int = 30) -> Job | None:
        if self.trouble:
            raise self.trouble.pop()
        pending = [job for job in self.jobs.values() if job.status is JobStatus.PENDING]
        if not pending:
            return None
        best = max(pending, key=lambda job: job.priority)
        best.locked_by = worker_id
        return replace(best)

    def update_status(
        self,
        job_id: int,
        status: JobStatus,
        retries: int = 0,
        error_log: str | None = None,
        result: Any = None,
        handler_hash: str | None = None,
    ) -> None:
        job = self.jobs[job_id]
        job.status, job.retries, job.error_log, job.result = status, retries, error_log, result

    def move_to_dlq(self, job_id: int, error_log: str | None = None) -> None:
        self.dead[job_id] = replace(self.jobs.pop(job_id), status=JobStatus.FAILED, error_log=error_log)

    def list_dead_jobs(self, limit: int = 100, offset: int = 0) -> list[Job]:
        return list(self.dead.values())

    def replay_dead_job(self, job_id: int) -> int | None:
        return None

    def get_job(self, job_id: int) -> Job | None:
        return self.jobs.get(job_id)

    def add_log(self, job_id: int, level: str, message: str, handler: str | None = None) -> None:
        line = {"job_id": job_id, "handler": handler, "level": level, "message": message}
        self.logs.append({**line, "timestamp": datetime.now(UTC)})

    def get_logs(self, job_id: int | None = None, handler: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        return self.logs

    def requeue_expired_locks(self) -> None:
        self.swept += 1

    def reschedule_periodic_jobs(self) -> None:
        pass

    def get_queue_depth(self) -> int:
        return len(self.jobs)

    def check_health(self) -> bool:
        return True


@pytest.fixture
def queue(folder: object) -> ListBackend:
    return ListBackend()


def test_every_line_of_the_log_names_the_handler(queue: ListBackend) -> None:
    register_handler("mail")(lambda job: job.log("working"))
    queue.insert_job({}, handler="mail")

    Worker(backend=queue, poll_interval=0.01).start(until_idle=True)

    assert {"Job started", "working", "Job finished successfully"} == {line["message"] for line in queue.logs}
    assert {"mail"} == {line["handler"] for line in queue.logs}


def test_jobs_run_in_order_and_leave_status_result_and_log(queue: ListBackend) -> None:
    for priority in (0, 20, 10):
        queue.insert_job({"priority": priority}, priority=priority)
    order: list[int] = []

    def work(job: Job) -> dict[str, int]:
        order.append(job.payload["priority"])
        job.log("working")
        return job.payload  # type: ignore[no-any-return]

    Worker(func=work, backend=queue).start(until_idle=True)

    assert [20, 10, 0] == order
    assert (JobStatus.SUCCESS, "{'priority': 0}") == (queue.jobs[1].status, queue.jobs[1].result)
    assert {"Job started", "working", "Job finished successfully"} == {line["message"] for line in queue.logs}


def test_failures_are_retried_after_their_delay_and_die(queue: ListBackend, wait: Wait, quick_retries: None) -> None:
    job_id = queue.insert_job("x", retry_policy="fixed")
    worker = Worker(func=lambda job: 1 / 0, backend=queue, poll_interval=0.01)
    thread = threading.Thread(target=worker.start)
    thread.start()
    wait(lambda: job_id in queue.dead)
    worker.stop()
    thread.join(5)

    assert (2, "division by zero") == (queue.dead[job_id].retries, queue.dead[job_id].error_log)
    assert 2 == sum("scheduled for retry" in line["message"] for line in queue.logs)


def test_a_worker_that_stops_gives_back_what_waits_for_its_retry(queue: ListBackend, wait: Wait) -> None:
    job_id = queue.insert_job("x", retry_policy="fixed")
    Worker(func=lambda job: 1 / 0, backend=queue).start(until_idle=True)

    assert (JobStatus.PENDING, 1, "division by zero") == (
        queue.jobs[job_id].status,
        queue.jobs[job_id].retries,
        queue.jobs[job_id].error_log,
    )


def test_a_backend_that_fails_for_a_while_does_not_end_the_worker(queue: ListBackend, wait: Wait) -> None:
    queue.trouble = [ConnectionError("down"), OSError("still down")]
    job_id = queue.insert_job("x")
    worker = Worker(func=lambda job: "ok", backend=queue, poll_interval=0.01, lock_timeout=0.2)
    thread = threading.Thread(target=worker.start)
    thread.start()
    wait(lambda: queue.jobs[job_id].status is JobStatus.SUCCESS and queue.swept)
    worker.stop()
    thread.join(5)
