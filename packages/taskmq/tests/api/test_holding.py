"""Queues that are held back, schedules, workers and statistics."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Headers = dict[str, str]
NIGHTLY = {
    "job": {"payload": {"n": 1}, "handler": "dummy", "queue": "mail"},
    "cron": "0 3 * * *",
    "zone": "Europe/Rome",
}


def test_a_queue_is_paused_resumed_and_limited(client: TestClient, admin: Headers, backend: StoreBackend) -> None:
    backend.insert_job({})

    paused = client.post("/queues/default/pause", headers=admin).json()
    assert (True, {"pending": 1}) == (paused["paused"], paused["counts"])
    assert backend.fetch_job("somebody") is None
    assert client.post("/queues/default/limit", json={"limit": 3}, headers=admin).json()["limit"] == 3
    client.post("/queues/default/resume", headers=admin)

    (queue,) = client.get("/queues", headers=admin).json()
    assert ("default", False, 3) == (queue["name"], queue["paused"], queue["limit"])
    assert client.post("/queues/default/limit", json={"limit": None}, headers=admin).json()["limit"] is None


@pytest.mark.stores("sqlite")
def test_the_dashboard_tells_who_paused_it(client: TestClient, admin: Headers, backend: StoreBackend) -> None:
    backend.insert_job({})
    client.post("/queues/default/pause", headers=admin)

    assert "token:somebody" in client.get("/dashboard/queues", headers=admin).text


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("limit", [0, -1, "3", 1.5, True, 10**7])
def test_a_limit_that_is_none_is_refused(client: TestClient, admin: Headers, limit: Any) -> None:
    assert 422 == client.post("/queues/default/limit", json={"limit": limit}, headers=admin).status_code
    assert 422 == client.post("/queues/default/limit", json={}, headers=admin).status_code
    assert [] == client.get("/queues", headers=admin).json()


def test_a_schedule_is_added_read_paused_run_and_removed(
    client: TestClient, admin: Headers, worker: Headers, backend: StoreBackend
) -> None:
    added = client.post("/schedules", json={"id": "nightly", **NIGHTLY}, headers=admin)
    again = client.post("/schedules", json={"id": "nightly", **NIGHTLY}, headers=admin)

    assert (201, 409) == (added.status_code, again.status_code)
    shown = client.get("/schedules/nightly", headers=worker).json()
    assert ("Europe/Rome", "mail", 5, False) == (
        shown["zone"],
        shown["queue"],
        len(shown["upcoming"]),
        shown["paused"],
    )
    assert client.post("/schedules/nightly/pause", headers=admin).json()["paused"] is True
    assert client.post("/schedules/nightly/resume", headers=admin).json()["paused"] is False
    run = client.post("/schedules/nightly/run", headers=admin).json()
    job = backend.get_job(run["job_id"])
    assert job is not None
    assert ("nightly", {"n": 1}) == (job.schedule, job.payload)
    changed = client.put("/schedules/nightly", json={**NIGHTLY, "cron": "0 4 * * *"}, headers=admin).json()
    assert "0 4 * * *" == changed["cron"]
    assert [] == client.get("/schedules/nightly/history", headers=worker).json()
    assert 200 == client.delete("/schedules/nightly", headers=admin).status_code
    assert (404, []) == (
        client.get("/schedules/nightly", headers=worker).status_code,
        client.get("/schedules", headers=worker).json(),
    )


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    "change",
    [
        *({"cron": "0 3 * *"}, {"cron": "0 0 30 2 *"}, {"zone": "Mars/Phobos"}, {"every": 5}, {"cron": None}),
        *({"id": "a b"}, {"id": ""}, {"job": {}}, {"overlap": "maybe"}, {"grace": -1}, {"unknown": 1}),
        {"job": {"payload": 1, "handler": "dummy", "scheduled_for": "2126-04-01T12:00:00Z"}},
    ],
)
def test_a_schedule_that_is_none_is_refused(client: TestClient, admin: Headers, change: dict[str, Any]) -> None:
    answer = client.post("/schedules", json={"id": "nightly", **NIGHTLY, **change}, headers=admin)

    assert 422 == answer.status_code, answer.text
    assert [] == client.get("/schedules", headers=admin).json()


@pytest.mark.stores("sqlite")
def test_what_a_schedule_does_not_have_is_named(client: TestClient, admin: Headers) -> None:
    answer = client.post("/schedules", json={"id": "nightly", **NIGHTLY, "payload": {}}, headers=admin)

    assert (422, ["body", "payload"]) == (answer.status_code, answer.json()["detail"][0]["loc"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", "/schedules"), ("PUT", "/schedules/x"), ("DELETE", "/schedules/x")),
        *(("POST", f"/schedules/x/{verb}") for verb in ("pause", "resume", "run")),
    ],
)
def test_a_worker_only_reads_schedules(client: TestClient, worker: Headers, method: str, path: str) -> None:
    assert 403 == client.request(method, path, json={"id": "x", **NIGHTLY}, headers=worker).status_code
    assert 401 == client.request(method, path, json={"id": "x", **NIGHTLY}).status_code


def test_workers_and_what_was_done_are_told(
    client: TestClient, worker: Headers, backend: StoreBackend, start: Callable[..., Worker], wait: Callable[..., Any]
) -> None:
    backend.insert_job({}, handler="dummy")
    start(worker_id="ada")

    (shown,) = wait(lambda: client.get("/workers", headers=worker).json())
    assert ("ada", "online", ["default"]) == (shown["id"], shown["health"], shown["queues"])
    told = wait(lambda: client.get("/statistics?handler=dummy", headers=worker).json()["totals"].get("succeeded"))
    assert 1 == told


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("path", ["/jobs", "/dead", "/queues", "/schedules", "/workers", "/statistics?hours=24"])
def test_strangers_see_nothing(client: TestClient, worker: Headers, path: str) -> None:
    assert (401, {"detail": "Invalid or missing token"}) == (client.get(path).status_code, client.get(path).json())
    assert 200 == client.get(path, headers=worker).status_code
