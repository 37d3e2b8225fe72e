"""Failed jobs: how long they wait, that nobody waits with them, and when they are dead."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taskcore.retry import NoRetry, RetryLater
from taskmq import worker as worker_module
from taskmq.job import Job, JobStatus
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]
Wait = Callable[..., Any]


def fail(job: Job) -> None:
    raise ValueError("boom")


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


@pytest.mark.parametrize(
    ("policy", "retries_before", "delay"),
    [
        ("fixed", 0, 2),
        ("fixed", 5, 2),
        ("exponential", 0, 2),
        ("exponential", 1, 4),
        ("exponential", 4, 32),
        ("exponential", 8, 512),
        ("exponential", 9, 600),
        ("exponential", 40, 600),
    ],
)
def test_the_next_attempt_is_due_after_the_documented_delay(
    backend: StoreBackend, drain: Run, policy: str, retries_before: int, delay: int
) -> None:
    job_id = backend.insert_job("x", retry_policy=policy)
    backend.update_status(job_id, JobStatus.PENDING, retries_before, "earlier")

    drain(func=fail, max_retries=100)

    job = the(backend, job_id)
    assert ("retrying", retries_before + 1, "boom") == (job.state, job.retries, job.error_log)
    assert job.finished_at is not None
    assert timedelta(0) <= job.scheduled_for - job.finished_at - timedelta(seconds=delay) < timedelta(seconds=0.5)


@pytest.mark.parametrize(("policy", "attempts"), [("fixed", 3), ("none", 1)])
def test_a_job_is_dead_after_its_last_attempt(
    backend: StoreBackend, start: Run, wait: Wait, quick_retries: None, policy: str, attempts: int
) -> None:
    job_id = backend.insert_job("x", retry_policy=policy)
    start(func=fail)
    wait(lambda: the(backend, job_id).status is JobStatus.FAILED)

    assert [job_id] == [job.id for job in backend.list_dead_jobs()]
    assert (attempts, attempts - 1, "boom", "ValueError") == (
        the(backend, job_id).attempts,
        the(backend, job_id).retries,
        the(backend, job_id).error_log,
        the(backend, job_id).error_type,
    )


def test_exponential_waits_grow_by_the_base(
    backend: StoreBackend, start: Run, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "EXPONENTIAL_BASE", 0.05)
    job_id = backend.insert_job("x")
    start(func=fail)

    wait(lambda: the(backend, job_id).status is JobStatus.FAILED)

    assert 3 == the(backend, job_id).attempts


def test_a_waiting_retry_holds_up_neither_other_jobs_nor_the_end(backend: StoreBackend, start: Run, wait: Wait) -> None:
    # Given one job that failed and waits for a minute
    failing = backend.insert_job("bad", handler="gone", retry_delay=60)
    worker = start(func=lambda job: "ok")
    wait(lambda: the(backend, failing).retries == 1)

    # When
    begun = time.monotonic()
    healthy = backend.insert_job("good")
    wait(lambda: the(backend, healthy).status is JobStatus.SUCCESS)
    worker.stop()
    wait(lambda: worker.active_jobs == 0)

    # Then
    assert time.monotonic() - begun < 30  # nobody waited for it
    assert JobStatus.PENDING is the(backend, failing).status


@pytest.mark.parametrize("priority", [-5, 0, 20])
def test_a_job_waits_for_its_time_whatever_its_priority(backend: StoreBackend, drain: Run, priority: int) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    scheduled = backend.insert_job("x", priority=priority, scheduled_for=later)
    periodic = backend.insert_job("tick", priority=priority, interval_seconds=3600)
    failing = backend.insert_job("x", handler="gone", priority=priority, retry_delay=3600)

    for _ in range(2):
        drain(func=lambda job: None)

    assert [0, 1, 1] == [the(backend, job_id).attempts for job_id in (scheduled, periodic, failing)]
    assert backend.fetch_job("w") is None


@pytest.mark.usefixtures("quick_retries")
def test_a_retry_finds_its_turn_also_below_the_normal_priority(backend: StoreBackend, start: Run, wait: Wait) -> None:
    job_id = backend.insert_job("x", priority=-5, retry_policy="fixed")
    start(func=lambda job: fail(job) if job.retries == 0 else "ok")

    wait(lambda: the(backend, job_id).result == "ok")

    assert 2 == the(backend, job_id).attempts


def test_more_slots_do_not_shorten_the_wait(backend: StoreBackend, start: Run, wait: Wait) -> None:
    job_id = backend.insert_job("bad", retry_policy="fixed", retry_delay=60)
    start(func=fail, max_workers=3)
    wait(lambda: the(backend, job_id).retries == 1)

    time.sleep(0.3)  # a worker that ignores the delay would run it again within its poll interval of 20 ms

    assert 1 == the(backend, job_id).attempts


def test_handlers_may_ask_for_another_time_or_for_none(backend: StoreBackend, drain: Run) -> None:
    def decide(job: Job) -> None:
        if job.payload == "later":
            raise RetryLater(timedelta(hours=1))
        raise NoRetry("pointless")

    later, never = backend.insert_job("later"), backend.insert_job("never")
    drain(func=decide)

    assert timedelta(minutes=59) < the(backend, later).scheduled_for - the(backend, later).created_at
    assert (JobStatus.FAILED, "pointless") == (the(backend, never).status, the(backend, never).error_log)


def test_one_failing_job_among_many_threads_is_counted_right(
    backend: StoreBackend, start: Run, wait: Wait, quick_retries: None
) -> None:
    runs: list[str] = []
    lock = threading.Lock()

    def work(job: Job) -> None:
        with lock:
            runs.append(job.payload)
        if job.payload.startswith("bad"):
            raise ValueError(job.payload)

    backend.insert_jobs(
        [f"{'bad' if number % 5 == 0 else 'good'} {number}" for number in range(50)], retry_policy="fixed"
    )
    start(func=work, max_workers=4)
    wait(lambda: backend.get_queue_depth() == 0 and len(backend.list_dead_jobs()) == 10)

    assert 40 + 3 * 10 == len(runs)
