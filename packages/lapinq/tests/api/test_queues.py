"""Queues, health and metrics."""

import httpx
import pytest
from lapinq import __version__
from lapinq.server import create_app
from lapinq.storage import Storage

from .conftest import P, Put, client_of, fail

pytestmark = pytest.mark.anyio


async def test_queues_are_counted_by_status(
    client: httpx.AsyncClient, put: Put, queue: str, open_storage: Storage
) -> None:
    await put()
    await fail(open_storage, await put(max_retries=1))

    found = (await client.get(f"{P}/queues")).json()

    assert sorted(found, key=lambda each: str(each["queue_name"])) == found
    assert {
        "queue_name": queue, "pending": 1, "running": 0, "completed": 0, "failed": 1, "cancelled": 0, "expired": 0,
        "paused": False, "concurrency": None,
    } in found  # fmt: skip


async def test_a_paused_queue_hands_out_nothing_until_it_is_resumed(
    client: httpx.AsyncClient, put: Put, open_storage: Storage
) -> None:
    name = "with/slash and space"
    path = f"{P}/queues/with%2Fslash%20and%20space"
    await client.delete(f"{P}/tasks", params={"all": "true"})
    await put(queue_name=name)

    assert {"status": "paused"} == (await client.post(f"{path}/pause")).json()
    assert [True] == [each["paused"] for each in (await client.get(f"{P}/queues")).json()]
    assert None is await open_storage.claim_task("w")
    assert {"status": "resumed"} == (await client.post(f"{path}/resume")).json()
    assert name == (await open_storage.claim_task("w") or {})["queue_name"]


async def test_of_a_limited_queue_so_many_tasks_run_and_no_more(
    client: httpx.AsyncClient, put: Put, queue: str, open_storage: Storage
) -> None:
    await client.delete(f"{P}/tasks", params={"all": "true"})
    for _ in range(3):
        await put()
    path = f"{P}/queues/{queue}/limit"

    assert {"status": "limited"} == (await client.post(path, json={"concurrency": 2})).json()
    assert [2] == [each["concurrency"] for each in (await client.get(f"{P}/queues")).json()]
    claimed = [await open_storage.claim_task(f"w{number}") for number in range(3)]
    assert [True, True, False] == [task is not None for task in claimed]
    assert {"status": "unlimited"} == (await client.post(path, json={"concurrency": None})).json()
    assert await open_storage.claim_task("w3")
    bodies: tuple[object, ...] = ({}, [], *({"concurrency": bad} for bad in (0, "2", True, 1.5)))
    for bad in bodies:
        answer = await client.post(path, json=bad)
        assert 400 == answer.status_code, bad


async def test_a_queue_that_cannot_be_named_is_400(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{P}/queues/{'x' * 300}/pause")

    assert (400, True) == (answer.status_code, "printable characters" in answer.json()["error"])


async def test_health(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")

    assert (200, '{"status":"ok","database":"connected"}') == (answer.status_code, answer.text)
    for path in ("/livez", "/readyz"):
        assert 200 == (await client.get(path)).status_code


async def test_without_a_database_nothing_but_503_is_said() -> None:
    async with client_of(create_app()) as client:
        health, tasks = await client.get("/health"), await client.get(f"{P}/tasks")
        metrics = await client.get("/metrics")

    assert (503, {"status": "error", "database": "store_unavailable"}) == (health.status_code, health.json())
    assert (503, {"error": "the store cannot be reached; try again in 2 s"}) == (tasks.status_code, tasks.json())
    assert 200 == metrics.status_code


async def test_metrics_have_the_documented_lines_and_cannot_be_forged(
    client: httpx.AsyncClient, put: Put, queue: str
) -> None:
    odd = f'{queue}"}} 1'
    await put()
    await put(queue_name=odd)

    answer = await client.get("/metrics")
    lines = answer.text.splitlines()

    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    at = lines.index("# HELP lapinq_tasks Task counts by queue and status")
    assert "# TYPE lapinq_tasks gauge" == lines[at + 1]
    first = lines.index(f'lapinq_tasks{{queue="{queue}",status="pending"}} 1')
    assert [
        f'lapinq_tasks{{queue="{queue}",status="{status}"}} 0'
        for status in ("running", "completed", "failed", "cancelled")
    ] == lines[first + 1 : first + 5]
    assert f'lapinq_tasks{{queue="{queue}\\"}} 1",status="pending"}} 1' in lines
    assert f'lapinq_info{{version="{__version__}"}} 1' in lines
    assert any(line.startswith('taskcore_tasks_put_total{queue="' + queue) for line in lines)
    assert (
        f'taskcore_http_requests_total{{method="POST",route="{P}/enqueue",status="201",system="lapinq"}}' in answer.text
    )
