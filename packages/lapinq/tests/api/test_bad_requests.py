"""Nonsense gets an answer that says what is wrong, and leaves nothing behind; never a 5xx."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from .conftest import P, Put

pytestmark = pytest.mark.anyio

GOOD = {"task_name": "t", "module_path": "mytasks"}
HUGE = 10**30

ENQUEUE = [
    ({"task_name": None}, "task_name is required"),
    ({"task_name": ""}, "task_name is required"),
    ({"task_name": 7}, "task_name must be text"),
    ({"task_name": "a\0b"}, "NUL"),
    ({"task_name": "x" * 5_000}, "at most 199 characters"),
    ({"task_name": "__import__"}, "underscore"),
    ({"module_path": None}, "module_path is required"),
    ({"module_path": ["os"]}, "module_path must be text"),
    ({"module_path": "os"}, "standard library"),
    ({"module_path": "os.path"}, "standard library"),
    ({"module_path": "httpx"}, "outside of the import roots"),
    ({"module_path": "../x"}, "dotted name"),
    ({"queue_name": None}, "queue_name must be text"),
    ({"queue_name": ""}, "queue must be text of 1 to 200"),
    ({"queue_name": "a\nb"}, "printable"),
    ({"queue_name": 3}, "queue_name must be text"),
    ({"args": {"a": 1}}, "args must be a JSON array"),
    ({"args": "ab"}, "args must be a JSON array"),
    ({"kwargs": [1]}, "kwargs must be a JSON object"),
    ({"scheduled_at": "tomorrow"}, "invalid scheduled_at format"),
    ({"scheduled_at": 17}, "invalid scheduled_at format"),
    ({"scheduled_at": "99999-01-01"}, "invalid scheduled_at format"),
    ({"scheduled_at": "0001-01-01T00:00:00+14:00"}, "invalid scheduled_at format"),
    ({"max_retries": "3"}, "max_retries must be a whole number"),
    ({"max_retries": None}, "max_retries must be a whole number"),
    ({"max_retries": -1}, "max_retries must be a whole number"),
    ({"max_retries": True}, "max_retries must be a whole number"),
    ({"priority": "high"}, "priority must be a whole number"),
    ({"priority": HUGE}, "priority must be a whole number"),
    ({"priority": 1.5}, "priority must be a whole number"),
    ({"ttl_seconds": "inf"}, "invalid ttl_seconds"),
    ({"ttl_seconds": "nan"}, "invalid ttl_seconds"),
    ({"ttl_seconds": 1e12}, "invalid ttl_seconds"),
    ({"ttl_seconds": -1}, "invalid ttl_seconds"),
    ({"ttl_seconds": "soon"}, "invalid ttl_seconds"),
    ({"ttl_seconds": True}, "invalid ttl_seconds"),
    ({"retry_delay": "inf"}, "invalid retry_delay"),
    ({"retry_delay": -5}, "invalid retry_delay"),
    ({"retry_delay": HUGE}, "invalid retry_delay"),
    ({"retry_backoff": "no"}, "retry_backoff must be true or false"),
    ({"metadata": [1]}, "metadata must be a JSON object"),
    ({"metadata": "x"}, "metadata must be a JSON object"),
    ({"webhook_url": 5}, "webhook_url must be"),
    ({"webhook_url": "file:///etc/passwd"}, "webhook_url must be"),
    ({"webhook_url": "https://"}, "webhook_url must be"),
    ({"idempotency_key": 5}, "idempotency_key must be text"),
    ({"idempotency_key": ""}, "idempotency_key must be text of 1 to 200"),
]


@pytest.mark.parametrize(("bad", "error"), ENQUEUE, ids=[repr(bad)[:50] for bad, _ in ENQUEUE])
async def test_a_bad_field_is_400_and_stores_nothing(
    client: httpx.AsyncClient, queue: str, bad: dict[str, object], error: str
) -> None:
    answer = await client.post(f"{P}/enqueue", json={**GOOD, "queue_name": queue, **bad})

    assert 400 == answer.status_code, answer.text
    assert error in answer.json()["error"]
    assert [] == (await client.get(f"{P}/tasks", params={"queue": queue})).json()


BODIES = [
    (b"", "invalid JSON body"),
    (b"null", "invalid JSON body"),
    (b"{", "invalid JSON body"),
    (b"\xff\xfe", "invalid JSON body"),
    (b"[1]", "a task must be a JSON object"),
    (b"7", "a task must be a JSON object"),
    (b'"text"', "a task must be a JSON object"),
    (b'{"task_name": "t", "module_path": "m", "args": [NaN]}', "NaN"),
    (b'{"task_name": "t", "module_path": "m", "args": [1e999]}', "does not fit"),
    (b'{"task_name": "t", "task_name": "u"}', "comes twice"),
    (b'{"task_name": "\\ud800", "module_path": "m"}', "surrogate"),
    (b'{"task_name": "t", "args": ' + b"[" * 200 + b"]" * 200 + b"}", "100 levels"),
    (b'{"priority": ' + b"9" * 5_000 + b"}", "too many digits"),
]


@pytest.mark.parametrize(("body", "error"), BODIES, ids=[repr(body)[:40] for body, _ in BODIES])
@pytest.mark.parametrize("path", ["enqueue", "enqueue/batch"])
async def test_a_body_that_is_no_task_is_400(client: httpx.AsyncClient, path: str, body: bytes, error: str) -> None:
    answer = await client.post(f"{P}/{path}", content=body)

    assert 400 == answer.status_code, answer.text
    assert error in answer.json()["error"] or "body must be a JSON array" == answer.json()["error"]


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("tasks?limit=-1", "invalid limit"),
        ("tasks?limit=x", "invalid limit"),
        ("tasks?limit=0", "invalid limit"),
        ("tasks?limit=1_0", "invalid limit"),
        ("tasks?limit=%D9%A1", "invalid limit"),
        ("tasks/failed?limit=-5", "invalid limit"),
        ("tasks?queue=%00", "NUL"),
        ("tasks?cursor=abc", "cursor"),
        ("tasks?cursor=" + "a" * 3_000, "cursor"),
        ("tasks/not-a-uuid", "invalid task id"),
        ("tasks/%C3%BC/result", "invalid task id"),
        ("tasks/1/attempts", "invalid task id"),
        ("tasks/00000000-0000-0000-0000-000000000000/logs?limit=-1", "invalid limit"),
    ],
)
async def test_a_bad_address_is_400(client: httpx.AsyncClient, address: str, error: str) -> None:
    answer = await client.get(f"{P}/{address}")

    assert 400 == answer.status_code, answer.text
    assert error in answer.json()["error"]


async def test_what_no_database_knows_finds_nothing(client: httpx.AsyncClient) -> None:
    for query in ("task_name=%ED%A0%80", "status=nonsense", "args=%5C", "queue=" + "x" * 3_000, "limit=" + "9" * 30):
        answer = await client.get(f"{P}/tasks?task_name=no-such-task&{query}")
        assert (200, []) == (answer.status_code, answer.json()), query


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "progress is required (0-100)"),
        ({"progress": "50"}, "progress is required (0-100)"),
        ({"progress": True}, "progress is required (0-100)"),
        ({"progress": 101}, "progress must be between 0 and 100"),
        ({"progress": -0.1}, "progress must be between 0 and 100"),
        ({"progress": HUGE}, "progress must be between 0 and 100"),
        ({"progress": 5, "message": 7}, "message must be text"),
        ([5], "the body must be a JSON object"),
    ],
)
async def test_progress_that_is_none_is_400(client: httpx.AsyncClient, put: Put, body: object, error: str) -> None:
    answer = await client.patch(f"{P}/tasks/{await put()}/progress", json=body)

    assert (400, {"error": error}) == (answer.status_code, answer.json())


async def test_progress_of_nan_is_400_and_lists_go_on(client: httpx.AsyncClient, put: Put, queue: str) -> None:
    task = await put()

    answer = await client.patch(f"{P}/tasks/{task}/progress", content=b'{"progress": NaN}')

    assert 400 == answer.status_code
    assert [task] == [each["id"] for each in (await client.get(f"{P}/tasks", params={"queue": queue})).json()]


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("tasks", "all=true"),
        ("tasks?statuss=failed", "unknown parameter 'statuss'"),
        ("tasks?status=faild", "status must be one of"),
        ("tasks?queue=a&queue=b", "queue must be given once"),
        ("tasks?all=maybe", "all must be true or false"),
        ("tasks?limit=5", "unknown parameter 'limit'"),
        ("tasks?queue=", "all=true"),
        ("tasks/not-a-uuid", "invalid task id"),
    ],
)
async def test_a_slip_deletes_nothing(
    client: httpx.AsyncClient, put: Put, queue: str, address: str, error: str
) -> None:
    task = await put()

    answer = await client.delete(f"{P}/{address}")

    assert 400 == answer.status_code, answer.text
    assert error in answer.json()["error"]
    assert 200 == (await client.get(f"{P}/tasks/{task}")).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", f"{P}/tasks"), ("POST", f"{P}/tasks"), ("GET", f"{P}/enqueue"), ("DELETE", "/health")],
)
async def test_a_wrong_method_is_405_and_says_which_are_right(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)

    assert (405, {"error": "Method Not Allowed"}) == (answer.status_code, answer.json())
    assert answer.headers["Allow"]


async def test_unknown_paths_and_tasks_are_404(client: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"

    assert {"error": "Not Found"} == (await client.get("/nowhere")).json()
    for method, path, error in (
        ("GET", f"tasks/{nobody}", "task not found"),
        ("GET", f"tasks/{nobody}/result", "task not found"),
        ("GET", f"tasks/{nobody}/attempts", "task not found"),
        ("GET", f"tasks/{nobody}/logs", "task not found"),
        ("DELETE", f"tasks/{nobody}", "task not found or not pending"),
        ("POST", f"tasks/{nobody}/requeue", "task not found or not failed"),
        ("POST", f"tasks/{nobody}/cancel", "task not found"),
    ):
        answer = await client.request(method, f"{P}/{path}")
        assert (404, {"error": error}) == (answer.status_code, answer.json()), path
    answer = await client.patch(f"{P}/tasks/{nobody}/progress", json={"progress": 5})
    assert (404, {"error": "task not found"}) == (answer.status_code, answer.json())


async def test_a_queue_of_any_name_adds_no_line_of_its_own_to_the_metrics(
    client: httpx.AsyncClient, put: Put, queue: str
) -> None:
    name = f'{queue}"}} 1 \\n\\'
    await put(queue_name=name)
    broken = await client.post(
        f"{P}/enqueue", json={"task_name": "t", "module_path": "mytasks", "queue_name": f"{queue}\nfake_metric 42"}
    )

    body = (await client.get("/metrics")).text

    assert 400 == broken.status_code
    assert "fake_metric" not in body
    labels = [sample.labels for family in text_string_to_metric_families(body) for sample in family.samples]
    assert name in {each.get("queue") for each in labels}
