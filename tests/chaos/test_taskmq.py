"""Promises 1 to 3 through the commands of taskmq: workers and API are killed under load, the server of Redis too."""

import asyncio
import json
import os
import random
import re
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Sized
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import jwt
import pytest
from taskcore import embedded
from taskcore.embedded.server import EmbeddedServer
from taskcore.states import Event
from taskcore.testing import eventually
from taskmq.options import JobOptions
from taskmq.storage.redis_backend import RedisBackend
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.storage.store_backend import StoreBackend

from .audit import all_done_once, every_task, settled
from .jobs import attempts, noted
from .load import BATCH, Load, Put
from .places import Place
from .processes import Processes

ROOT = Path(__file__).parents[2]
KILLS = 1 + int(os.environ.get("CHAOS_ROUNDS", "10")) // 5
API_KILLS = 1 + KILLS // 2
PAUSE = 2.0
"""Seconds between two of them."""
TASKMQ = [sys.executable, "-P", "-m", "taskmq"]
WORKERS = [*TASKMQ, "run-worker", "--max-workers", "4", "--lease", "1s", "--import", "tests.chaos.jobs"]
CLIENTS = 4
STAYS = re.compile("alembic_version|leader|statistics|count|workers|seen|number|layout")
"""Of tables and keys, what does not tell of single jobs."""


DRAINED = 60 + 20 * KILLS
"""Seconds for what the load has put and the killed have left: it comes faster than it goes while workers are killed."""

pytestmark = pytest.mark.timeout(300 + 30 * KILLS)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of taskmq, and what tells a command of it. ``server`` is its own, if it has one."""

    backend: StoreBackend
    place: Place
    folder: Path
    env: dict[str, str]
    server: EmbeddedServer | None = None

    def workers(self, rng: random.Random) -> Processes:
        return Processes(WORKERS, 4, rng, cwd=self.folder, env=self.env)

    def kill_server(self) -> None:
        """It comes back by itself, with what it had written."""
        if self.server is not None and self.server.pid is not None:
            os.kill(self.server.pid, signal.SIGKILL)

    def put(self, rng: random.Random) -> Put:
        """Half of the jobs may run a few at a time only."""

        async def put(number: int) -> list[str]:
            orders = [
                (None, JobOptions(handler=rng.choice(["audited", "limited"]), idempotency_key=f"{number} {place}"))
                for place in range(BATCH)
            ]
            inserted = await asyncio.to_thread(self.backend.insert, orders)
            return [str(each.job_id) for each in inserted]

        return put


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.servers)])
async def queue(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Queue]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        if request.param == "sqlite":
            path = tmp_path / "taskmq.db"
            env |= {"TASKMQ_BACKEND": "sqlite", "TASKMQ_DB_PATH": str(path)}
            queue = Queue(SQLiteBackend(path), Place(str(path), "taskmq"), tmp_path, env)
        else:
            server = embedded.redis(tmp_path)
            url = stack.enter_context(server)
            env |= {"TASKMQ_BACKEND": "redis", "TASKMQ_REDIS_URL": url}
            queue = Queue(RedisBackend(url), Place(url, "taskmq"), tmp_path, env, server)
        yield queue
        await queue.backend.leave()
        queue.backend.close()


async def test_workers_that_are_killed_lose_no_job_and_run_none_twice_but_after_a_lease(
    queue: Queue, rng: random.Random
) -> None:
    store = queue.backend.store

    with queue.workers(rng) as workers:
        async with Load(queue.put(rng)) as load:
            for number in range(KILLS):
                await eventually(partial(more_ended, queue.folder, len(noted(queue.folder, "ended"))), within=60)
                await asyncio.sleep(PAUSE)  # So others are in the middle of something.
                workers.kill()
                if number == KILLS // 2:
                    queue.kill_server()
            # Each of those that are left has begun to work, so it knows what a signal asks of it.
            await eventually(lambda: workers.pids <= {pid for _, _, pid in noted(queue.folder, "began")}, within=60)
        await eventually(lambda: settled(store, len(load.put)), within=DRAINED)
        codes = await asyncio.to_thread(workers.stop)

    records = await all_done_once(store, load.put)
    assert [0] * 4 == codes
    began = attempts(queue.folder)
    assert {1} == set(began.values()), "two workers were given one attempt"
    assert set(load.put) == {job for job, _ in began}
    assert any(record.losses for record in records), "no kill hit a running job; the test proved nothing"
    for record in [record for record in records if record.attempt > 1]:
        *earlier, _ = await store.attempts(record.id)
        assert {Event.LOSE} >= {each.ended for each in earlier if (record.id, each.number) in began}
    await store.delete([record.id for record in records])
    assert set() == {name for name, rows in (await queue.place.contents()).items() if rows and not STAYS.search(name)}


def more_ended(folder: Path, than: int) -> bool:
    return longer(noted(folder, "ended"), than)


def longer(gathered: Sized, than: int) -> bool:
    return len(gathered) > than


async def test_every_job_that_an_api_answered_for_is_there_however_often_the_api_is_killed(
    queue: Queue, rng: random.Random, port: int
) -> None:
    secret = secrets.token_hex(16)
    token = jwt.encode({"sub": "chaos", "role": "admin", "exp": time.time() + 3600}, secret, "HS256")
    command = [*TASKMQ, "serve-api", "--port", str(port)]
    env = {**queue.env, "TASKMQ_JWT_SECRET": secret}
    answered: dict[int, list[int]] = {}

    async def add_jobs(client: httpx.AsyncClient, who: int) -> None:
        for number in count():
            payload = [who, number]
            with suppress(httpx.TransportError):  # Nobody is there, or was killed before an answer.
                answer = await client.post("/add-job", json={"payload": payload, "handler": "audited"})
                assert 200 == answer.status_code, answer.text
                answered[answer.json()["job_id"]] = payload
            await asyncio.sleep(0.01)

    with Processes(command, 1, rng, cwd=queue.folder, env=env) as api:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            clients = [asyncio.create_task(add_jobs(client, who)) for who in range(CLIENTS)]
            for _ in range(API_KILLS):
                await eventually(partial(longer, answered, len(answered) + CLIENTS), within=60)
                await asyncio.sleep(rng.uniform(0, 0.3))  # The point in time at which the kill hits is what varies.
                api.kill()
            for each in clients:
                each.cancel()
            ends = await asyncio.gather(*clients, return_exceptions=True)

    assert [] == [end for end in ends if not isinstance(end, asyncio.CancelledError)]
    stored = {int(task.id): json.loads(task.payload or "null") for task in await every_task(queue.backend.store)}
    assert answered == {id_: stored.get(id_) for id_ in answered}
