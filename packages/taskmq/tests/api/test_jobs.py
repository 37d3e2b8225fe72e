"""Jobs over HTTP: what is stored, what may be cancelled and retried, and by whom."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from taskmq.jobs.handlers import register_handler
from taskmq.service import Service
from taskmq.storage.base import JobStatus
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Headers = dict[str, str]

pytestmark = pytest.mark.stores("sqlite")  # how a store answers is proved below the API
JOB = {"payload": {"key": "value"}, "handler": "dummy"}
FUTURE = "2126-04-01T12:00:00Z"


@pytest.fixture
def job(backend: StoreBackend) -> int:
    """A pending job."""
    return backend.insert_job({}, handler="dummy")


@pytest.fixture
def dead(backend: StoreBackend, job: int) -> int:
    """The job, dead."""
    backend.move_to_dlq(job, "it went wrong")
    return job


def test_everything_that_the_documentation_lists_is_stored(
    client: TestClient, admin: Headers, backend: StoreBackend
) -> None:
    wanted = {**JOB, "priority": 10, "retry_policy": "none", "scheduled_for": FUTURE, "interval_seconds": 60}

    answer = client.post("/add-job", json=wanted, headers=admin)

    assert (200, {"status": "ok", "job_id": 1, "payload": {"key": "value"}, "priority": 10}) == (
        answer.status_code,
        answer.json(),
    )
    job = backend.get_job(1)
    assert job is not None
    assert ({"key": "value"}, "dummy", 10, "none", 60) == (
        job.payload,
        job.handler,
        job.priority,
        job.retry_policy,
        job.interval_seconds,
    )
    assert datetime(2126, 4, 1, 12, tzinfo=UTC) == job.scheduled_for


def test_a_job_that_says_no_more_has_priority_0_and_the_policy_fixed(
    client: TestClient, admin: Headers, backend: StoreBackend
) -> None:
    client.post("/add-job", json={**JOB, "interval_seconds": None}, headers=admin)

    job = backend.get_job(1)

    assert job is not None
    assert (0, "fixed", None) == (job.priority, job.retry_policy, job.interval_seconds)
    assert job.scheduled_for <= datetime.now(UTC)


@pytest.mark.parametrize("payload", [{}, [], 0, "", False, "auth test", "123", '{"a": 1}', {"ä": ["ß", 1.5, None]}])
def test_a_handler_gets_the_value_that_was_sent(
    client: TestClient, admin: Headers, drain: Callable[..., Worker], payload: Any
) -> None:
    got: list[Any] = []
    register_handler("keep")(lambda job: got.append(job.payload))
    answer = client.post("/add-job", json={"payload": payload, "handler": "keep"}, headers=admin)

    drain()

    assert [payload] == got
    assert payload == answer.json()["payload"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2126-04-01T12:00:00+05:30", datetime(2126, 4, 1, 6, 30, tzinfo=UTC)),
        ("2126-04-01T12:00:00-08:00", datetime(2126, 4, 1, 20, tzinfo=UTC)),
        ("2126-04-01T12:00:00", datetime(2126, 4, 1, 12, tzinfo=UTC)),
    ],
)
def test_instants_are_understood_in_their_zone_and_in_utc_without_one(
    client: TestClient, admin: Headers, backend: StoreBackend, text: str, at: datetime
) -> None:
    client.post("/add-job", json={**JOB, "scheduled_for": text}, headers=admin)

    job = backend.get_job(1)

    assert job is not None
    assert at == job.scheduled_for


def test_a_pending_job_that_is_cancelled_never_runs(
    client: TestClient, admin: Headers, job: int, drain: Callable[..., Worker], backend: StoreBackend
) -> None:
    answer = client.post("/cancel", json={"job_id": job}, headers=admin)

    drain()

    assert (200, {"status": "cancelled", "job_id": job}) == (answer.status_code, answer.json())
    cancelled = backend.get_job(job)
    assert cancelled is not None
    assert (JobStatus.FAILED, "Cancelled by admin", 0) == (
        cancelled.status,
        cancelled.error_log,
        cancelled.attempts,
    )


def _running(backend: StoreBackend, job: int) -> None:
    backend.fetch_job("somebody")


def _succeeded(backend: StoreBackend, job: int) -> None:
    backend.update_status(job, JobStatus.SUCCESS, result="kept")


def _cancelled(backend: StoreBackend, job: int) -> None:
    Service(backend).cancel(job)


def _dead(backend: StoreBackend, job: int) -> None:
    backend.move_to_dlq(job, "it went wrong")


@pytest.mark.parametrize("become", [_running, _succeeded, _cancelled, _dead])
def test_what_is_not_pending_is_not_cancelled_and_does_not_change(
    client: TestClient, admin: Headers, backend: StoreBackend, job: int, become: Callable[..., None]
) -> None:
    become(backend, job)
    before = backend.get_job(job)

    answer = client.post("/cancel", json={"job_id": job}, headers=admin)

    assert 409 == answer.status_code
    assert "cannot cancel a job that is" in answer.json()["detail"]
    assert before == backend.get_job(job)


def test_a_dead_job_that_is_retried_keeps_its_id_leaves_the_dead_list_and_runs(
    client: TestClient, worker: Headers, backend: StoreBackend, dead: int, drain: Callable[..., Worker]
) -> None:
    answer = client.post("/retry", json={"job_id": dead}, headers=worker)

    assert (200, {"status": "retrying", "job_id": dead}) == (answer.status_code, answer.json())
    assert [] == backend.list_dead_jobs()
    drain()
    job = backend.get_job(dead)
    assert job is not None
    assert JobStatus.SUCCESS is job.status


def test_a_cancelled_job_may_be_retried(client: TestClient, worker: Headers, backend: StoreBackend, job: int) -> None:
    Service(backend).cancel(job)

    assert 200 == client.post("/retry", json={"job_id": job}, headers=worker).status_code

    retried = backend.get_job(job)
    assert retried is not None
    assert (JobStatus.PENDING, None) == (retried.status, retried.error_log)


@pytest.mark.parametrize("become", [_running, _succeeded])
def test_what_has_not_failed_is_not_retried(
    client: TestClient, admin: Headers, backend: StoreBackend, job: int, become: Callable[..., None]
) -> None:
    become(backend, job)
    before = backend.get_job(job)

    assert 409 == client.post("/retry", json={"job_id": job}, headers=admin).status_code

    assert before == backend.get_job(job)


def test_asking_twice_for_a_retry_is_as_good_as_once(
    client: TestClient, admin: Headers, backend: StoreBackend, dead: int
) -> None:
    answers = [client.post("/retry", json={"job_id": dead}, headers=admin) for _ in range(2)]

    assert [200, 200] == [answer.status_code for answer in answers]
    job = backend.get_job(dead)
    assert job is not None
    assert (JobStatus.PENDING, 0) == (job.status, job.retries)


@pytest.mark.parametrize("job_id", [2, 0, -1, 2**63, 10**30])
@pytest.mark.parametrize("path", ["/cancel", "/retry"])
def test_a_job_that_is_not_there_is_not_found(client: TestClient, admin: Headers, path: str, job_id: int) -> None:
    answer = client.post(path, json={"job_id": job_id}, headers=admin)

    assert (404, {"detail": "Job not found"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize("job_id", ["2", "0", "-1", str(2**63), str(10**30)])
def test_a_job_that_is_not_there_cannot_be_read(client: TestClient, worker: Headers, job_id: str) -> None:
    answer = client.get(f"/job/{job_id}", headers=worker)

    assert (404, {"detail": "Job not found"}) == (answer.status_code, answer.json())


def test_a_dead_job_can_be_read(client: TestClient, worker: Headers, dead: int) -> None:
    shown = client.get(f"/job/{dead}", headers=worker).json()

    assert ("FAILED", "dead", "it went wrong", {}) == (
        shown["status"],
        shown["state"],
        shown["error_log"],
        shown["payload"],
    )
    assert timedelta(0) == datetime.fromisoformat(shown["created_at"]).utcoffset()
