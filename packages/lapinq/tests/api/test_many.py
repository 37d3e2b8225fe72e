"""What is done to every task that meets a filter."""

from typing import Any

import httpx
import pytest
from lapinq.storage import Storage
from taskcore.auth.records import AuditQuery

from .conftest import P, Put, begin, fail

pytestmark = pytest.mark.anyio


async def statuses(client: httpx.AsyncClient, queue: str) -> dict[str, int]:
    """How many tasks of a queue have each status, where there are any."""
    (found,) = [each for each in (await client.get(f"{P}/queues")).json() if each["queue_name"] == queue] or [{}]
    return {key: value for key, value in found.items() if type(value) is int and value}


async def test_tasks_are_deleted_by_filter(
    client: httpx.AsyncClient, put: Put, queue: str, open_storage: Storage
) -> None:
    await put("mail")
    await put("video", args=["film"])
    failed = await put("mail", max_retries=1)
    await fail(open_storage, failed, "no such host")
    running = await put("endless")
    await begin(open_storage, running)

    async def delete(**params: str) -> Any:
        return (await client.delete(f"{P}/tasks", params={"queue": queue, **params})).json()

    assert {"deleted": 0} == await delete(status="completed")
    assert {"deleted": 1} == await delete(error="HOST")
    assert {"deleted": 1} == await delete(args="film")
    assert {"deleted": 0, "would_be_deleted": 2, "dry_run": True} == await delete(dry_run="true")
    assert {"deleted": 2} == await delete()
    assert {} == await statuses(client, queue)


async def test_the_audit_log_says_which_tasks_were_changed_and_how_many(
    client: httpx.AsyncClient, put: Put, queue: str, open_storage: Storage
) -> None:
    await put("mail")
    for params in ({"dry_run": "1"}, {"task_name": "mail"}):
        assert 200 == (await client.delete(f"{P}/tasks", params={"queue": queue, **params})).status_code

    entries = await (await open_storage.account_store()).entries(AuditQuery(action="tasks.delete"))

    noted = [(entry.target, entry.detail) for entry in entries]
    assert [(f"tasks:queue={queue} task_name=mail", "1 deleted")] == [each for each in noted if queue in each[0]]
    assert "answered 200" not in str(noted)


async def test_failed_tasks_are_requeued_by_filter(
    client: httpx.AsyncClient, put: Put, queue: str, open_storage: Storage
) -> None:
    for name in ("mail", "mail", "video"):
        await fail(open_storage, await put(name, max_retries=1))
    params = {"queue": queue, "task_name": "mail"}

    dry = await client.post(f"{P}/tasks/requeue", params={**params, "dry_run": "1"})
    assert {"requeued": 0, "would_be_requeued": 2, "dry_run": True} == dry.json()
    assert {"failed": 3} == await statuses(client, queue)
    assert {"requeued": 2} == (await client.post(f"{P}/tasks/requeue", params=params)).json()
    assert {"pending": 2, "failed": 1} == await statuses(client, queue)


async def test_pending_tasks_are_cancelled_by_filter_and_running_ones_on_request(
    client: httpx.AsyncClient, put: Put, queue: str, open_storage: Storage
) -> None:
    await put("mail")
    await begin(open_storage, await put("mail"))

    assert {"cancelled": 1} == (await client.post(f"{P}/tasks/cancel", params={"queue": queue})).json()
    assert {"cancelled": 1, "running": 1} == await statuses(client, queue)
    answer = await client.post(f"{P}/tasks/cancel", params={"queue": queue, "status": "running"})
    assert {"cancelled": 1} == answer.json()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("requeue", "all=true"),
        ("cancel", "all=true"),
        ("requeue?status=completed", "status must be failed here"),
        ("cancel?status=failed&dry_run=1", "status must be pending or running here"),
        ("requeue?que=x", "unknown parameter 'que'"),
    ],
)
async def test_a_slip_changes_nothing(client: httpx.AsyncClient, path: str, error: str) -> None:
    answer = await client.post(f"{P}/tasks/{path}")

    assert 400 == answer.status_code, answer.text
    assert error in answer.json()["error"]


async def test_more_tasks_than_one_statement_takes(client: httpx.AsyncClient, queue: str) -> None:
    one = {"task_name": "t", "module_path": "mytasks", "queue_name": queue}
    for _ in range(2):
        assert 600 == (await client.post(f"{P}/enqueue/batch", json=[one] * 600)).json()["count"]

    asked = {"queue": queue, "limit": "5000"}
    page = await client.get(f"{P}/tasks", params=asked)
    assert (1000, "1200") == (len(page.json()), page.headers["X-Total-Count"])
    assert 200 == len((await client.get(page.links["next"]["url"])).json())
    assert {"cancelled": 1200} == (await client.post(f"{P}/tasks/cancel", params={"queue": queue})).json()


async def test_everything_is_deleted_when_that_is_what_was_said(client: httpx.AsyncClient, put: Put) -> None:
    await put()

    assert 1 <= (await client.delete(f"{P}/tasks", params={"all": "true"})).json()["deleted"]
    assert [] == (await client.get(f"{P}/queues")).json()
