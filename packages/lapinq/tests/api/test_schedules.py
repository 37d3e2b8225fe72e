"""Schedules over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest
from lapinq.keys import issue
from lapinq.scheduled import ScheduledTasks
from lapinq.storage import Storage
from starlette.applications import Starlette
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.testing import eventually

from .conftest import P, client_of

pytestmark = pytest.mark.anyio

HELD_UP = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"

NIGHTLY = {"task_name": "report", "module_path": "mytasks", "cron": "0 3 * * *"}


async def add(client: httpx.AsyncClient, **given: object) -> Any:
    answer = await client.post(f"{P}/schedules", json={**NIGHTLY, **given})
    assert 201 == answer.status_code, answer.text
    return answer.json()


async def test_a_schedule_is_added_changed_and_removed(client: httpx.AsyncClient, queue: str) -> None:
    made = await add(client, queue_name=queue, args=[1], kwargs={"k": 2}, metadata={"m": 3}, priority=5)
    path = f"{P}/schedules/{made['id']}"

    assert {**NIGHTLY, "queue_name": queue, "args": [1], "kwargs": {"k": 2}, "metadata": {"m": 3}, "priority": 5,
            "enabled": True, "last_triggered_at": None, "problem": None}.items() <= made.items()  # fmt: skip
    assert made["next_run_at"].endswith("T03:00:00+00:00")
    assert made in (await client.get(f"{P}/schedules")).json()

    changed = (await client.patch(path, json={"cron": "*/5 * * * *", "enabled": False})).json()
    expected = {**made, "cron": "*/5 * * * *", "enabled": False, "next_run_at": None}
    assert (expected, expected) == (changed, (await client.get(path)).json())

    assert {"status": "deleted"} == (await client.delete(path)).json()
    for answer in (await client.get(path), await client.patch(path, json={}), await client.delete(path)):
        assert (404, {"error": "schedule not found"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"cron": None}, "cron is required"),
        ({"cron": "99 * * * *"}, "99"),
        ({"cron": "soon"}, "cron"),
        ({"cron": 5}, "cron is required"),
        ({"enabled": "yes"}, "enabled must be true or false"),
        ({"ttl_seconds": 0}, "invalid ttl_seconds"),
        ({"ttl_seconds": "inf"}, "invalid ttl_seconds"),
        ({"module_path": "os"}, "standard library"),
        ({"task_name": None}, "task_name is required"),
        ({"queue_name": ""}, "queue must be text"),
        ({"queue_name": 7}, "queue_name must be text"),
        ({"args": {}}, "args must be a JSON array"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"zone": 1}, "zone must be text"),
        ({"gap": "leap"}, "gap must be one of"),
        ({"fold": "third"}, "fold must be one of"),
        ({"misfire": "panic"}, "misfire policy must be"),
        ({"grace": -1}, "grace must be a number"),
        ({"grace": "60"}, "grace must be a number"),
        ({"overlap": "hug"}, "overlap must be one of"),
        ({"webhook_url": "http://127.0.0.1/"}, "webhook_url must not lead to a private address"),
    ],
)
async def test_a_schedule_that_cannot_be_followed_is_400(
    client: httpx.AsyncClient, queue: str, bad: dict[str, object], error: str
) -> None:
    refused = await client.post(f"{P}/schedules", json={**NIGHTLY, **bad})
    made = await add(client, queue_name=queue)
    unchanged = await client.patch(f"{P}/schedules/{made['id']}", json=bad)

    for answer in (refused, unchanged):
        assert 400 == answer.status_code, answer.text
        assert error in answer.json()["error"]
    assert made == (await client.get(f"{P}/schedules/{made['id']}")).json()


async def test_changes_at_the_same_time_do_not_undo_each_other(client: httpx.AsyncClient, queue: str) -> None:
    path = f"{P}/schedules/{(await add(client, queue_name=queue))['id']}"
    changes = {"cron": "0 4 * * *", "priority": 5, "max_retries": 7, "zone": "Europe/Rome"}

    await asyncio.gather(*(client.patch(path, json={name: value}) for name, value in changes.items()))

    assert changes.items() <= (await client.get(path)).json().items()


async def test_rows_that_nobody_checked_say_what_is_wrong(client: httpx.AsyncClient, open_storage: Storage) -> None:
    await open_storage.pool.execute(
        "INSERT INTO lapinq_scheduled_tasks (task_name, module_path, cron) VALUES ('t', 'mytasks', '99 * * * *')"
    )

    (row,) = [row for row in (await client.get(f"{P}/schedules")).json() if row["cron"] == "99 * * * *"]

    assert None is row["next_run_at"]
    assert row["problem"]


async def test_an_id_that_is_none_is_400(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{P}/schedules/nightly")

    assert (400, {"error": "invalid schedule id"}) == (answer.status_code, answer.json())


async def test_a_schedule_has_a_zone_and_policies(client: httpx.AsyncClient, queue: str) -> None:
    ordinary = await add(client, queue_name=queue)
    given = {"zone": "Europe/Rome", "gap": "skip", "fold": "both", "misfire": "all", "grace": 5, "overlap": "skip"}
    made = await add(client, queue_name=queue, cron="0 12 1 7 *", **given)

    usual = {"zone": "UTC", "gap": "run_after", "fold": "first", "misfire": "coalesce", "grace": 60, "overlap": "allow"}
    assert usual.items() <= ordinary.items()
    assert given.items() <= made.items()
    assert made["next_run_at"].endswith("-07-01T10:00:00+00:00")


async def test_a_schedule_is_run_at_once_paused_and_resumed(
    client: httpx.AsyncClient, open_storage: Storage, queue: str
) -> None:
    made = await add(client, queue_name=queue, args=[7])
    path = f"{P}/schedules/{made['id']}"

    id_ = (await client.post(f"{path}/run")).json()["task_id"]
    task = (await client.get(f"{P}/tasks/{id_}")).json()
    assert ("report", [7], queue) == tuple(task[key] for key in ("task_name", "args", "queue_name"))
    assert {"status": "paused"} == (await client.post(f"{path}/pause")).json()
    assert not (await client.get(path)).json()["enabled"]
    assert {"status": "resumed"} == (await client.post(f"{path}/resume")).json()
    assert made == (await client.get(path)).json()
    nobody = path.replace(made["id"], "01930000-0000-7000-8000-000000000000")
    for word in ("run", "pause", "resume"):
        assert 404 == (await client.post(f"{nobody}/{word}")).status_code


async def test_what_became_of_its_instants_is_told(
    client: httpx.AsyncClient, open_storage: Storage, queue: str
) -> None:
    made = await add(client, queue_name=queue, cron="* * * * *")
    scheduled = ScheduledTasks(open_storage.service)
    await scheduled.tick()
    await open_storage.pool.execute(
        "UPDATE lapinq_core_schedules SET cursor = cursor - 60000000, next_at = next_at - 60000000"
    )
    await scheduled.tick()

    (run,) = (await client.get(f"{P}/schedules/{made['id']}/runs")).json()

    assert (1, None) == (run["count"], run["skipped"])
    assert queue == (await client.get(f"{P}/tasks/{run['task_id']}")).json()["queue_name"]


async def test_a_schedule_can_be_looked_at_before_it_is_added(client: httpx.AsyncClient) -> None:
    asked: dict[str, str | int] = {"cron": "30 2 * * *", "zone": "Europe/Rome", "limit": 3}
    found = (await client.get(f"{P}/schedules/preview", params=asked)).json()
    refused = await client.get(f"{P}/schedules/preview", params={"cron": "99 * * * *"})

    assert found["words"].startswith("At 02:30")
    assert [True] * 3 == [run["local"][15:].startswith("02:30:00 CE") for run in found["runs"]]
    assert ["go forward", "go back"] == [
        next(word for word in ("go forward", "go back") if word in note)
        for note in sorted(found["notes"], reverse=True)
    ]
    assert 400 == refused.status_code


async def test_who_added_a_schedule_is_noted_with_its_id(
    client: httpx.AsyncClient, open_storage: Storage, queue: str
) -> None:
    made = await add(client, queue_name=queue)

    (entry,) = await (await open_storage.account_store()).entries(AuditQuery(target=f"schedule:{made['id']}"))
    assert ("schedule.add", f"0 3 * * * (UTC) report on {queue}") == (entry.action, entry.detail)


@pytest.mark.parametrize(("method", "more"), [("DELETE", ""), ("POST", "/pause")])
async def test_a_schedule_that_moves_meanwhile_is_left_to_those_of_its_new_queue(
    app: Starlette, client: httpx.AsyncClient, open_storage: Storage, queue: str, method: str, more: str
) -> None:
    made = await add(client, queue_name=queue)
    given = {"name": "k", "permissions": {"queues": {queue: ["view", "pause", "delete"]}}}
    key = await issue(await app.state.desk.accounts(), SYSTEM, given)

    async with client_of(app, "203.0.113.7", headers={"X-API-Key": key.text}) as bearer:
        async with open_storage.pool.acquire() as other, other.transaction():
            await other.execute(
                "UPDATE lapinq_scheduled_tasks SET queue_name = $2 WHERE id = $1::uuid", made["id"], f"{queue}-other"
            )
            asked = asyncio.create_task(bearer.request(method, f"{P}/schedules/{made['id']}{more}"))
            await eventually(lambda: asked.done() or other.fetchval(HELD_UP), within=30)
        answer = await asked

    assert 404 == answer.status_code, answer.text
    assert (await client.get(f"{P}/schedules/{made['id']}")).json() == {**made, "queue_name": f"{queue}-other"}


async def test_who_may_see_one_queue_sees_its_schedules_alone(
    app: Starlette, client: httpx.AsyncClient, queue: str
) -> None:
    mine, other = await add(client, queue_name=queue), await add(client, queue_name=f"{queue}-other")
    given = {"name": "k", "permissions": {"queues": {queue: ["view", "enqueue"]}}}
    key = await issue(await app.state.desk.accounts(), SYSTEM, given)

    async with client_of(app, "203.0.113.7", headers={"X-API-Key": key.text}) as bearer:
        assert [mine] == (await bearer.get(f"{P}/schedules")).json()
        for path in ("", "/runs"):
            assert 200 == (await bearer.get(f"{P}/schedules/{mine['id']}{path}")).status_code
            assert 404 == (await bearer.get(f"{P}/schedules/{other['id']}{path}")).status_code
        assert 200 == (await bearer.patch(f"{P}/schedules/{mine['id']}", json={"priority": 1})).status_code
        assert 403 == (await bearer.patch(f"{P}/schedules/{mine['id']}", json={"queue_name": "x"})).status_code
        assert 404 == (await bearer.patch(f"{P}/schedules/{other['id']}", json={"queue_name": queue})).status_code
        assert 403 == (await bearer.post(f"{P}/schedules", json={**NIGHTLY, "queue_name": "x"})).status_code
        assert 403 == (await bearer.delete(f"{P}/schedules/{mine['id']}")).status_code
        assert 201 == (await bearer.post(f"{P}/schedules/{mine['id']}/run")).status_code
    async with client_of(app, "203.0.113.7") as stranger:
        assert 401 == (await stranger.get(f"{P}/schedules")).status_code
