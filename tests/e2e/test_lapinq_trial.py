"""``lapinq server --dev`` on a machine where no PostgreSQL answers, and where the environment names others."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from taskcore.testing.waiting import eventually

ELSEWHERE = {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none", "PGSSLMODE": "require"}
LAPINQ = [sys.executable, "-m", "lapinq"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def trial(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "mytasks.py").write_text("def add(a, b): return a + b\n")
    env = {name: text for name, text in os.environ.items() if not name.startswith(("LAPINQ_", "DATABASE_URL"))}
    return {"cwd": tmp_path, "env": {**env, **ELSEWHERE}}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.mark.timeout(120)  # a database is made, and two processes start
async def test_one_command_serves_works_and_schedules_and_takes_its_database_along(trial: dict[str, Any]) -> None:
    port, pid = free_port(), trial["cwd"] / ".taskcore" / "postgres" / "pid"
    words = [*LAPINQ, "server", "--dev", "--port", str(port)]
    with subprocess.Popen(words, **trial) as server:  # noqa: ASYNC220 - as a person starts it
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                await eventually(lambda: answers(client), within=60)
                order = {"task_name": "add", "module_path": "mytasks", "args": [1, 2]}
                task = (await client.post("/api/v1/enqueue", json=order)).json()["task_id"]
                await eventually(lambda: result(client, task), within=30)
                assert "3" == await result(client, task)
                assert pid.exists()
            found = subprocess.run(  # noqa: ASYNC221 - nothing else is to go on here
                [*LAPINQ, "task", "get", task, "-j", "--database-url", "embedded"],
                check=True, capture_output=True, **trial,
            )  # fmt: skip
            assert "completed" == json.loads(found.stdout)["status"]
            server.send_signal(signal.SIGINT)
            assert 0 == server.wait(30)
        finally:
            server.kill()
    await eventually(lambda: not pid.exists(), within=30)


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).status_code == 200
    except httpx.TransportError:
        return False


async def result(client: httpx.AsyncClient, task: str) -> str | None:
    """None until there is one."""
    found: str | None = (await client.get(f"/api/v1/tasks/{task}/result")).json().get("result")
    return found
