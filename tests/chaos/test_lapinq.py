"""Promise 5 through the commands of lapinq: the database is cut off under load, and comes back."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from lapinq.settings import Settings
from lapinq.storage import Storage
from taskcore.testing import eventually
from websockets.asyncio.client import ClientConnection, connect

from tests import servers

from .places import Place
from .proxy import Proxy
from .test_outages import BACK_WITHIN, OUTAGE

LAPINQ = [sys.executable, "-m", "lapinq"]
TASKS = """
import time

def works(number):
    time.sleep(0.01)
    return number
"""
P = "/api/v1"
STARTS_WITHIN = 90.0

pytestmark = [pytest.mark.timeout(240 + 3 * OUTAGE), pytest.mark.servers]


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """The URL of a database of its own."""
    name = servers.fresh_name()
    servers.sql_in_postgres(postgres_url, f"CREATE DATABASE {name}")
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    servers.sql_in_postgres(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running(folder: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A command of lapinq, which is killed where a test fails."""
    env = {**os.environ, "LAPINQ_LOG_LEVEL": "error", "PGSSLMODE": "disable"}
    with subprocess.Popen([*LAPINQ, *words], cwd=folder, env=env) as process:
        yield process
        process.kill()


class Producers:
    """Enqueue over HTTP, one task after the other, until they are told to stop; ``accepted`` was answered with 201."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.accepted: dict[UUID, int] = {}

    async def enqueue(self, number: int, queue: str = "load") -> UUID | None:
        """None where nobody is there, or the server says that its database is away."""
        order = {"task_name": "works", "module_path": "chaos_tasks", "queue_name": queue, "args": [number]}
        with suppress(httpx.TransportError):
            answer = await self._client.post(f"{P}/enqueue", json=order)
            assert answer.status_code in (201, 503), answer.text
            if answer.status_code == 201:
                task = UUID(answer.json()["task_id"])
                self.accepted[task] = number
                return task
        return None

    @asynccontextmanager
    async def at_work(self, clients: int) -> AsyncIterator[None]:
        over = False

        async def produce(who: int) -> None:
            for number in count(who, clients):
                if over:
                    return
                await self.enqueue(number)
                await asyncio.sleep(0.02)

        producing = [asyncio.create_task(produce(who)) for who in range(clients)]
        yield
        over = True
        await asyncio.gather(*producing)


async def well(client: httpx.AsyncClient) -> int | None:
    with suppress(httpx.TransportError):
        return (await client.get("/health")).status_code
    return None


async def watch(client: httpx.AsyncClient, socket_: ClientConnection, queue: str) -> None:
    """Log in as a dashboard does, and look at one queue."""
    answer = await client.post("/login", json={"username": "lapinq", "password": "lapinq"})
    await socket_.send(json.dumps({"type": "auth", "token": answer.cookies["lapinq_session"]}))
    await socket_.send(json.dumps({"queue": queue}))


async def shown(socket_: ClientConnection, text: str) -> Any:
    """Return when a table is pushed that has it."""
    while text not in json.loads(await socket_.recv()).get("table", ""):
        pass


async def test_a_server_and_a_worker_whose_database_is_cut_off_lose_nothing_and_push_again(
    database: str, tmp_path: Path, port: int
) -> None:
    (tmp_path / "chaos_tasks.py").write_text(TASKS)
    address = f"127.0.0.1:{port}"
    async with Proxy(database) as proxy, httpx.AsyncClient(base_url=f"http://{address}", timeout=60) as client:
        where = ["--database-url", Place(database, "lapinq").behind(proxy.port).url]
        with ExitStack() as stack:
            server = stack.enter_context(running(tmp_path, "server", "--port", str(port), *where))
            worker = stack.enter_context(running(tmp_path, "worker", *where))
            await eventually(lambda: _is(well(client), 200), within=STARTS_WITHIN)
            producers = Producers(client)
            async with producers.at_work(4), connect(f"ws://{address}/ws") as dashboard:
                await watch(client, dashboard, "after")
                await eventually(lambda: len(producers.accepted) > 50, within=STARTS_WITHIN)
                proxy.refuse()
                await eventually(lambda: _is(well(client), 503), within=BACK_WITHIN)
                await asyncio.sleep(OUTAGE)
                await proxy.accept()

                async with asyncio.timeout(BACK_WITHIN):
                    await eventually(lambda: _is(well(client), 200), within=BACK_WITHIN)
                    assert await producers.enqueue(-1, "after") is not None
                    await shown(dashboard, "badge-completed")
            found = await ended(database, producers)
            assert [None, None] == [process.poll() for process in (server, worker)], "a process has ended by itself"
            for process in (server, worker):
                process.terminate()
            assert [0, 0] == [await asyncio.to_thread(process.wait, 30) for process in (server, worker)]
    assert found == {task: ("completed", str(number)) for task, number in producers.accepted.items()}


async def _is(asked: Any, expected: int) -> bool:
    return bool(await asked == expected)


async def ended(database: str, producers: Producers) -> dict[UUID, tuple[str, str | None]]:
    """How the accepted tasks have ended, once nothing waits any more."""
    storage = await Storage.open(Settings(database_url=database, pool_size=2))

    async def is_drained() -> bool:
        return not any(queue["pending"] + queue["running"] for queue in await storage.queue_stats())

    await eventually(is_drained, within=60)
    rows = await storage.pool.fetch("SELECT id, status, result FROM lapinq_tasks")
    await storage.close()
    found = {UUID(str(id_)): (status, result) for id_, status, result in rows}
    return {task: found.get(task, ("lost", None)) for task in producers.accepted}
