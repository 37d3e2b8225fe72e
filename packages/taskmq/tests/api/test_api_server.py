"""Seams that programs of the public release reach into: ``taskmq.api_server``."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock, patch

import jwt
import pytest
from fastapi import HTTPException
from starlette.testclient import TestClient
from taskcore.errors import WeakSecret
from taskmq.storage.base import Job, JobStatus, QueueBackend

pytestmark = pytest.mark.stores("sqlite")

JOB = {"payload": {"task": "test"}, "handler": "dummy"}


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module, as a fresh process without any settings imports it."""
    monkeypatch.delenv("TASKMQ_JWT_SECRET", raising=False)
    monkeypatch.delitem(sys.modules, "taskmq.api_server", raising=False)
    module = importlib.import_module("taskmq.api_server")
    yield module
    module.get_backend.close()


def _headers(server: ModuleType, role: str = "admin") -> dict[str, str]:
    return {"Authorization": f"Bearer {server.create_token('somebody', role)}"}


def test_its_tokens_are_good_without_any_setup(server: ModuleType) -> None:
    answer = TestClient(server.app).post("/add-job", json=JOB, headers=_headers(server))

    assert (200, 1) == (answer.status_code, answer.json()["job_id"])


def test_a_client_that_has_a_loop_for_each_request_is_served(server: ModuleType) -> None:
    client = TestClient(server.app)
    client.post("/add-job", json=JOB, headers=_headers(server))

    for path in ("/cancel", "/retry", "/cancel"):
        assert 200 == client.post(path, json={"job_id": 1}, headers=_headers(server)).status_code
    assert [200, 200] == [client.get("/dashboard/").status_code for _ in range(2)]
    assert 401 == client.post("/login", json={"username": "ada", "password": "wrong"}).status_code


def test_tokens_may_be_made_with_its_secret_and_algorithm(server: ModuleType) -> None:
    token = jwt.encode({"sub": "x", "role": "admin"}, server.JWT_SECRET, algorithm=server.JWT_ALGO)

    answer = TestClient(server.app).post("/add-job", json=JOB, headers={"Authorization": f"Bearer {token}"})

    assert 200 == answer.status_code
    assert "x" == server.decode_token(token)["sub"]


def test_without_a_setting_the_secret_is_one_that_nobody_knows(
    server: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    first = server.JWT_SECRET
    sys.modules.pop("taskmq.api_server")

    assert first != importlib.import_module("taskmq.api_server").JWT_SECRET
    assert len(first) >= 32
    assert "TASKMQ_JWT_SECRET is not set" in caplog.text


@pytest.mark.parametrize("secret", ["", "short", "supersecretkey-change-in-production"])
def test_a_weak_secret_serves_nothing(server: ModuleType, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", secret)

    with pytest.raises(WeakSecret):
        _ = server.app


def test_a_bad_token_is_an_http_error(server: ModuleType) -> None:
    with pytest.raises(HTTPException) as caught:
        server.decode_token("nonsense")

    assert (401, "Invalid or missing token") == (caught.value.status_code, caught.value.detail)


def test_a_backend_that_is_put_in_its_place_is_used(server: ModuleType) -> None:
    backend = MagicMock(spec=QueueBackend)
    backend.insert_job.return_value = 7
    backend.get_job.return_value = Job(id=7, payload="x", retries=1)
    with patch("taskmq.api_server.get_backend", return_value=backend):
        client = TestClient(server.app)
        added = client.post("/add-job", json=JOB, headers=_headers(server))
        cancelled = client.post("/cancel", json={"job_id": 7}, headers=_headers(server))
        healthy = client.get("/health")

    assert (200, 7) == (added.status_code, added.json()["job_id"])
    backend.insert_job.assert_called_once()
    assert {"status": "cancelled", "job_id": 7} == cancelled.json()
    backend.update_status.assert_called_with(7, JobStatus.FAILED, 1, "Cancelled by admin")
    assert 200 == healthy.status_code


def test_a_foreign_backend_is_asked_to_retry_by_its_own_method(server: ModuleType) -> None:
    backend = MagicMock(spec=QueueBackend)
    backend.get_job.return_value = Job(id=7, status=JobStatus.FAILED, retries=2)
    with patch("taskmq.api_server.get_backend", return_value=backend):
        answer = TestClient(server.app).post("/retry", json={"job_id": 7}, headers=_headers(server, "worker"))

    assert 200 == answer.status_code
    backend.update_status.assert_called_with(7, JobStatus.PENDING, 3, "Retry requested")


def test_a_backend_that_is_away_is_a_database_error(server: ModuleType) -> None:
    backend = MagicMock(spec=QueueBackend)
    backend.check_health.return_value = False
    with patch("taskmq.api_server.get_backend", return_value=backend):
        answer = TestClient(server.app).get("/health")

    assert (503, {"status": "db_error"}) == (answer.status_code, answer.json())


def test_the_queue_is_that_of_the_environment_and_the_folder(
    server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(server.app)
    client.post("/add-job", json=JOB, headers=_headers(server))
    monkeypatch.setenv("TASKMQ_DB_PATH", str(tmp_path / "other.db"))

    assert 1 == client.post("/add-job", json=JOB, headers=_headers(server)).json()["job_id"]
    assert {"taskmq.db", "other.db"} <= {path.name for path in tmp_path.iterdir()}


def test_any_other_name_is_not_there(server: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = server.nothing
