"""What there is to know of jobs: pages, details, logs, progress and results."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from taskmq.jobs.handlers import register_handler
from taskmq.options import JobOptions
from taskmq.storage.base import JobStatus
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Headers = dict[str, str]

pytestmark = pytest.mark.stores("sqlite")  # how a store answers is proved below the API


@pytest.fixture
def seven(backend: StoreBackend) -> StoreBackend:
    """Jobs 1 to 7: every other one in the queue "mail", 7 dead."""
    backend.insert([({"n": n}, JobOptions(handler="dummy", queue="mail" if n % 2 else "default")) for n in range(7)])
    backend.move_to_dlq(7, "connection refused")
    return backend


@pytest.mark.usefixtures("seven")
def test_pages_lead_to_the_next_one_until_all_jobs_are_shown(client: TestClient, worker: Headers) -> None:
    seen: list[int] = []
    address: str | None = "/jobs?limit=3"
    while address is not None:
        answer = client.get(address, headers=worker)
        assert 200 == answer.status_code, answer.text
        assert "7" == answer.headers["X-Total-Count"]
        seen += [job["id"] for job in answer.json()]
        address = answer.links["next"]["url"] if answer.links else None

    assert [7, 6, 5, 4, 3, 2, 1] == seen


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("state=dead", [7]),
        ("state=pending&queue=mail", [6, 4, 2]),
        ("handler=nobody", []),
        ("text=%22n%22:3", [4]),
        ("error=Refused", [7]),
        ("order=oldest&limit=2", [1, 2]),
        ("created_before=2020-01-01T00:00:00Z", []),
        ("created_from=2020-01-01", [7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_jobs_are_found_by_conditions(client: TestClient, worker: Headers, query: str, ids: list[int]) -> None:
    assert ids == [job["id"] for job in client.get(f"/jobs?{query}", headers=worker).json()]


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=x", "state=done", "cursor=nonsense", "created_from=soon", "order=any"),
        *("unknown=1", "handler=", "text=", "queue=" + "x" * 201),
    ],
)
def test_conditions_that_are_none_are_refused(client: TestClient, worker: Headers, query: str) -> None:
    answer = client.get(f"/jobs?{query}", headers=worker)

    assert 422 == answer.status_code, answer.text
    assert {"loc", "msg", "type"} == answer.json()["detail"][0].keys()


@pytest.mark.usefixtures("seven")
def test_a_cursor_belongs_to_its_listing(client: TestClient, worker: Headers) -> None:
    leads = client.get("/jobs?limit=1", headers=worker).links["next"]["url"]

    assert 422 == client.get(leads + "&state=dead", headers=worker).status_code


def test_a_job_tells_its_attempts_its_history_and_what_it_was_asked_for(
    client: TestClient, worker: Headers, backend: StoreBackend, drain: Callable[..., Worker]
) -> None:
    @register_handler("talks")
    def talks(job: Any) -> None:
        job.log("almost there")
        raise ValueError("no luck")

    backend.insert_job({"a": 1}, handler="talks", retry_policy="none", queue="default", concurrency_key="ada")
    drain()

    shown = client.get("/jobs/1", headers=worker).json()

    assert ("dead", 1, "ValueError", "ada", 1, None) == tuple(
        shown[name] for name in ("state", "attempts", "error_type", "concurrency_key", "concurrency_limit", "timeout")
    )
    (attempt,) = shown["attempt_list"]
    assert (1, "fail", "ValueError", "no luck") == tuple(
        attempt[name] for name in ("number", "ended", "error_type", "error")
    )
    assert {"Queued", "Job started", "almost there", "Job failed: no luck"} == {
        line["message"] for line in shown["timeline"]
    }
    logs = client.get("/jobs/1/logs?limit=1", headers=worker).json()
    assert ["Job failed: no luck"] == [line["message"] for line in logs]


@pytest.mark.parametrize("what", ["", "/logs", "/progress", "/result"])
@pytest.mark.parametrize(("job_id", "status"), [("2", 404), ("0", 404), ("-1", 404), (str(2**63), 404), ("one", 422)])
def test_a_job_that_is_not_there_has_nothing_to_tell(
    client: TestClient, worker: Headers, what: str, job_id: str, status: int
) -> None:
    answer = client.get(f"/jobs/{job_id}{what}", headers=worker)

    assert status == answer.status_code
    if status == 404:
        assert {"detail": "Job not found"} == answer.json()


def test_a_result_is_a_value_and_until_then_the_state_is_told(
    client: TestClient, worker: Headers, backend: StoreBackend, drain: Callable[..., Worker]
) -> None:
    register_handler("answers")(lambda job: {"answer": [42, None]})
    backend.insert_job({}, handler="answers")

    pending = client.get("/jobs/1/result", headers=worker)
    drain()
    done = client.get("/jobs/1/result?wait=5", headers=worker)

    assert (409, {"detail": "the job has no result, it is pending", "state": "pending"}) == (
        pending.status_code,
        pending.json(),
    )
    assert (200, {"job_id": 1, "state": "success", "result": {"answer": [42, None]}}) == (
        done.status_code,
        done.json(),
    )


def test_a_dead_job_tells_why_it_has_no_result(client: TestClient, worker: Headers, backend: StoreBackend) -> None:
    backend.move_to_dlq(backend.insert_job({}), "no luck")

    answer = client.get("/jobs/1/result?wait=5", headers=worker)

    assert (409, {"detail": "the job has no result, it is dead: no luck", "state": "dead"}) == (
        answer.status_code,
        answer.json(),
    )


def test_a_request_may_wait_for_the_result(client: TestClient, worker: Headers, backend: StoreBackend) -> None:
    job = backend.insert_job({})
    ending = threading.Timer(0.2, backend.update_status, (job, JobStatus.SUCCESS), {"result": "done"})
    ending.start()

    began = time.monotonic()
    answer = client.get(f"/jobs/{job}/result?wait=60", headers=worker)
    ending.join()

    assert (200, "done") == (answer.status_code, answer.json()["result"])
    assert time.monotonic() - began < 30


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("wait", ["-1", "61", "nan", "inf", "x"])
def test_nobody_waits_for_ever(client: TestClient, worker: Headers, backend: StoreBackend, wait: str) -> None:
    backend.insert_job({})

    assert 422 == client.get(f"/jobs/1/result?wait={wait}", headers=worker).status_code


def test_progress_is_what_the_handler_told_last(
    client: TestClient, worker: Headers, backend: StoreBackend, drain: Callable[..., Worker]
) -> None:
    register_handler("counts")(lambda job: job.progress(0.5, "half"))
    backend.insert_job({}, handler="counts")
    drain()

    shown = client.get("/jobs/1/progress", headers=worker).json()

    assert (1, "success", 0.5, "half", 1) == tuple(
        shown[name] for name in ("job_id", "state", "fraction", "note", "attempts")
    )


def test_a_deleted_job_is_gone_and_a_running_one_stays(
    client: TestClient, admin: Headers, worker: Headers, backend: StoreBackend
) -> None:
    backend.insert_jobs([{}, {}])
    backend.fetch_job("somebody")

    assert 403 == client.delete("/jobs/2", headers=worker).status_code
    assert 409 == client.delete("/jobs/1", headers=admin).status_code
    assert {"status": "deleted", "job_id": 2} == client.delete("/jobs/2", headers=admin).json()
    assert (404, 404) == (
        client.delete("/jobs/2", headers=admin).status_code,
        client.get("/jobs/2", headers=admin).status_code,
    )
