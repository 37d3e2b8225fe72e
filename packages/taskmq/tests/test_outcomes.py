"""What became of a job, for whoever waits for it."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from taskcore.errors import InvalidInput
from taskmq import outcomes
from taskmq.errors import JobFailed, JobNotFound, JobNotOver, WaitTimeout
from taskmq.job import Job, JobStatus
from taskmq.service import Progress, Service
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Start = Callable[..., Worker]
Wait = Callable[..., Any]


def test_who_waits_gets_the_job_once_it_has_succeeded(backend: StoreBackend, start: Start) -> None:
    job_id = backend.insert_job(21)
    start(func=lambda job: job.payload * 2)

    assert 42 == backend.wait(job_id, timeout=10).return_value
    assert 42 == Service(backend).result(job_id)
    assert {job_id: 42} == backend.results([job_id])


def test_a_job_that_failed_is_an_error_that_says_why(backend: StoreBackend, start: Start) -> None:
    def fail(job: Job) -> None:
        raise ValueError("no such customer")

    job_id = backend.insert_job({}, retry_policy="none")
    start(func=fail)

    with pytest.raises(JobFailed, match=f"job {job_id} is dead: ValueError: no such customer") as caught:
        backend.wait(job_id, timeout=10)
    assert job_id == caught.value.job.id
    with pytest.raises(JobFailed):
        Service(backend).result(job_id)


def test_a_cancelled_job_is_an_error_too(backend: StoreBackend) -> None:
    job_id = backend.insert_job({})
    Service(backend).cancel(job_id)

    with pytest.raises(JobFailed, match="is cancelled: Cancelled by admin"):
        backend.wait(job_id)


def test_nobody_waits_for_longer_than_they_said(backend: StoreBackend) -> None:
    job_id = backend.insert_job({})

    with pytest.raises(WaitTimeout, match=f"job {job_id} is still pending after 0.05 s") as caught:
        backend.wait(job_id, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    with pytest.raises(JobNotOver, match="is pending, and has no result yet"):
        Service(backend).result(job_id)


@pytest.mark.stores("sqlite")
def test_a_job_that_ends_at_the_last_moment_was_worth_the_wait(
    backend: StoreBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, clock, slept = backend.insert_job({}), [0.0], list[float]()

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        slept.append(seconds)
        if clock[0] > 0.999:
            backend.update_status(job_id, JobStatus.SUCCESS, result=42)

    monkeypatch.setattr(outcomes, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))

    assert 42 == backend.wait(job_id, timeout=1).return_value
    assert pytest.approx(1) == sum(slept)


def test_what_never_ends_or_is_not_there_is_not_waited_for(backend: StoreBackend) -> None:
    with pytest.raises(JobNotFound):
        backend.wait(7)
    with pytest.raises(InvalidInput, match="periodic and never over"):
        backend.wait(backend.insert_job({}, interval_seconds=5))


def test_progress_is_told_while_a_handler_runs(backend: StoreBackend, start: Start, wait: Wait) -> None:
    go_on = threading.Event()

    def work(job: Job) -> None:
        job.progress(0.25, "a quarter")
        go_on.wait(10)

    job_id, service = backend.insert_job({}), Service(backend)
    assert Progress(state="pending", fraction=None, note=None) == service.progress(job_id)
    start(func=work)

    wait(lambda: service.progress(job_id) == Progress(state="running", fraction=0.25, note="a quarter"))
    go_on.set()
    assert JobStatus.SUCCESS is backend.wait(job_id, timeout=10).status
