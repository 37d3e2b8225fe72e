"""Periodic jobs: by their own clock, through failures, once each however many workers there are."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taskcore.ids import TaskId
from taskmq.bridge import bridge
from taskmq.job import Job, JobStatus
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]
Wait = Callable[..., Any]


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


def test_every_instant_has_one_run_with_three_workers_and_the_series_does_not_drift(
    backend: StoreBackend, start: Run, wait: Wait
) -> None:
    # Given a job every second whose run takes a while
    second, runs, ended = timedelta(seconds=1), list[datetime](), list[datetime]()

    def tick(job: Job) -> None:
        runs.append(job.scheduled_for)
        time.sleep(0.15)  # what a period of "after the end of the last run" would add each time
        ended.append(datetime.now(UTC))

    job_id = backend.insert_job("tick", interval_seconds=1)
    first = the(backend, job_id).scheduled_for

    # When
    for _ in range(3):
        start(func=tick)
    wait(lambda: len(runs) >= 4)

    # Then the next instant is that of the next run, or the first one after a run that ends late on a busy machine
    stored = [attempt.finished_at for attempt in bridge.run(backend.store.attempts(TaskId(str(job_id))))]
    assert first == runs[0]
    for run, following, *ends in zip(runs[:3], runs[1:], ended, stored, strict=False):
        late = [first + math.ceil((end - first) / second) * second for end in ends if end is not None]
        assert following in {max(run + second, instant) for instant in late}


def test_the_first_run_is_when_it_was_scheduled(backend: StoreBackend, drain: Run) -> None:
    due = datetime.now(UTC) + timedelta(hours=1)
    job_id = backend.insert_job("x", scheduled_for=due, interval_seconds=60)

    drain(func=lambda job: None)

    assert (0, due) == (the(backend, job_id).attempts, the(backend, job_id).scheduled_for)


def test_instants_that_nobody_was_there_for_are_not_caught_up(backend: StoreBackend, drain: Run) -> None:
    # Given a series that began 100 s ago
    began = datetime.now(UTC) - timedelta(seconds=100)
    runs: list[int] = []
    job_id = backend.insert_job("x", scheduled_for=began, interval_seconds=60)

    drain(func=lambda job: runs.append(job.id))

    assert [job_id] == runs
    assert began + timedelta(seconds=120) == the(backend, job_id).scheduled_for


def test_it_goes_on_after_a_run_that_failed_for_good(backend: StoreBackend, drain: Run) -> None:
    def fail(job: Job) -> None:
        raise ValueError("boom")

    job_id = backend.insert_job("x", interval_seconds=60, retry_policy="none")
    first = the(backend, job_id).scheduled_for
    drain(func=fail)

    job = the(backend, job_id)
    assert (JobStatus.PENDING, first + timedelta(seconds=60), 0, "boom") == (
        job.status,
        job.scheduled_for,
        job.retries,
        job.error_log,
    )
    assert [] == backend.list_dead_jobs()
    assert "Job failed: boom" == backend.get_logs(job_id)[-1]["message"]


def test_retries_belong_to_their_run_and_do_not_shift_the_series(
    backend: StoreBackend, start: Run, wait: Wait, quick_retries: None
) -> None:
    runs: list[int] = []

    def fail_once(job: Job) -> str:
        runs.append(job.retries)
        if job.retries == 0:
            raise ValueError("once")
        return "ok"

    job_id = backend.insert_job("x", interval_seconds=60, retry_policy="fixed")
    first = the(backend, job_id).scheduled_for
    start(func=fail_once)
    wait(lambda: the(backend, job_id).result == "ok")

    assert [0, 1] == runs
    assert (first + timedelta(seconds=60), 0) == (the(backend, job_id).scheduled_for, the(backend, job_id).retries)


def test_a_replayed_series_begins_anew(backend: StoreBackend, drain: Run) -> None:
    dead = backend.insert_job("x", scheduled_for=datetime.now(UTC) - timedelta(seconds=10), interval_seconds=60)
    backend.move_to_dlq(dead)

    new = backend.replay_dead_job(dead)
    assert new is not None
    begins = the(backend, new).created_at
    drain(func=lambda job: None)

    assert abs(the(backend, new).scheduled_for - begins - timedelta(seconds=60)) < timedelta(seconds=1)


@pytest.mark.stores("sqlite")  # what follows a loss is decided in one place for all stores
def test_it_goes_on_after_a_run_that_lost_five_workers(backend: StoreBackend, wait: Wait) -> None:
    job_id = backend.insert_job("x", interval_seconds=60)
    first = the(backend, job_id).scheduled_for
    for number in range(5):
        wait(lambda name=f"w{number}": backend.fetch_job(name, lock_timeout=0.02))

    def taken_back() -> bool:
        backend.requeue_expired_locks()
        return the(backend, job_id).status is JobStatus.PENDING

    wait(taken_back)

    job = the(backend, job_id)
    assert ("WorkerLost", first + timedelta(seconds=60)) == (job.error_type, job.scheduled_for)
