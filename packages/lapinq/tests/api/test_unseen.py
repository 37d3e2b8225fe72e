"""What somebody may not see is to them as if it were not there: no answer tells of it, and none differs."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from lapinq.keys import issue
from starlette.applications import Starlette
from taskcore.auth.principal import SYSTEM
from taskcore.ids import task_ids

from .conftest import P, Put, client_of

pytestmark = pytest.mark.anyio

ALL = ["view", "enqueue", "retry", "cancel", "delete", "pause"]
OF_A_TASK = [
    ("GET", ""),
    ("GET", "/result"),
    ("GET", "/attempts"),
    ("GET", "/logs"),
    ("GET", "/webhooks"),
    ("DELETE", ""),
    ("POST", "/cancel"),
    ("POST", "/requeue"),
    ("PATCH", "/progress"),
    ("POST", "/webhooks/0/replay"),
]
OF_A_SCHEDULE = [("GET", ""), ("GET", "/runs"), ("PATCH", ""), ("DELETE", "")] + [
    ("POST", f"/{verb}") for verb in ("pause", "resume", "run")
]


@pytest.fixture
async def bearer(app: Starlette, queue: str) -> AsyncIterator[httpx.AsyncClient]:
    """A program with a key for everything in ``queue``."""
    given = {"name": "k", "permissions": {"queues": {queue: ALL}}}
    key = await issue(await app.state.desk.accounts(), SYSTEM, given)
    async with client_of(app, "203.0.113.7", headers={"X-API-Key": key.text}) as client:
        yield client


async def told(client: httpx.AsyncClient, method: str, path: str) -> tuple[int, str]:
    answer = await client.request(method, f"{P}{path}", json={"progress": 5} if method == "PATCH" else None)
    return answer.status_code, answer.text


@pytest.mark.parametrize(("method", "more"), OF_A_TASK)
async def test_a_task_of_another_queue_is_like_none(
    bearer: httpx.AsyncClient, put: Put, queue: str, method: str, more: str
) -> None:
    task = await put(queue_name=f"secret-{queue}")

    found = await told(bearer, method, f"/tasks/{task}{more}")

    assert found == await told(bearer, method, f"/tasks/{a_new_id()}{more}")
    assert "secret" not in found[1]


@pytest.mark.parametrize(("method", "more"), OF_A_SCHEDULE)
async def test_a_schedule_of_another_queue_is_like_none(
    bearer: httpx.AsyncClient, client: httpx.AsyncClient, queue: str, method: str, more: str
) -> None:
    wanted = {"task_name": "t", "module_path": "mytasks", "cron": "@daily", "queue_name": f"secret-{queue}"}
    made = (await client.post(f"{P}/schedules", json=wanted)).json()

    found = await told(bearer, method, f"/schedules/{made['id']}{more}")

    assert found == await told(bearer, method, f"/schedules/{a_new_id()}{more}")
    assert made == (await client.get(f"{P}/schedules/{made['id']}")).json()


async def test_who_guesses_the_queue_of_a_schedule_is_not_told_so(
    bearer: httpx.AsyncClient, client: httpx.AsyncClient, queue: str
) -> None:
    wanted = {"task_name": "t", "module_path": "mytasks", "cron": "@daily", "queue_name": f"secret-{queue}"}
    made = (await client.post(f"{P}/schedules", json=wanted)).json()

    for guess in (f"secret-{queue}", f"other-{queue}", queue):
        found, none = [
            await bearer.patch(f"{P}/schedules/{id_}", json={"queue_name": guess}) for id_ in (made["id"], a_new_id())
        ]
        assert (found.status_code, found.text) == (none.status_code, none.text)


@pytest.mark.parametrize(
    "path", ["/", "/tasks", "/dead", "/queues", "/workers", "/registry", "/schedules", "/schedules/calendar",
             "/webhooks", "/keys", "/settings", "/export/tasks/json", "/actions/cancel?matching="]
)  # fmt: skip
async def test_no_page_tells_of_another_queue(
    bearer: httpx.AsyncClient, client: httpx.AsyncClient, put: Put, queue: str, path: str
) -> None:
    await put(args=["mine"])
    await put("secret_task", queue_name=f"secret-{queue}", webhook_url="https://example.com/secret")
    await client.post(f"{P}/queues/secret-{queue}/pause")

    for accepted in ("application/json", "text/html"):
        page = await bearer.get(path, headers={"Accept": accepted})
        assert "secret-" not in page.text and "secret_task" not in page.text, page.text  # noqa: PT018


def a_new_id() -> UUID:
    """Of nothing that is there."""
    return UUID(next(task_ids()))
