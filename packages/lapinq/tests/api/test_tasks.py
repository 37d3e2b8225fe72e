"""Lists of tasks, one task, and what can be done to it."""

import re
from uuid import UUID

import httpx
import pytest
from lapinq.storage import Storage

from .conftest import P, Put, begin, fail, succeed

pytestmark = pytest.mark.anyio

KEYS = [
    "id", "queue_name", "task_name", "module_path", "args", "kwargs", "status", "result", "error", "attempts",
    "max_retries", "priority", "created_at", "scheduled_at", "started_at", "completed_at", "last_heartbeat",
    "worker_id", "ttl_seconds", "metadata", "progress", "progress_message", "retry_delay", "retry_backoff",
    "webhook_url", "ttl_remaining",
]  # fmt: skip


async def test_a_task_has_the_documented_keys_in_their_order(client: httpx.AsyncClient, put: Put) -> None:
    task = await put(ttl_seconds=90)

    found = (await client.get(f"{P}/tasks/{task}")).json()

    assert KEYS == list(found)
    assert re.fullmatch(r"1m \d+s", found["ttl_remaining"])


async def test_an_id_may_be_written_as_uuids_are(client: httpx.AsyncClient, put: Put) -> None:
    task = UUID(await put())

    for text in (task.hex, f"{{{task}}}", str(task).upper(), task.urn):
        assert str(task) == (await client.get(f"{P}/tasks/{text}")).json()["id"]


async def test_lists_are_newest_first_and_lead_to_the_next_page(
    client: httpx.AsyncClient, put: Put, queue: str
) -> None:
    tasks = [await put() for _ in range(5)]

    first = await client.get(f"{P}/tasks", params={"queue": queue, "limit": 3})
    second = await client.get(first.links["next"]["url"])

    assert tasks[::-1] == [each["id"] for page in (first, second) for each in page.json()]
    assert ("5", "5") == (first.headers["X-Total-Count"], second.headers["X-Total-Count"])
    assert "Link" not in second.headers


async def test_lists_are_filtered_by_each_documented_parameter(
    client: httpx.AsyncClient, put: Put, queue: str, open_storage: Storage
) -> None:
    video = await put("transcode_Video", args=["film.mp4"])
    failed = await put("mail", max_retries=1)
    await fail(open_storage, failed, "no such host")

    async def found(**params: str) -> list[str]:
        return [each["id"] for each in (await client.get(f"{P}/tasks", params={"queue": queue, **params})).json()]

    assert [video] == await found(status="pending")
    assert [failed] == await found(status="failed")
    assert [video] == await found(task_name="_video")
    assert [video] == await found(args="FILM")
    assert [failed] == await found(error="host")
    assert [failed, video] == await found(status="", task_name="")
    assert [failed] == [each["id"] for each in (await client.get(f"{P}/tasks/failed", params={"queue": queue})).json()]


async def test_a_result_is_told_once_there_is_one(client: httpx.AsyncClient, put: Put, open_storage: Storage) -> None:
    task = await put()
    assert {"error": "task not finished", "status": "pending"} == (await client.get(f"{P}/tasks/{task}/result")).json()

    await succeed(open_storage, task, '"done"')
    answer = await client.get(f"{P}/tasks/{task}/result")

    found = answer.json()
    assert ["id", "status", "result", "error", "completed_at"] == list(found)
    assert (200, task, "completed", '"done"', None) == (answer.status_code, *list(found.values())[:4])


async def test_only_a_pending_task_can_be_deleted_that_is_cancelled(
    client: httpx.AsyncClient, put: Put, open_storage: Storage
) -> None:
    task, running = await put(), await put()
    await begin(open_storage, running)

    assert {"status": "cancelled"} == (await client.delete(f"{P}/tasks/{task}")).json()
    found = (await client.get(f"{P}/tasks/{task}")).json()
    assert ("cancelled", "cancelled by user") == (found["status"], found["error"])
    for each in (task, running):
        answer = await client.delete(f"{P}/tasks/{each}")
        assert (404, {"error": "task not found or not pending"}) == (answer.status_code, answer.json())
    assert {"error": "task not finished", "status": "cancelled"} == (
        await client.get(f"{P}/tasks/{task}/result")
    ).json()


async def test_a_task_that_runs_can_be_asked_to_stop(
    client: httpx.AsyncClient, put: Put, open_storage: Storage
) -> None:
    pending, running, done = await put(), await put(), await put()
    record = await begin(open_storage, running)
    await succeed(open_storage, done, "1")

    answers = [await client.post(f"{P}/tasks/{task}/cancel") for task in (pending, running, done)]

    assert [200, 202, 409] == [answer.status_code for answer in answers]
    assert ["cancelled", "cancelling"] == [answer.json()["status"] for answer in answers[:2]]
    assert answers[2].json()["error"].startswith("cannot cancel a task that is completed")
    assert record.worker is not None
    assert [running] == [fence.task for fence in await open_storage.service.store.cancellations(record.worker)]


async def test_a_failed_task_can_be_requeued(client: httpx.AsyncClient, put: Put, open_storage: Storage) -> None:
    task = await put(max_retries=1)
    refused = await client.post(f"{P}/tasks/{task}/requeue")
    assert (404, {"error": "task not found or not failed"}) == (refused.status_code, refused.json())

    await fail(open_storage, task)
    answer = await client.post(f"{P}/tasks/{task}/requeue", content=b"whatever")

    assert (200, {"status": "requeued"}) == (answer.status_code, answer.json())
    found = (await client.get(f"{P}/tasks/{task}")).json()
    assert ("pending", 0, None) == (found["status"], found["attempts"], found["error"])


async def test_progress_is_kept_and_its_message_too(client: httpx.AsyncClient, put: Put) -> None:
    task = await put()

    for body in ({"progress": 50, "message": "Processing frame 50/100"}, {"progress": 33.3}):
        answer = await client.patch(f"{P}/tasks/{task}/progress", json=body)
        assert (200, {"status": "ok"}) == (answer.status_code, answer.json())
        found = (await client.get(f"{P}/tasks/{task}")).json()
        assert (body["progress"], body.get("message")) == (found["progress"], found["progress_message"])


async def test_the_history_of_a_task_can_be_read(client: httpx.AsyncClient, put: Put, open_storage: Storage) -> None:
    task = await put(max_retries=1)
    await fail(open_storage, task, "no such host")

    (attempt,) = (await client.get(f"{P}/tasks/{task}/attempts")).json()
    lines = await client.get(f"{P}/tasks/{task}/logs", params={"limit": 10})

    assert (1, "w", "failed", "no such host") == (
        attempt["attempt"],
        attempt["worker_id"],
        attempt["outcome"],
        attempt["error"],
    )
    assert (200, []) == (lines.status_code, lines.json())


async def test_head_and_a_trailing_slash_work(client: httpx.AsyncClient) -> None:
    assert (200, "") == ((await client.head(f"{P}/tasks")).status_code, (await client.head(f"{P}/tasks")).text)
    moved = await client.get(f"{P}/tasks/")
    assert (307, f"http://testserver{P}/tasks") == (moved.status_code, moved.headers["Location"])
