"""Many jobs at once: added in one commit, cancelled, retried, deleted and replayed by a filter."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from taskmq.options import JobOptions
from taskmq.storage.store_backend import StoreBackend

Headers = dict[str, str]
JOB = {"payload": {"key": "value"}, "handler": "dummy"}


def _states(backend: StoreBackend) -> list[str]:
    return [job.state for job in backend.find_jobs(oldest_first=True)]


@pytest.fixture
def four(backend: StoreBackend) -> StoreBackend:
    """1 runs, 2 is dead, 3 waits in "mail", 4 waits."""
    backend.insert([({}, JobOptions(handler="dummy", queue="mail" if n == 3 else "default")) for n in range(1, 5)])
    backend.fetch_job("somebody", 60)
    backend.move_to_dlq(2, "no luck")
    return backend


def test_many_jobs_with_options_of_their_own_are_stored_at_once(
    client: TestClient, admin: Headers, backend: StoreBackend
) -> None:
    keyed = {**JOB, "idempotency_key": "one"}
    jobs = [JOB, {**JOB, "priority": 7, "queue": "mail"}, keyed, keyed]

    answer = client.post("/jobs/bulk", json={"jobs": jobs}, headers=admin)

    ids = [{"job_id": n, "created": created} for n, created in ((1, True), (2, True), (3, True), (3, False))]
    assert (200, {"status": "ok", "jobs": ids}) == (answer.status_code, answer.json())
    second = backend.get_job(2)
    assert second is not None
    assert (7, "mail", 3) == (second.priority, second.queue, backend.get_queue_depth())


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"payload": {}}, ["body", "jobs", 1, "handler"]),
        ({"handler": "dummy"}, ["body", "jobs", 1, "payload"]),
        ({**JOB, "priority": "high"}, ["body", "jobs", 1, "priority"]),
        ({**JOB, "priority": 2**40}, ["body", "jobs", 1]),
        ({**JOB, "handler": "a\nb"}, ["body", "jobs", 1]),
        ({**JOB, "idempotency_key": ""}, ["body", "jobs", 1, "idempotency_key"]),
        (7, ["body", "jobs", 1]),
    ],
)
def test_one_that_is_wrong_is_named_and_none_is_stored(
    client: TestClient, admin: Headers, backend: StoreBackend, wrong: Any, place: list[Any]
) -> None:
    answer = client.post("/jobs/bulk", json={"jobs": [JOB, wrong, JOB]}, headers=admin)

    assert (422, place) == (answer.status_code, answer.json()["detail"][0]["loc"])
    assert 0 == backend.get_queue_depth()


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("jobs", [[], [JOB] * 1001, None, {}, "x"])
def test_no_jobs_and_too_many_are_refused(client: TestClient, admin: Headers, backend: StoreBackend, jobs: Any) -> None:
    assert 422 == client.post("/jobs/bulk", json={"jobs": jobs}, headers=admin).status_code
    assert 0 == backend.get_queue_depth()


def test_a_thousand_jobs_are_one_entry_of_the_audit_log(
    client: TestClient, admin: Headers, backend: StoreBackend
) -> None:
    assert 200 == client.post("/jobs/bulk", json={"jobs": [JOB] * 1000}, headers=admin).status_code

    shown = client.get("/dashboard/audit", headers={"accept": "application/json", **admin}).text

    assert (1000, 1) == (backend.get_queue_depth(), shown.count('"task.put"'))
    assert "1,000 jobs, from 1 to 1000" in shown


def test_those_that_a_filter_finds_are_cancelled_and_a_dry_run_only_tells(
    client: TestClient, admin: Headers, four: StoreBackend
) -> None:
    wanted = {"filter": {"queue": "default"}, "dry_run": True}

    would = client.post("/jobs/cancel", json=wanted, headers=admin).json()
    assert ["running", "dead", "pending", "pending"] == _states(four)
    did = client.post("/jobs/cancel", json={**wanted, "dry_run": False}, headers=admin).json()

    skipped = {"1": "it is running", "2": "it is dead"}
    assert {"status": "ok", "dry_run": True, "count": 1, "ids": [4], "skipped": skipped, "more": False} == would
    assert {**would, "dry_run": False} == did
    assert ["running", "dead", "pending", "cancelled"] == _states(four)


def test_running_ones_are_stopped_by_request(client: TestClient, admin: Headers, four: StoreBackend) -> None:
    answer = client.post("/jobs/cancel", json={"ids": [1, 9], "running": True}, headers=admin).json()

    assert ([1], {"9": "not found"}, "cancelling") == (answer["ids"], answer["skipped"], _states(four)[0])


def test_what_is_stopped_is_counted_by_its_worker_alone(client: TestClient, admin: Headers, four: StoreBackend) -> None:
    client.post("/jobs/cancel", json={"ids": [1, 3, 4], "running": True}, headers=admin)

    client.get("/monitor/metrics")  # which stores what was counted here

    assert {"cancelled": 2} == client.get("/statistics", headers=admin).json()["totals"]


def test_each_running_one_that_is_to_stop_says_so_once_in_its_timeline(
    client: TestClient, admin: Headers, backend: StoreBackend
) -> None:
    backend.insert_jobs([{}] * 4, handler="dummy")
    for _ in range(3):
        backend.fetch_job("somebody", 60)

    for _ in range(2):
        client.post("/jobs/cancel", json={"filter": {}, "all": True, "running": True}, headers=admin)

    asked = [line["job_id"] for line in backend.get_logs() if line["message"] == "Cancellation requested"]
    assert [1, 2, 3] == sorted(asked)
    assert ["cancelling"] * 3 + ["cancelled"] == _states(backend)


def test_failed_ones_are_retried_and_keep_their_ids(client: TestClient, worker: Headers, four: StoreBackend) -> None:
    answer = client.post("/jobs/retry", json={"filter": {"state": "failed"}}, headers=worker).json()

    assert ([2], "pending") == (answer["ids"], _states(four)[1])


def test_all_but_running_ones_are_deleted_if_all_are_meant(
    client: TestClient, admin: Headers, four: StoreBackend
) -> None:
    refused = client.post("/jobs/delete", json={"filter": {}}, headers=admin)
    few = client.post("/jobs/delete", json={"filter": {}, "all": True, "limit": 1}, headers=admin).json()
    rest = client.post("/jobs/delete", json={"filter": {}, "all": True}, headers=admin).json()

    assert (422, ["running"]) == (refused.status_code, _states(four))
    assert ([4], True) == (few["ids"], few["more"])
    assert ([3, 2], {"1": "it is running"}, False) == (rest["ids"], rest["skipped"], rest["more"])


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    "body",
    [
        *({}, {"ids": []}, {"ids": [1], "filter": {}}, {"ids": ["1"]}, {"ids": [1], "dry_run": "no"}),
        *({"filter": {"status": "dead"}}, {"filter": {"state": "done"}}, {"ids": [1], "limit": 0}, {"ids": [1] * 1001}),
    ],
)
@pytest.mark.parametrize("verb", ["cancel", "retry", "delete"])
def test_what_names_no_jobs_is_refused(
    client: TestClient, admin: Headers, four: StoreBackend, verb: str, body: dict[str, Any]
) -> None:
    before = _states(four)

    assert 422 == client.post(f"/jobs/{verb}", json=body, headers=admin).status_code
    assert before == _states(four)


def test_dead_jobs_are_listed_and_replayed_at_a_rate(
    client: TestClient, worker: Headers, backend: StoreBackend
) -> None:
    for job in backend.insert_jobs([{}, {}, {}], handler="dummy"):
        backend.move_to_dlq(job, "no luck")

    assert [3, 2, 1] == [job["id"] for job in client.get("/dead", headers=worker).json()]
    would = client.post("/dead/replay", json={"all": True, "dry_run": True}, headers=worker).json()
    did = client.post("/dead/replay", json={"filter": {"handler": "dummy"}, "rate": 0.1}, headers=worker).json()

    assert [{"job_id": n, "new_job_id": None} for n in (1, 2, 3)] == would["jobs"]
    assert [{"job_id": n, "new_job_id": n + 3} for n in (1, 2, 3)] == did["jobs"]
    first, second, third = backend.find_jobs(oldest_first=True)
    assert ["pending", "scheduled", "scheduled"] == [first.state, second.state, third.state]
    assert 10 == round((third.scheduled_for - second.scheduled_for).total_seconds())
    assert [] == backend.list_dead_jobs()


def test_a_dead_job_whose_unique_key_is_in_use_stays_dead(
    client: TestClient, admin: Headers, backend: StoreBackend
) -> None:
    for _ in range(2):
        (inserted,) = backend.insert([({}, JobOptions(handler="dummy", unique_key="report"))])
        if inserted.job_id == 1:
            backend.move_to_dlq(1, "no luck")

    retried = client.post("/jobs/retry", json={"ids": [1]}, headers=admin).json()
    replayed = client.post("/dead/replay", json={"all": True}, headers=admin).json()

    assert (0, ["1"], 0) == (retried["count"], list(retried["skipped"]), replayed["count"])
    assert ["dead", "pending"] == _states(backend)
    assert 409 == client.post("/retry", json={"job_id": 1}, headers=admin).status_code


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("body", [{"rate": 0}, {"rate": "5/s"}, {"filter": {"state": "dead"}}, {"limit": 0}, {"x": 1}])
def test_a_replay_that_is_none_is_refused(client: TestClient, admin: Headers, body: dict[str, Any]) -> None:
    assert 422 == client.post("/dead/replay", json={"all": True, **body}, headers=admin).status_code


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("body", [{}, {"filter": {}}, {"rate": 5}, {"dry_run": True}])
def test_every_dead_job_is_replayed_only_where_that_is_said(
    client: TestClient, admin: Headers, body: dict[str, Any]
) -> None:
    refused = client.post("/dead/replay", json=body, headers=admin)

    assert (422, True) == (refused.status_code, "all=true" in refused.text)


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs/bulk", {"jobs": [JOB]}),
        ("/jobs/cancel", {"ids": [1]}),
        ("/jobs/delete", {"ids": [1]}),
        ("/queues/default/pause", None),
        ("/queues/default/resume", None),
        ("/queues/default/limit", {"limit": 1}),
    ],
)
def test_a_worker_changes_nothing_but_what_it_retries(
    client: TestClient, worker: Headers, path: str, body: Any
) -> None:
    assert 403 == client.post(path, json=body, headers=worker).status_code
    assert 401 == client.post(path, json=body).status_code
