"""The published API reference, followed to the letter against ``create_app`` in a uvicorn of its own.

Bodies stand here as they stand there; only ids of tasks and users become real ones.
"""

# ruff: noqa: ASYNC212 - the server is another process, so that nobody here waits for this loop
import asyncio
import inspect
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from lapinq.server import create_app
from lapinq.settings import Settings
from lapinq.storage import Storage
from taskcore.ids import WorkerId
from taskcore.models import Claim, Settlement, TaskError
from taskcore.states import Event
from taskcore.testing.waiting import eventually

from tests.ports import kept_port

from ..conftest import EMPTY

pytestmark = pytest.mark.anyio

SECRET = "your-secret-key"
KEY = "a key that the page does not name"

ENQUEUE = """
{
    "task_name": "my_task",
    "queue_name": "default",
    "module_path": "myapp.tasks",
    "args": [1, 2, 3],
    "kwargs": {"key": "value"},
    "scheduled_at": "2026-06-15T12:00:00Z",
    "max_retries": 3,
    "priority": 5,
    "ttl_seconds": 86400,
    "metadata": {"source": "web", "user_id": 42},
    "retry_delay": 30,
    "retry_backoff": false,
    "webhook_url": "https://myapp.com/webhooks/task-complete"
}
"""

BATCH = """
[
    {"task_name": "add", "queue_name": "batch", "module_path": "myapp.tasks", "args": [1, 2], "max_retries": 0},
    {"task_name": "add", "queue_name": "batch", "module_path": "myapp.tasks", "args": [3, 4], "max_retries": 0}
]
"""

PROGRESS = """
{
    "progress": 50,
    "message": "Processing frame 50/100"
}
"""

METRICS = """
# HELP lapinq_tasks Task counts by queue and status
# TYPE lapinq_tasks gauge
lapinq_tasks{queue="default",status="pending"} 5
lapinq_tasks{queue="default",status="running"} 2
lapinq_tasks{queue="default",status="completed"} 100
lapinq_tasks{queue="default",status="failed"} 1
"""

ARGUMENTS = {
    "database_url": "postgresql://localhost:5432/lapinq",
    "api_key": None,
    "session_secret": None,
    "rate_limit": 0,
    "worker": False,
    "worker_concurrency": 4,
    "worker_poll_interval": 0.1,
    "worker_timeout": 300,
    "cleanup_interval": 0,
    "scheduler": False,
    "scheduler_interval": 60,
}


@pytest.fixture(scope="module")
def database(postgres_url: str) -> str:
    """Empty, with tables: to make them takes longer than all that follows."""

    async def empty() -> None:
        storage = await Storage.open(Settings(database_url=postgres_url))
        await storage.pool.execute(EMPTY)
        await storage.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLMODE", "disable")
        asyncio.run(empty())
    return postgres_url


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with kept_port() as port:
        yield port


@pytest.fixture(scope="module")
def url(database: str, tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[str]:
    """Where the server listens."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "main.py").write_text(
        f"from lapinq.server import create_app\n\napp = create_app({database!r}, api_key={KEY!r})\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAPINQ_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port), "--no-proxy-headers"],
        cwd=folder,
        env={**env, "LAPINQ_SESSION_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        out, _ = process.communicate(timeout=60)
        assert "Traceback" not in out, out
    finally:
        process.kill()
        process.communicate()


def _wait(url: str, process: "subprocess.Popen[str]", within: float = 90.0) -> None:
    deadline = time.monotonic() + within
    while True:
        try:
            httpx.get(f"{url}/health")
        except httpx.TransportError:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, f"no answer within {within} s"
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    """Shows the API key."""
    with httpx.Client(base_url=url, headers={"X-API-Key": KEY}, timeout=30) as client:
        yield client


@pytest.fixture
def browser(url: str) -> Iterator[httpx.Client]:
    """Shows nothing by itself."""
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture
async def storage(database: str, url: str) -> AsyncIterator[Storage]:
    """Plays the worker."""
    storage = await Storage.open(Settings(database_url=database, pool_size=2))
    yield storage
    await storage.close()


def test_the_arguments_of_create_app() -> None:
    defaults = {name: each.default for name, each in inspect.signature(create_app).parameters.items()}

    assert ARGUMENTS.items() <= defaults.items()


def test_enqueue(client: httpx.Client) -> None:
    answer = client.post("/api/v1/enqueue", content=ENQUEUE, headers={"Content-Type": "application/json"})

    assert (201, {"task_id"}) == (answer.status_code, set(answer.json()))
    task = client.get(f"/api/v1/tasks/{answer.json()['task_id']}")
    assert 200 == task.status_code
    expected = json.loads(ENQUEUE) | {"scheduled_at": "2026-06-15T12:00:00+00:00"}
    assert expected.items() <= task.json().items()


def test_enqueue_with_a_ttl_of_zero(client: httpx.Client) -> None:
    answer = client.post("/api/v1/enqueue", json={**json.loads(ENQUEUE), "ttl_seconds": 0})

    assert (201, {"task_id": None, "ttl_seconds": 0}) == (answer.status_code, answer.json())


def test_enqueue_batch(client: httpx.Client) -> None:
    answer = client.post("/api/v1/enqueue/batch", content=BATCH)

    assert (201, 2) == (answer.status_code, len(answer.json()["task_ids"]))


async def test_progress_and_result(client: httpx.Client, storage: Storage) -> None:
    body = {"task_name": "t", "module_path": "myapp.tasks", "queue_name": "frames", "priority": 9}
    task = client.post("/api/v1/enqueue", json=body).json()["task_id"]
    assert {"error": "task not finished", "status": "pending"} == client.get(f"/api/v1/tasks/{task}/result").json()
    claimed = await storage.claim_task("w")
    assert claimed is not None

    answer = client.patch(f"/api/v1/tasks/{task}/progress", content=PROGRESS)
    assert 200 == answer.status_code
    shown = client.get(f"/api/v1/tasks/{task}").json()
    assert ("running", 50, "Processing frame 50/100") == (shown["status"], shown["progress"], shown["progress_message"])

    await storage.complete_task(claimed["id"], '"done"')
    result = client.get(f"/api/v1/tasks/{task}/result").json()
    assert result.pop("completed_at")
    assert {"id": task, "status": "completed", "result": '"done"', "error": None} == result


async def test_lists_cancel_and_requeue(client: httpx.Client, storage: Storage) -> None:
    body = {"task_name": "my_task", "module_path": "myapp.tasks", "queue_name": "video", "priority": 9}
    doomed, pending = [
        client.post("/api/v1/enqueue", json={**body, "max_retries": retries}).json()["task_id"] for retries in (1, 3)
    ]
    claimed = await storage.claim_task("w")
    assert claimed is not None
    await storage.fail_task(claimed["id"], "timeout")

    listed = client.get("/api/v1/tasks", params={"queue": "video", "task_name": "MY_", "limit": 50}).json()
    assert [pending, doomed] == [task["id"] for task in listed]
    assert [doomed] == [task["id"] for task in client.get("/api/v1/tasks/failed", params={"queue": "video"}).json()]

    assert 200 == client.post(f"/api/v1/tasks/{doomed}/requeue").status_code
    assert 404 == client.post(f"/api/v1/tasks/{doomed}/requeue").status_code
    assert "pending" == client.get(f"/api/v1/tasks/{doomed}").json()["status"]
    assert 200 == client.delete(f"/api/v1/tasks/{pending}").status_code
    assert 404 == client.delete(f"/api/v1/tasks/{pending}").status_code
    assert 404 == client.get("/api/v1/tasks/01a22802-ef3d-7000-95f3-056f8c252140").status_code


def test_bulk_delete(client: httpx.Client) -> None:
    one = {"task_name": "process", "module_path": "myapp.tasks", "queue_name": "gone"}
    client.post("/api/v1/enqueue/batch", json=[one] * 5)

    assert {"deleted": 5} == client.delete("/api/v1/tasks", params={"queue": "gone", "task_name": "PROC"}).json()


def test_health(browser: httpx.Client) -> None:
    answer = browser.get("/health")

    assert (200, {"status": "ok", "database": "connected"}) == (answer.status_code, answer.json())


async def test_queues_and_metrics(client: httpx.Client, browser: httpx.Client, storage: Storage) -> None:
    client.delete("/api/v1/tasks", params={"all": "true"})
    one = {"task_name": "t", "module_path": "myapp.tasks", "max_retries": 1}
    client.post("/api/v1/enqueue/batch", json=[one] * 108)
    store = storage.service.store
    claim = Claim(worker=WorkerId("w"), queues=("default",), limit=103, lease_for=storage.settings.lease)
    claimed = await store.claim(claim)
    while len(claimed) < 103:  # a claim may hand out less than there is
        claimed = [*claimed, *await store.claim(claim)]
    ends = [Settlement(fence=task.fence, event=Event.SUCCEED, result="1") for task in claimed[:100]]
    failed = Settlement(fence=claimed[100].fence, event=Event.FAIL, error=TaskError("", "timeout"))
    await store.settle([*ends, failed])

    (queue,) = client.get("/api/v1/queues").json()
    assert {"queue_name": "default", "pending": 5, "running": 2, "completed": 100, "failed": 1}.items() <= queue.items()
    # The database is asked once a second, and another test may have scraped just now.
    await eventually(lambda: METRICS in "\n" + browser.get("/metrics").text)


def test_login_logout_and_me(browser: httpx.Client) -> None:
    assert 'name="username"' in browser.get("/login").text
    assert "Invalid credentials" in browser.post("/login", data={"username": "lapinq", "password": "wrong"}).text
    assert 401 == browser.get("/api/v1/tasks").status_code

    entered = browser.post("/login", data={"username": "lapinq", "password": "lapinq"})
    assert (302, "/") == (entered.status_code, entered.headers["Location"])
    me = browser.get("/me").json()
    assert ("lapinq", "admin", {}) == (me["username"], me["role"], me["permissions"])
    assert 200 == browser.get("/api/v1/tasks").status_code

    left = browser.get("/logout")
    assert "/login" == left.headers["Location"]
    assert 401 == browser.get("/me").status_code


def test_users(browser: httpx.Client, url: str) -> None:
    browser.post("/login", data={"username": "lapinq", "password": "lapinq"})

    made = browser.post("/admin/users", content='{"username": "newuser", "password": "secret", "role": "user"}')
    assert 201 == made.status_code
    user = f"/admin/users/{made.json()['id']}"
    assert 200 == browser.post(f"{user}/role", content='{"role": "admin"}').status_code
    permissions = '{"queues": {"video": ["delete", "cancel"]}}'
    assert 200 == browser.post(f"{user}/permissions", content=permissions).status_code
    with httpx.Client(base_url=url, timeout=30) as new:
        new.post("/login", data={"username": "newuser", "password": "secret"})
        me = new.get("/me").json()
        assert ("newuser", "admin") == (me["username"], me["role"])
        assert {"delete", "cancel"} == set(me["permissions"]["queues"]["video"])
        changed = new.post("/account/password", json={"current_password": "secret", "new_password": "newer"})
        assert 200 == changed.status_code
    assert 200 == browser.delete(user).status_code


@pytest.mark.parametrize("path", ["/", "/admin/users", "/account/password"])
def test_protected_paths_redirect_to_the_login(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)

    assert (True, "/login") == (answer.is_redirect, answer.headers["Location"])
