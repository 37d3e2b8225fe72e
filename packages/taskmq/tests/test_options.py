"""What a job can be asked for beside its payload, and what becomes of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taskcore.errors import InvalidInput
from taskmq.job import Job
from taskmq.options import JobOptions
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Drain = Callable[..., Worker]


def test_a_worker_runs_the_jobs_of_its_queues_alone(backend: StoreBackend, drain: Drain) -> None:
    seen: list[str] = []
    for queue in ("default", "mail", "reports"):
        backend.insert_job(f"of {queue}", queue=queue)

    drain(func=lambda job: seen.append(job.payload), queues=["mail", "reports"])

    assert {"of mail", "of reports"} == set(seen)


def test_a_job_brings_its_own_number_of_attempts_and_its_own_wait(backend: StoreBackend) -> None:
    attempts: list[int] = []
    eager = backend.insert_job("x", retry_policy="fixed", max_retries=4, retry_delay=0)
    once = backend.insert_job("y", retry_policy="fixed", max_retries=1)

    def fail(job: Job) -> None:
        attempts.append(job.id)
        raise ValueError("no")

    Worker(func=fail, backend=backend, poll_interval=0.01).start(until_idle=True)

    assert [eager] * 4 == [each for each in attempts if each == eager]
    assert [once] == [each for each in attempts if each == once]


def test_an_exponential_wait_begins_with_the_jobs_own_delay(backend: StoreBackend, drain: Drain) -> None:
    job_id = backend.insert_job("x", retry_delay=50)

    def fail(job: Job) -> None:
        raise ValueError("no")

    drain(func=fail)

    job = backend.get_job(job_id)
    assert job is not None
    assert 20 < (job.scheduled_for - datetime.now(UTC)).total_seconds() <= 50


def test_a_job_that_is_out_of_time_never_begins(backend: StoreBackend, drain: Drain) -> None:
    seen: list[Any] = []
    backend.insert_job("late", expires_at=datetime.now(UTC) - timedelta(seconds=1))

    drain(func=lambda job: seen.append(job.payload))

    assert [] == seen


def test_one_key_stores_one_job_and_answers_with_the_first(backend: StoreBackend) -> None:
    first = backend.insert([("a", JobOptions(idempotency_key="order 7"))])
    again = backend.insert([("b", JobOptions(idempotency_key="order 7")), ("c", JobOptions())])

    assert [(1, True)] == first
    assert [(1, False), (2, True)] == again


def test_jobs_of_one_batch_have_options_of_their_own_and_are_stored_all_or_none(backend: StoreBackend) -> None:
    with pytest.raises(InvalidInput, match=r"job 2 of 2: .*nothing was stored"):
        backend.insert([("a", JobOptions()), (float("nan"), JobOptions())])
    backend.insert([("a", JobOptions(priority=1)), ("b", JobOptions(priority=2, queue="mail"))])

    assert 2 == backend.get_queue_depth()
    assert [2, 1] == [job.priority for job in backend.find_jobs()]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"max_retries": -1}, "max_retries must be a whole number from 0 to 1,000"),
        ({"max_retries": True}, "max_retries"),
        ({"retry_delay": float("nan")}, "retry_delay must be from 0"),
        ({"retry_delay": "5"}, "retry_delay"),
        ({"timeout": 5}, "timeout must be a timedelta"),
        ({"timeout": timedelta(0)}, "longer than zero"),
        ({"queue": ""}, "queue must be text"),
        ({"expires_at": "soon"}, "expires_at must be a datetime"),
        ({"concurrency_key": "k", "concurrency_limit": 0}, "concurrency_limit"),
    ],
)
def test_options_out_of_their_range_are_refused(backend: StoreBackend, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        backend.insert_job("x", **options)

    assert 0 == backend.get_queue_depth()
