"""The published API reference, followed to the letter against ``taskmq serve-api`` in a process of its own; on SQLite
and on Redis.

Code stands here as it stands there. Only ``http://127.0.0.1:8000`` becomes the server's address, and the placeholders
for the token and the secret become those that the page tells to put there.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from tests.ports import kept_port

SECRET = "your-secure-secret-key"  # that of the page's own "Example Setup"

TOKEN = """
import jwt
from datetime import datetime, timedelta, UTC

secret = "your-secret-key"  # Same as TASKMQ_JWT_SECRET env var
payload = {
    "sub": "admin",
    "role": "admin",
    "exp": datetime.now(UTC) + timedelta(hours=24)
}
token = jwt.encode(payload, secret, algorithm="HS256")
print(token)
"""

CURL = """
curl -X POST http://127.0.0.1:8000/add-job \\
  -H "Authorization: Bearer <your-token>" \\
  -H "Content-Type: application/json" \\
  -d '{"payload": {"task": "test"}, "handler": "dummy"}'
"""

HTTPX = """
import httpx

BASE_URL = "http://127.0.0.1:8000"
TOKEN = "your-jwt-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}

# Add a job
response = httpx.post(
    f"{BASE_URL}/add-job",
    json={"payload": {"task": "process"}, "handler": "mytask"},
    headers=HEADERS
)
job_id = response.json()["job_id"]
print(f"Created job: {job_id}")

# Cancel a job
response = httpx.post(
    f"{BASE_URL}/cancel",
    json={"job_id": job_id},
    headers=HEADERS
)
print(response.json())
"""

REQUESTS = """
import requests

BASE_URL = "http://127.0.0.1:8000"
TOKEN = "your-jwt-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}

# Add a scheduled job
from datetime import datetime, timedelta, UTC

future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
response = requests.post(
    f"{BASE_URL}/add-job",
    json={
        "payload": {"scheduled": True},
        "handler": "mytask",
        "scheduled_for": future
    },
    headers=HEADERS
)
print(response.json())
"""

ASYNC = """
import asyncio
import httpx

async def add_jobs():
    async with httpx.AsyncClient() as client:
        headers = {"Authorization": "Bearer your-token"}

        tasks = []
        for i in range(10):
            task = client.post(
                "http://127.0.0.1:8000/add-job",
                json={"payload": {"index": i}, "handler": "batch"},
                headers=headers
            )
            tasks.append(task)

        responses = await asyncio.gather(*tasks)
        for r in responses:
            print(r.json())

asyncio.run(add_jobs())
"""

FULL_BODY = """
{
  "payload": {"key": "value"},
  "handler": "handler_name",
  "priority": 10,
  "retry_policy": "fixed",
  "scheduled_for": "2026-04-01T12:00:00Z",
  "interval_seconds": null
}
"""


class Server:
    """``taskmq serve-api`` in an empty folder."""

    def __init__(self, folder: Path, queue: Mapping[str, str], port: int) -> None:
        self.folder, self.port = folder, port
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TASKMQ_")}
        self.env = {**inherited, "TASKMQ_JWT_SECRET": SECRET, **queue}
        self.process = self.start("serve-api", "--port", str(self.port))

    def start(self, *words: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-u", "-m", "taskmq", *words]
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=pipe, stderr=pipe, text=True)

    def wait(self, within: float = 90.0) -> None:
        deadline = time.monotonic() + within
        while True:
            try:
                httpx.get(f"{self.url}/health")
            except httpx.TransportError:
                assert self.process.poll() is None, self.process.communicate()
                assert time.monotonic() < deadline, f"no answer within {within} s"
                time.sleep(0.05)
            else:
                return


@pytest.fixture(scope="module", params=["sqlite", pytest.param("redis", marks=pytest.mark.servers)])
def queue(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The environment that names an empty queue, in the folder of whoever has it or in Redis."""
    if request.param == "sqlite":
        yield {}
        return
    url, prefix = request.getfixturevalue("redis_url"), f"test-{secrets.token_hex(6)}:"
    yield {"TASKMQ_BACKEND": "redis", "TASKMQ_REDIS_URL": url, "TASKMQ_REDIS_PREFIX": prefix}
    with redis.Redis.from_url(url) as client:
        client.unlink(*client.scan_iter(f"{prefix}*", count=10_000))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, queue: dict[str, str]) -> Iterator[Server]:
    with kept_port() as port:
        server = Server(tmp_path_factory.mktemp("server"), queue, port)
        try:
            server.wait()
            yield server
        finally:
            server.process.kill()
            server.process.communicate()


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    code = TOKEN.replace("your-secret-key", SECRET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyJWT would like a longer secret than the page has
        names: dict[str, Any] = {}
        exec(code.replace("print(token)", ""), names)
    return str(names["token"])


@pytest.fixture
def example(server: Server, token: str, capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[str]]:
    """Run an example of the page, and return the lines that it prints."""

    def run(code: str) -> list[str]:
        for placeholder in ("your-jwt-token", "your-token"):
            code = code.replace(placeholder, token)
        exec(code.replace("http://127.0.0.1:8000", server.url), {})
        return capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def call(server: Server, token: str) -> Callable[..., httpx.Response]:
    """Send a request with the token of the page."""

    def send(path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        method = "GET" if body is None else "POST"
        return httpx.request(method, f"{server.url}{path}", json=body, headers=headers)

    return send


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(server: Server, token: str) -> None:
    command = CURL.replace("http://127.0.0.1:8000", server.url).replace("<your-token>", token)

    answer = json.loads(subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout)

    assert "ok" == answer["status"]
    assert isinstance(answer["job_id"], int)


def test_httpx(example: Callable[[str], list[str]]) -> None:
    created, cancelled = example(HTTPX)

    (job_id,) = re.findall(r"^Created job: (\d+)$", created)
    assert f"{{'status': 'cancelled', 'job_id': {job_id}}}" == cancelled


def test_requests(example: Callable[[str], list[str]], call: Callable[..., httpx.Response]) -> None:
    (printed,) = example(REQUESTS)

    (job_id,) = re.findall(r"^\{'status': 'ok', 'job_id': (\d+)", printed)
    assert "scheduled" == call(f"/job/{job_id}").json()["state"]


def test_the_async_client(example: Callable[[str], list[str]]) -> None:
    printed = example(ASYNC)

    ids = {re.findall(r"'job_id': (\d+)", line)[0] for line in printed}
    assert 10 == len(ids)


def test_health(server: Server) -> None:
    answer = httpx.get(f"{server.url}/health")

    assert (200, "ok") == (answer.status_code, answer.json()["status"])


def test_the_documented_body(call: Callable[..., httpx.Response]) -> None:
    answer = call("/add-job", json.loads(FULL_BODY))

    assert (200, "ok") == (answer.status_code, answer.json()["status"])
    job = call(f"/job/{answer.json()['job_id']}").json()
    assert ("handler_name", 10, "fixed", {"key": "value"}) == (
        job["handler"],
        job["priority"],
        job["retry_policy"],
        job["payload"],
    )


def test_error_responses(server: Server, call: Callable[..., httpx.Response]) -> None:
    denied = httpx.post(f"{server.url}/add-job", json={})
    assert (401, {"detail": "Invalid or missing token"}) == (denied.status_code, denied.json())

    missing = call("/cancel", {"job_id": 123_456})
    assert (404, {"detail": "Job not found"}) == (missing.status_code, missing.json())

    invalid = call("/add-job", {"payload": {"key": "value"}})
    error = {"loc": ["body", "handler"], "msg": "field required", "type": "value_error.missing"}
    assert (422, {"detail": [error]}) == (invalid.status_code, invalid.json())


def test_a_worker_in_another_process_runs_the_jobs_and_the_metrics_tell(
    server: Server, call: Callable[..., httpx.Response]
) -> None:
    job_id = call("/add-job", {"payload": {"task": "test"}, "handler": "dummy", "priority": 20}).json()["job_id"]
    lost = call("/add-job", {"payload": {}, "handler": "nobody", "retry_policy": "none"}).json()["job_id"]

    worker = server.start("run-worker", "--max-workers", "4", "--until-idle")
    worker.communicate(timeout=60)

    assert "SUCCESS" == call(f"/job/{job_id}").json()["status"]
    retried = call("/retry", {"job_id": lost})
    assert {"status": "retrying", "job_id": lost} == retried.json()
    text = httpx.get(f"{server.url}/monitor/metrics", follow_redirects=False).text
    assert re.search(r'^taskmq_jobs_total\{status="success"\} [1-9]', text, re.MULTILINE)
    assert re.search(r'^taskmq_jobs_total\{status="failed"\} [1-9]', text, re.MULTILINE)
    assert re.search(r'^taskmq_job_duration_seconds_bucket\{le="0.1"\} [1-9]', text, re.MULTILINE)


def test_swagger_and_redoc_and_the_dashboard_are_served(server: Server) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/dashboard/"):
        assert 200 == httpx.get(f"{server.url}{path}").status_code


@pytest.fixture
def port() -> Iterator[int]:
    with kept_port() as port:
        yield port


def test_it_ends_soon_after_a_signal_though_a_page_is_open(tmp_path: Path, queue: dict[str, str], port: int) -> None:
    number, code = (signal.SIGINT, 130) if queue else (signal.SIGTERM, 0)  # one on each store, to start fewer servers
    server = Server(tmp_path, queue, port)
    try:
        server.wait()
        with httpx.stream("GET", f"{server.url}/dashboard/events", timeout=60) as stream:
            assert 200 == stream.status_code
            server.process.send_signal(number)
            assert "bye" in "".join(stream.iter_text())
            server.process.wait(timeout=60)
    finally:
        server.process.kill()
        out, err = server.process.communicate()

    assert f"Starting API server on {server.url} ...\n" == out
    assert "22 bytes; 32 or more are advised" in err
    assert "Traceback" not in err
    assert "/dashboard/events" not in err  # only with --access-log
    assert code == server.process.returncode
