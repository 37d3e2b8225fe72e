"""Schedules on the pages: written, paused, run and removed by those who may."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from lapinq.scheduled import ScheduledTasks
from lapinq.scheduler import LEADER
from lapinq.storage import Storage
from starlette.applications import Starlette
from taskcore.engine.leader import Leader

from ..conftest import EMPTY
from .conftest import P, client_of

pytestmark = pytest.mark.anyio

JSON = {"Accept": "application/json"}
FORM = {"module_path": "mytasks", "task_name": "report", "cron": "30 2 * * *", "zone": "Europe/Rome"}


@pytest.fixture(scope="module")
async def admin(app: Starlette, open_storage: Storage) -> AsyncIterator[httpx.AsyncClient]:
    await open_storage.pool.execute(EMPTY)
    async with client_of(app) as client:
        assert 302 == (await client.post("/login", data={"username": "lapinq", "password": "lapinq"})).status_code
        yield client


async def written(client: httpx.AsyncClient, queue: str, **given: str) -> str:
    """Write a schedule on the page; answers its id."""
    answer = await client.post("/schedules/new", data={**FORM, "queue": queue, "enabled": "yes", **given})
    assert 303 == answer.status_code, answer.text
    return answer.headers["Location"].rpartition("/")[2]


async def row(client: httpx.AsyncClient, schedule: str) -> Any:
    return (await client.get(f"{P}/schedules/{schedule}")).json()


async def shown(client: httpx.AsyncClient, schedule: str) -> Any:
    return (await client.get(f"/schedules/{schedule}", headers=JSON)).json()["schedule"]


async def test_a_schedule_is_written_on_a_page(admin: httpx.AsyncClient, queue: str) -> None:
    schedule = await written(
        admin, queue, args='[1, "two"]', kwargs='{"k": null}', priority="5", max_retries="7", retry_delay="2.5",
        ttl_seconds="60", metadata='{"m": 1}', webhook_url="https://example.com/hook", misfire="all", grace="9",
    )  # fmt: skip
    made = await row(admin, schedule)

    assert {
        "module_path": "mytasks", "task_name": "report", "cron": "30 2 * * *", "zone": "Europe/Rome", "misfire": "all",
        "grace": 9, "queue_name": queue, "args": [1, "two"], "kwargs": {"k": None}, "priority": 5, "max_retries": 7,
        "retry_delay": 2.5, "retry_backoff": False, "ttl_seconds": 60, "metadata": {"m": 1}, "enabled": True,
        "webhook_url": "https://example.com/hook",
    }.items() <= made.items()  # fmt: skip
    form = (await admin.get(f"/schedules/{schedule}/edit", headers=JSON)).json()["values"]
    assert 303 == (await admin.post(f"/schedules/{schedule}/edit", data=form)).status_code
    assert made == await row(admin, schedule), "what is shown and saved again stays the same"
    entries = (await admin.get("/audit?action=schedule.change", headers=JSON)).json()["entries"]
    assert f"schedule:{schedule}" in [entry["target"] for entry in entries]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"module_path": "os"}, "standard library"),
        ({"args": "{}"}, "args must be a JSON array"),
        ({"args": "["}, "args must be JSON"),
        ({"max_retries": "many"}, "max_retries must be a number"),
        ({"ttl_seconds": "0"}, "ttl_seconds"),
        ({"cron": ""}, "cron"),
        ({"webhook_url": "ftp://example.com"}, "webhook_url must be"),
        ({"task_name": ""}, "task_name is required"),
        ({"queue": ""}, "queue must be"),
    ],
)
async def test_what_cannot_be_followed_is_told_on_the_form(
    admin: httpx.AsyncClient, queue: str, bad: dict[str, str], told: str
) -> None:
    answer = await admin.post("/schedules/new", data={**FORM, "queue": queue, **bad})

    assert 422 == answer.status_code
    assert told in answer.text


async def test_schedules_are_shown_before_anybody_follows_them(admin: httpx.AsyncClient, queue: str) -> None:
    schedule = await written(admin, queue)
    await admin.post("/schedules/new", data={**FORM, "queue": queue, "cron": "* * * * *"})

    listed = (await admin.get("/schedules", headers=JSON)).json()["schedules"]
    found = await shown(admin, schedule)
    calendar = (await admin.get("/schedules/calendar", headers=JSON)).json()["occurrences"]

    assert 2 == len([each for each in listed if each["queue"] == queue])
    assert ("mytasks:report", "Europe/Rome", False) == tuple(found["row"][key] for key in ("task", "zone", "paused"))
    assert "At 02:30" in found["row"]["words"]
    assert found["row"]["next_at"] == found["upcoming"][0]
    assert schedule in [each["schedule"] for each in calendar]


async def test_whether_anybody_schedules_is_said(admin: httpx.AsyncClient, open_storage: Storage, queue: str) -> None:
    await written(admin, queue)
    leader = Leader(open_storage.service.store, LEADER, "host-1")

    assert None is (await admin.get("/schedules", headers=JSON)).json()["leader"]
    assert "No scheduler is running" in (await admin.get("/schedules")).text
    await leader.tick()
    assert "host-1" == (await admin.get("/schedules", headers=JSON)).json()["leader"]
    await leader.resign()


async def test_a_schedule_is_run_paused_resumed_and_removed_on_a_page(
    admin: httpx.AsyncClient, open_storage: Storage, queue: str
) -> None:
    schedule = await written(admin, queue)

    async def act(action: str, **more: str) -> None:
        form = {"target": schedule, "confirmed": "yes", **more}
        answer = await admin.post(f"/actions/{action}", data=form, headers=JSON)
        assert (200, 1) == (answer.status_code, answer.json()["done"]), answer.text

    await act("run-schedule")
    (task,) = (await admin.get(f"{P}/tasks?queue={queue}")).json()
    assert "report" == task["task_name"]
    await act("pause-schedule")
    assert (False, True) == ((await row(admin, schedule))["enabled"], (await shown(admin, schedule))["row"]["paused"])
    await ScheduledTasks(open_storage.service).follow()
    await act("resume-schedule")
    assert (await row(admin, schedule))["enabled"]
    await act("remove-schedule", typed="report")
    assert 404 == (await admin.get(f"/schedules/{schedule}", headers=JSON)).status_code


async def test_a_row_that_nobody_can_follow_says_why(
    admin: httpx.AsyncClient, open_storage: Storage, queue: str
) -> None:
    id_ = await open_storage.pool.fetchval(
        "INSERT INTO lapinq_scheduled_tasks (task_name, module_path, queue_name, cron, zone) "
        "VALUES ('t', 'mytasks', $1, '@daily', 'Mars/Olympus') RETURNING id",
        queue,
    )

    assert "time zone" in (await shown(admin, str(id_)))["row"]["problem"]
    assert "Nobody can follow" in (await admin.get(f"/schedules/{id_}")).text
    assert 200 == (await admin.get("/schedules/calendar")).status_code
    run = await admin.post("/actions/run-schedule", data={"target": str(id_), "confirmed": "yes"}, headers=JSON)
    assert (0, True) == (run.json()["done"], "time zone" in run.json()["skipped"][str(id_)])


async def test_a_user_changes_schedules_of_the_queues_that_were_granted(
    app: Starlette, admin: httpx.AsyncClient, queue: str
) -> None:
    mine, other = await written(admin, queue), await written(admin, f"{queue}-other")
    form = {"name": queue, "password": "secret", "role": "user", "kind.0": "queue", "pattern.0": queue}
    made = await admin.post("/admin/users/new", data={**form, "verb.0": ["enqueue", "pause"]})
    assert 303 == made.status_code, made.text

    async with client_of(app, "203.0.113.7") as user:
        assert 302 == (await user.post("/login", data={"username": queue, "password": "secret"})).status_code
        await written(user, queue)
        for path, schedule, status in (("edit", mine, 303), ("edit", other, 403)):
            answer = await user.post(f"/schedules/{schedule}/{path}", data={**FORM, "queue": queue, "enabled": "yes"})
            assert status == answer.status_code
        for schedule, status in ((mine, 200), (other, 403)):
            assert status == (await user.post(f"{P}/schedules/{schedule}/pause")).status_code
            assert status == (await user.post(f"{P}/schedules/{schedule}/resume")).status_code
            asked = {"target": schedule, "confirmed": "yes"}
            assert status == (await user.post("/actions/pause-schedule", data=asked, headers=JSON)).status_code
        assert 403 == (await user.delete(f"{P}/schedules/{mine}")).status_code
        assert 403 == (await user.post(f"{P}/schedules/{other}/run")).status_code
    assert [False, True] == [(await row(admin, schedule))["enabled"] for schedule in (mine, other)]
