"""How jobs come in: all that can be said of one, and keys."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from taskmq.bridge import bridge
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import task_id

Headers = dict[str, str]
JOB = {"payload": {"key": "value"}, "handler": "dummy"}


def test_all_that_can_be_said_of_a_job_is_kept(client: TestClient, admin: Headers, backend: StoreBackend) -> None:
    more = {
        "queue": "mail",
        "max_retries": 7,
        "retry_delay": 0.5,
        "timeout": 90,
        "expires_at": "2126-04-01T12:00:00Z",
        "concurrency_key": "ada",
        "concurrency_limit": 2,
    }

    answer = client.post("/add-job", json={**JOB, **more}, headers=admin)

    assert 200 == answer.status_code, answer.text
    record = bridge.run(backend.store.get(task_id(1)))
    assert record is not None
    assert ("mail", timedelta(seconds=90), datetime(2126, 4, 1, 12, tzinfo=UTC), "ada", 2) == (
        record.queue,
        record.timeout,
        record.expires_at,
        record.concurrency_key,
        record.concurrency_limit,
    )
    assert '"max_retries": 7' in (record.meta or "")
    assert '"retry_delay": 0.5' in (record.meta or "")


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("queue", ["", None, 1, "a\nb", "x" * 201]),
        ("max_retries", [-1, 1001, 1.5, "3", True]),
        ("retry_delay", [-1, "1", True, 10**9]),
        ("timeout", [0, -1, "1", True, 10**9]),
        ("expires_at", ["tomorrow", 5]),
        ("concurrency_key", ["", 5, "a\nb", "x" * 201]),
        ("unique_key", ["", 5, "a\nb", "x" * 151]),
        ("depends_on", [None, 1, ["1"], [0], [True], [1] * 101]),
        ("on_dependency_failure", ["wait", None]),
        ("concurrency_limit", [0, -1, None, "2", 10**7]),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_is_stored(
    client: TestClient, admin: Headers, backend: StoreBackend, name: str, values: list[Any]
) -> None:
    answers = [client.post("/add-job", json={**JOB, name: value}, headers=admin) for value in values]

    assert [422] * len(values) == [answer.status_code for answer in answers]
    assert 0 == backend.get_queue_depth()


def test_a_key_stores_one_job_and_answers_with_it_from_then_on(
    client: TestClient, admin: Headers, backend: StoreBackend
) -> None:
    keyed = {**admin, "Idempotency-Key": "order 17"}

    first, again = (client.post("/add-job", json=JOB, headers=keyed) for _ in range(2))
    other = client.post("/add-job", json=JOB, headers={**admin, "Idempotency-Key": "order 18"})

    assert [(200, 1), (200, 1), (200, 2)] == [
        (each.status_code, each.json()["job_id"]) for each in (first, again, other)
    ]
    assert [None, "true", None] == [each.headers.get("Idempotent-Replayed") for each in (first, again, other)]
    assert 2 == backend.get_queue_depth()


def test_a_job_may_be_unique_and_wait_for_others(
    client: TestClient, admin: Headers, backend: StoreBackend, drain: Callable[..., Any]
) -> None:
    unique = {**JOB, "unique_key": "report"}
    waits = {**JOB, "depends_on": [1]}

    ids = [client.post("/add-job", json=job, headers=admin).json()["job_id"] for job in (unique, unique, waits)]

    assert [1, 1, 2] == ids
    assert "waiting" == client.get("/jobs/2", headers=admin).json()["state"]
    drain()
    assert ["success", "success"] == [job.state for job in backend.find_jobs()]
    assert 3 == client.post("/add-job", json=unique, headers=admin).json()["job_id"]
    refused = client.post("/add-job", json={**JOB, "depends_on": [99]}, headers=admin)
    assert (422, 1) == (refused.status_code, backend.get_queue_depth())


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_a_key_that_is_none_is_refused(client: TestClient, admin: Headers, backend: StoreBackend, key: str) -> None:
    answer = client.post("/add-job", json=JOB, headers={**admin, "Idempotency-Key": key})

    assert (422, 0) == (answer.status_code, backend.get_queue_depth())


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_says_it_is_something_else_is_refused(client: TestClient, admin: Headers, kind: str) -> None:
    answer = client.post(
        "/add-job", content=b'{"payload": 1, "handler": "dummy"}', headers={**admin, "content-type": kind}
    )

    assert 422 == answer.status_code
