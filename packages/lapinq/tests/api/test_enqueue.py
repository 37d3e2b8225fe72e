"""How tasks come in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from lapinq.storage import Storage
from taskcore.auth.records import AuditQuery

from .conftest import P, Put

pytestmark = pytest.mark.anyio


async def test_every_documented_field_is_kept(client: httpx.AsyncClient, queue: str) -> None:
    body = {
        "task_name": "my_task",
        "queue_name": queue,
        "module_path": "myapp.tasks",
        "args": [1, 2, 3],
        "kwargs": {"key": "wärt"},
        "scheduled_at": "2036-06-15T12:00:00Z",
        "max_retries": 5,
        "priority": 5,
        "ttl_seconds": 86400,
        "metadata": {"source": "web", "user_id": 42},
        "retry_delay": 30,
        "retry_backoff": False,
        "webhook_url": "https://myapp.com/webhooks/task-complete",
    }

    answer = await client.post(f"{P}/enqueue", json=body)
    task = (await client.get(f"{P}/tasks/{answer.json()['task_id']}")).json()

    assert (201, {"task_id"}) == (answer.status_code, set(answer.json()))
    assert {**body, "scheduled_at": "2036-06-15T12:00:00+00:00", "status": "pending"}.items() <= task.items()


async def test_what_is_not_said_has_the_documented_default(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{P}/enqueue", json={"task_name": "t", "module_path": "mytasks", "args": None})

    task = (await client.get(f"{P}/tasks/{answer.json()['task_id']}")).json()
    expected = {
        "queue_name": "default", "args": [], "kwargs": {}, "max_retries": 3, "priority": 0, "ttl_seconds": None,
        "metadata": {}, "retry_delay": None, "retry_backoff": True, "webhook_url": None,
    }  # fmt: skip
    assert expected.items() <= task.items()


async def test_a_ttl_of_zero_stores_nothing(client: httpx.AsyncClient, queue: str) -> None:
    body = {"task_name": "t", "module_path": "mytasks", "queue_name": queue, "ttl_seconds": 0}

    answer = await client.post(f"{P}/enqueue", json=body)

    assert (201, '{"task_id":null,"ttl_seconds":0}') == (answer.status_code, answer.text)
    assert [] == (await client.get(f"{P}/tasks", params={"queue": queue})).json()


async def test_a_body_is_json_whatever_its_content_type(client: httpx.AsyncClient) -> None:
    body = '{"task_name": "t", "module_path": "mytasks"}'

    assert 201 == (await client.post(f"{P}/enqueue", content=body)).status_code
    assert 201 == (await client.post(f"{P}/enqueue", content=body, headers={"Content-Type": "text/plain"})).status_code


async def test_a_request_that_is_repeated_with_its_key_stores_one_task(client: httpx.AsyncClient, queue: str) -> None:
    body = {"task_name": "t", "module_path": "mytasks", "queue_name": queue}
    headers = {"Idempotency-Key": uuid4().hex}

    first = await client.post(f"{P}/enqueue", json=body, headers=headers)
    second = await client.post(f"{P}/enqueue", json=body, headers=headers)

    assert first.json() == second.json()
    assert (201, None, "true") == (
        second.status_code,
        first.headers.get("Idempotent-Replayed"),
        second.headers.get("Idempotent-Replayed"),
    )
    assert 1 == len((await client.get(f"{P}/tasks", params={"queue": queue})).json())


async def test_of_requests_with_one_key_at_the_same_time_one_stores_a_task(
    client: httpx.AsyncClient, queue: str
) -> None:
    one = {"task_name": "t", "module_path": "mytasks", "queue_name": queue}
    key = {"Idempotency-Key": queue}

    answers = await asyncio.gather(*(client.post(f"{P}/enqueue", json=one, headers=key) for _ in range(8)))

    assert {201} == {answer.status_code for answer in answers}
    assert 1 == len({answer.json()["task_id"] for answer in answers})
    assert 1 == len((await client.get(f"{P}/tasks", params={"queue": queue})).json())


async def test_of_orders_with_one_key_a_batch_stores_the_first(client: httpx.AsyncClient, queue: str) -> None:
    one = {"task_name": "t", "module_path": "mytasks", "queue_name": queue}
    batch = [{**one, "args": [number], "idempotency_key": f"{queue} {number // 2}"} for number in range(4)]

    answers = [(await client.post(f"{P}/enqueue/batch", json=batch)).json() for _ in range(2)]
    alone = await client.post(f"{P}/enqueue", json=batch[3])

    first, same, second, too = answers[0]["task_ids"]
    assert (first, second) == (same, too)
    assert answers[0] == answers[1]
    assert ({"task_id": second}, "true") == (alone.json(), alone.headers["Idempotent-Replayed"])
    assert [[2], [0]] == [task["args"] for task in (await client.get(f"{P}/tasks", params={"queue": queue})).json()]


async def test_a_key_of_a_task_in_another_queue_tells_nothing_of_it_and_is_no_excuse_to_store_none(
    client: httpx.AsyncClient, queue: str
) -> None:
    one = {"task_name": "t", "module_path": "mytasks", "queue_name": queue, "idempotency_key": queue}
    other = {**one, "queue_name": f"{queue}-other"}
    stored = (await client.post(f"{P}/enqueue", json=one)).json()["task_id"]

    for path, body in (("enqueue", other), ("enqueue/batch", [{**other, "idempotency_key": "free"}, other])):
        answer = await client.post(f"{P}/{path}", json=body)
        assert (409, False) == (answer.status_code, stored in answer.text)
    mixed = [{**each, "idempotency_key": f"{queue} 2"} for each in (one, other)]
    assert 409 == (await client.post(f"{P}/enqueue/batch", json=mixed)).status_code

    assert [] == (await client.get(f"{P}/tasks", params={"queue": f"{queue}-other"})).json()
    assert [stored] == [task["id"] for task in (await client.get(f"{P}/tasks", params={"queue": queue})).json()]


async def test_of_two_queues_that_take_a_key_at_the_same_time_one_is_refused(
    client: httpx.AsyncClient, queue: str
) -> None:
    given = {"task_name": "t", "module_path": "mytasks", "idempotency_key": queue}
    bodies = [{**given, "queue_name": f"{queue}-{place}"} for place in range(5)]

    answers = await asyncio.gather(*(client.post(f"{P}/enqueue", json=body) for body in bodies))

    assert [201, 409, 409, 409, 409] == sorted(answer.status_code for answer in answers)


async def test_a_batch_that_is_repeated_with_its_key_stores_its_tasks_once(
    client: httpx.AsyncClient, queue: str
) -> None:
    one = {"task_name": "t", "module_path": "mytasks", "queue_name": queue}
    batch = [one, {**one, "ttl_seconds": 0}, {**one, "idempotency_key": f"{queue} of its own"}, one]

    first, again, other = [
        await client.post(f"{P}/enqueue/batch", json=batch, headers={"Idempotency-Key": f"{queue} {key}"})
        for key in ("a", "a", "b")
    ]

    assert (3, first.json()) == (first.json()["count"], again.json())
    assert [None, "true", None] == [answer.headers.get("Idempotent-Replayed") for answer in (first, again, other)]
    assert 5 == len((await client.get(f"{P}/tasks", params={"queue": queue})).json())
    for key in ("", "k" * 300):
        refused = await client.post(f"{P}/enqueue/batch", json=batch, headers={"Idempotency-Key": key})
        assert (400, True) == (refused.status_code, "Idempotency-Key must be text" in refused.json()["error"])


async def test_a_batch_stores_all_and_answers_with_ids_in_order(client: httpx.AsyncClient, queue: str) -> None:
    one = {"task_name": "add", "queue_name": queue, "module_path": "myapp.tasks", "max_retries": 0}
    batch = [{**one, "args": [1, 2]}, {**one, "ttl_seconds": 0}, {**one, "scheduled_at": "2036-01-01"}]

    answer = await client.post(f"{P}/enqueue/batch", json=batch)

    assert (201, 2) == (answer.status_code, answer.json()["count"])
    first, last = [(await client.get(f"{P}/tasks/{task}")).json() for task in answer.json()["task_ids"]]
    assert [1, 2] == first["args"]
    assert datetime(2036, 1, 1, tzinfo=UTC).isoformat() == last["scheduled_at"]


async def test_an_empty_batch_is_fine(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{P}/enqueue/batch", json=[])

    assert (201, {"task_ids": [], "count": 0}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        pytest.param({"task_name": ""}, "each task must have a task_name", id="no name"),
        pytest.param({"module_path": None}, "task 1: module_path is required", id="no module"),
        pytest.param({"scheduled_at": "soon"}, "task 1: invalid scheduled_at format", id="no instant"),
        pytest.param({"module_path": "os"}, "task 1: task 'add' of module 'os' is refused", id="not importable"),
    ],
)
async def test_a_batch_with_one_bad_task_stores_nothing(
    client: httpx.AsyncClient, queue: str, bad: dict[str, object], error: str
) -> None:
    one = {"task_name": "add", "queue_name": queue, "module_path": "myapp.tasks"}

    answer = await client.post(f"{P}/enqueue/batch", json=[one, {**one, **bad}])

    assert (400, True) == (answer.status_code, answer.json()["error"].startswith(error)), answer.text
    assert [] == (await client.get(f"{P}/tasks", params={"queue": queue})).json()


@pytest.mark.parametrize(
    ("batch", "status", "error"),
    [
        pytest.param({"task_name": "t"}, 400, "body must be a JSON array", id="an object"),
        pytest.param([{"task_name": "t"}] * 1001, 400, "batch limit is 1000 tasks", id="1001"),
        pytest.param(["x"], 400, "task 0: a task must be a JSON object, got str 'x'", id="text"),
        pytest.param(
            [{"task_name": "t", "module_path": "mytasks", "args": ["x" * 103_000]}],
            413,
            "payload too large (max 102400 bytes)",
            id="a task that is too large",
        ),
    ],
)
async def test_a_batch_that_is_none_is_refused(
    client: httpx.AsyncClient, batch: object, status: int, error: str
) -> None:
    answer = await client.post(f"{P}/enqueue/batch", json=batch)

    assert (status, {"error": error}) == (answer.status_code, answer.json())


async def test_a_task_may_have_so_many_bytes_and_no_more(client: httpx.AsyncClient) -> None:
    begin, end = '{"task_name":"t","module_path":"mytasks","args":["', '"]}'
    fits = begin + "x" * (102_400 - len(begin) - len(end)) + end

    async def chunked() -> AsyncIterator[bytes]:
        yield fits.encode()
        yield b" "

    assert 201 == (await client.post(f"{P}/enqueue", content=fits)).status_code
    for content in (f"{fits} ", chunked()):
        answer = await client.post(f"{P}/enqueue", content=content)
        assert (413, {"error": "payload too large (max 102400 bytes)"}) == (answer.status_code, answer.json())


async def test_a_task_of_a_batch_may_have_as_many_whatever_its_letters(client: httpx.AsyncClient) -> None:
    task = {"task_name": "t", "module_path": "mytasks", "args": ["ж" * 51_000]}

    answers = [await client.post(f"{P}/enqueue", json=task), await client.post(f"{P}/enqueue/batch", json=[task])]

    assert [201, 201] == [answer.status_code for answer in answers]


async def test_who_put_what_stands_in_the_audit_log(open_storage: Storage, put: Put) -> None:
    task = await put()

    (entry, *_) = await (await open_storage.account_store()).entries(AuditQuery(action="task.put"))

    assert ("loopback", task) == (entry.actor, entry.target)
