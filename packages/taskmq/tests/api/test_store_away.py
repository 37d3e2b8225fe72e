"""A store that is away is 503 and comes back by itself; health says so without a token."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from starlette.testclient import TestClient
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import IdScheme, WorkerId
from taskcore.models import WorkerInfo
from taskcore.ports import TaskStore, WorkerRegistry
from taskmq.api.app import create_app
from taskmq.api.desk import Desk, SharedBackend
from taskmq.bridge import bridge
from taskmq.jwt_secret import Keys
from taskmq.storage.base import QueueBackend
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.vocabulary import utc_now

pytestmark = pytest.mark.stores("sqlite")

Headers = dict[str, str]
JOB = {"payload": {}, "handler": "dummy"}


@pytest.fixture
def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the queue should be: in a folder that is not there."""
    path = folder / "missing" / "taskmq.db"
    monkeypatch.setenv("TASKMQ_DB_PATH", str(path))
    return path


@pytest.fixture
def away(place: Path, keys: Keys) -> Iterator[TestClient]:
    backends = SharedBackend()
    with TestClient(create_app(Desk(backends, keys)), raise_server_exceptions=False) as client:
        yield client
    backends.close()


@pytest.mark.parametrize(
    ("path", "body"), [("/add-job", JOB), ("/cancel", {"job_id": 1}), ("/retry", {"job_id": 1}), ("/login", None)]
)
def test_without_a_store_nothing_is_promised(
    away: TestClient, admin: Headers, place: Path, path: str, body: object
) -> None:
    answer = away.post(path, json=body or {"username": "ada", "password": "correct horse"}, headers=admin)

    assert 503 == answer.status_code
    assert "cannot be reached" in answer.json()["detail"]
    assert str(place) not in answer.text
    assert answer.headers["retry-after"].isdigit()


def test_health_tells_strangers_and_nothing_but_that(away: TestClient) -> None:
    answer = away.get("/health")

    assert (503, {"status": "db_error"}) == (answer.status_code, answer.json())


def test_metrics_and_documentation_go_on(away: TestClient) -> None:
    assert "taskmq_jobs_total" in away.get("/monitor/metrics").text
    assert 200 == away.get("/docs").status_code


def test_pages_say_503(away: TestClient) -> None:
    assert 503 == away.get("/dashboard/").status_code


def test_all_is_well_once_it_is_there(away: TestClient, admin: Headers, place: Path) -> None:
    assert 503 == away.post("/add-job", json=JOB, headers=admin).status_code
    place.parent.mkdir()

    assert 200 == away.post("/add-job", json=JOB, headers=admin).status_code

    assert {"status": "ok", "worker": "unknown"} == away.get("/health").json()


def test_a_file_that_is_no_database_is_a_store_that_is_away(away: TestClient, place: Path) -> None:
    place.parent.mkdir()
    place.write_bytes(b"this is no database" * 1000)

    answer = away.get("/health")

    assert (503, {"status": "db_error"}) == (answer.status_code, answer.json())


def test_a_redis_that_is_away_is_503_too_and_its_password_stays_hidden(
    keys: Keys, admin: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKMQ_BACKEND", "redis")
    monkeypatch.setenv("TASKMQ_REDIS_URL", "redis://:s3cret@127.0.0.1:1/0")
    backends = SharedBackend()

    with TestClient(create_app(Desk(backends, keys)), raise_server_exceptions=False) as client:
        answers = [
            client.post("/add-job", json=JOB, headers=admin),
            client.get("/job/1", headers=admin),
            client.get("/health"),
            client.get("/dashboard/"),
        ]
        assert 200 == client.get("/monitor/metrics").status_code
    backends.close()

    assert [503] * 4 == [answer.status_code for answer in answers]
    assert "s3cret" not in "".join(answer.text for answer in answers)


class Impatient(SQLiteBackend):
    """Waits a tenth of a second for others who write."""

    async def _open(self) -> TaskStore:
        return await SQLiteStore.open(self.db_path, prefix="taskmq", ids=IdScheme.NUMBERED, busy_timeout=0.1)


def test_a_file_that_somebody_else_locks_for_long_is_away(
    folder: Path, empty_file: Path, keys: Keys, admin: Headers
) -> None:
    backend = Impatient(shutil.copy(empty_file, folder))
    with (
        TestClient(create_app(Desk(lambda: backend, keys))) as client,
        closing(sqlite3.connect(backend.db_path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        assert 503 == client.post("/add-job", json=JOB, headers=admin).status_code
        other.execute("ROLLBACK")

        assert 200 == client.post("/add-job", json=JOB, headers=admin).status_code
    backend.close()


def test_health_waits_two_seconds_for_a_store_that_does_not_answer(keys: Keys) -> None:
    over = threading.Event()
    backend = MagicMock(spec=QueueBackend)
    backend.check_health.side_effect = lambda: over.wait(30)
    try:
        with TestClient(create_app(Desk(lambda: backend, keys))) as client:
            began = time.monotonic()
            answer = client.get("/health")
            assert time.monotonic() - began < 20  # of the 30 s for which it would not answer
            over.set()
    finally:
        over.set()

    assert (503, {"status": "db_error"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(("age", "word"), [(timedelta(0), "alive"), (timedelta(seconds=11), "not_recently_alive")])
def test_health_knows_whether_a_worker_was_heard_of(
    client: TestClient, backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch, age: timedelta, word: str
) -> None:
    store = backend.store
    assert isinstance(store, WorkerRegistry)
    info = WorkerInfo(
        id=WorkerId("w"), host="h", pid=1, version="1", queues=("default",), slots=1, started_at=utc_now()
    )
    bridge.run(store.sight(info, timedelta(hours=1)))
    with closing(sqlite3.connect(backend.db_path)) as file:
        file.execute("UPDATE taskmq_workers SET seen_at = seen_at - ?", [age // timedelta(microseconds=1)])
        file.commit()

    assert {"status": "ok", "worker": word} == client.get("/health").json()
