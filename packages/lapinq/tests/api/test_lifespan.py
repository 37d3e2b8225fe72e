"""What a server does between its start and its end, on a database of its own."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from lapinq.server import create_app
from lapinq.storage import Storage
from starlette.applications import Starlette
from taskcore.testing.waiting import eventually

from .conftest import P, client_of, succeed

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def started(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application whose lifespan runs."""
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


async def enqueue(client: httpx.AsyncClient, **given: object) -> str:
    body = {"task_name": "t", "module_path": "mytasks", **given}
    return str((await client.post(f"{P}/enqueue", json=body)).json()["task_id"])


async def test_servers_that_start_at_once_on_an_empty_database_serve_it_together(empty_database: str) -> None:
    """It takes some seconds: the tables are made."""
    apps = [create_app(empty_database, session_secret="a secret that both of the servers know") for _ in range(2)]
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(app.router.lifespan_context(app)) for app in apps))
        first, second = [await stack.enter_async_context(client_of(app)) for app in apps]

        task = await enqueue(first)
        assert 200 == (await second.delete(f"{P}/tasks/{task}")).status_code
        assert 404 == (await first.delete(f"{P}/tasks/{task}")).status_code
        await first.post("/login", data={"username": "lapinq", "password": "lapinq"})
        second.cookies = first.cookies
        assert "lapinq" == (await second.get("/me")).json()["username"]

    assert True is apps[0].state.shutting_down
    assert None is apps[0].state.storage


async def test_programs_on_the_application_hear_of_changes(postgres_url: str) -> None:
    app = create_app(postgres_url)
    async with started(app) as client:
        for change in range(2):
            app.state.notification_event.clear()
            await enqueue(client, queue_name=f"heard-{change}")
            await asyncio.wait_for(app.state.notification_event.wait(), 30)


async def test_what_is_past_its_time_to_live_is_swept(postgres_url: str) -> None:
    async with started(create_app(postgres_url, cleanup_interval=0.05)) as client:
        waiting = await enqueue(client, ttl_seconds=0.05, scheduled_at="2099-01-01")
        done = await enqueue(client, ttl_seconds=0.05, queue_name="done")

        async def status(task: str) -> str | None:
            found = (await client.get(f"{P}/tasks/{task}")).json()
            return found.get("status")  # type: ignore[no-any-return]

        async def is_expired() -> bool:
            return "expired" == await status(waiting)

        await eventually(is_expired)
        await client.delete(f"{P}/tasks", params={"queue": "done"})
        assert None is await status(done)


async def test_tasks_that_finished_long_ago_are_archived(postgres_url: str) -> None:
    day = 1 / 86_400 / 1_000
    app = create_app(postgres_url, archive_max_age_days=day, archive_interval=0.05)
    async with started(app) as client:
        task = await enqueue(client, queue_name="archived")
        storage: Storage = app.state.storage
        await succeed(storage, task, "1")

        async def is_gone() -> bool:
            return 404 == (await client.get(f"{P}/tasks/{task}")).status_code

        await eventually(is_gone)


async def test_a_server_on_an_empty_database_schedules_and_works(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replicas with all jobs in them: of each instant one task comes, and it is run once."""
    (folder / "nightly_tasks.py").write_text("def report():\n    with open('ran', 'a') as ran: ran.write('x')\n")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    apps = [create_app(empty_database, worker=True, scheduler=True, scheduler_interval=0.05) for _ in range(2)]
    async with AsyncExitStack() as stack:
        client, _ = [await stack.enter_async_context(started(app)) for app in apps]
        # Once an hour, so that no other instant comes while this one is looked at.
        cron = f"{datetime.now(UTC).minute} * * * *"
        row = {"task_name": "report", "module_path": "nightly_tasks", "cron": cron}
        made = (await client.post(f"{P}/schedules", json=row)).json()
        storage: Storage = apps[0].state.storage

        async def is_followed() -> bool:
            an_hour = "cursor = cursor - 3600000000, next_at = next_at - 3600000000"
            return bool(await storage.pool.fetchval(f"UPDATE lapinq_core_schedules SET {an_hour} RETURNING true"))

        async def is_done() -> bool:
            found = [task["status"] for task in (await client.get(f"{P}/tasks")).json()]
            return ["completed"] == found

        await eventually(is_followed)
        await eventually(is_done)
        shown = (await client.get(f"{P}/schedules/{made['id']}")).json()

    assert None is not shown["last_triggered_at"]
    assert "x" == (folder / "ran").read_text()


async def test_a_storage_that_somebody_else_opened_stays_open(postgres_url: str) -> None:
    storage = await Storage.create(postgres_url)
    app = create_app("postgresql://nowhere:1/none")
    app.state.storage = storage
    async with started(app) as client:
        assert 200 == (await client.get(f"{P}/tasks")).status_code

    assert isinstance(await storage.queue_stats(), list)
    await storage.close()


async def test_a_server_leaves_no_connection_thread_or_coroutine_behind(postgres_url: str) -> None:
    app = create_app(postgres_url, worker=True, scheduler=True, cleanup_interval=60, archive_max_age_days=1)
    connection = await asyncpg.connect(postgres_url)

    async def there() -> tuple[set[int], set[threading.Thread], int]:
        others = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid for (pid,) in others}, set(threading.enumerate()), len(asyncio.all_tasks())

    before = await there()
    async with started(app) as client:
        await client.post("/login", json={"username": "lapinq", "password": "lapinq"})
        for path in ("/", "/metrics"):
            assert 200 == (await client.get(path, headers={"Accept": "text/html"})).status_code
        task = await enqueue(client, module_path="no_such_module", max_retries=1)

        async def was_tried() -> bool:
            return "failed" in (await client.get(f"{P}/tasks/{task}")).text

        await eventually(was_tried)
        assert before != await there()

    async def is_as_before() -> bool:
        pids, threads, tasks = await there()
        return pids <= before[0] and threads <= before[1] and tasks <= before[2]

    await eventually(is_as_before)
    await connection.close()


async def test_a_lifespan_may_run_twice(postgres_url: str) -> None:
    app = create_app(postgres_url)
    for _ in range(2):
        async with started(app) as client:
            assert 200 == (await client.get("/health")).status_code


async def test_a_database_that_goes_away_is_503_until_it_is_back(postgres_url: str) -> None:
    """The server goes on, and so does the worker in it; a connection that broke is replaced."""
    app = create_app(postgres_url, worker=True)
    async with started(app) as client:
        await enqueue(client)
        storage: Storage = app.state.storage
        for _ in range(2):
            await storage.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

            async def answers() -> bool:
                return 200 == (await client.get(f"{P}/queues")).status_code

            await eventually(answers)
        task = await enqueue(client, module_path="no_such_module", max_retries=1)

        async def was_tried() -> bool:
            found: str = (await client.get(f"{P}/tasks/{task}")).json()["status"]
            return "failed" == found

        await eventually(was_tried)
