"""Somebody who may see one queue learns nothing of the others: not on pages, not in JSON, not by acting."""

import asyncio
from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.testing.dashboard import Story, a_story, sample_source
from taskcore.ui import Dashboard
from taskcore.ui.models.schedules import ScheduleDetail, SchedulePage
from taskcore.ui.source import DashboardSource, SchedulePart
from taskcore.web.access import Access

from .looking import PEOPLE, visitor

JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def story() -> Story:
    return asyncio.run(a_story(tasks=60))


@pytest.fixture(scope="module")
def source(story: Story) -> DashboardSource:
    return asyncio.run(sample_source(story))


def test_numbers_are_of_the_queues_that_one_may_see(source: DashboardSource) -> None:
    counts = visitor(source, "email").get("/", headers=JSON).json()["counts"]

    assert {"email"} == set(counts["by_queue"])
    assert set(counts["oldest_due"]) <= {"email"}
    assert counts["total"] == sum(counts["by_queue"]["email"].values())


def test_a_worker_of_several_queues_tells_of_ones_own_alone(source: DashboardSource) -> None:
    emil, everything = visitor(source, "email"), visitor(source).get("/workers", headers=JSON).json()["workers"]

    workers = emil.get("/workers", headers=JSON).json()["workers"]

    assert {"email"} == {queue for worker in workers for queue in worker["queues"]}
    shown = {task for worker in workers for task in worker["tasks"]}
    assert shown < {task for worker in everything for task in worker["tasks"]}
    for task in shown:
        assert "email" == emil.get(f"/tasks/{task}", headers=JSON).json()["task"]["row"]["queue"]
    assert "billing" not in emil.get("/workers").text


def test_handlers_name_the_workers_that_one_may_see(source: DashboardSource) -> None:
    emil = visitor(source, "email")
    seen = {worker["id"] for worker in emil.get("/workers", headers=JSON).json()["workers"]}

    handlers = emil.get("/registry", headers=JSON).json()["handlers"]

    assert handlers
    assert {worker for handler in handlers for worker in handler["workers"]} <= seen


class Grouped:
    """Schedules that belong to task groups, as those of a face without queues."""

    def __init__(self, part: SchedulePart) -> None:
        self._part = part

    async def list(self) -> SchedulePage:
        page = await self._part.list()
        return replace(page, rows=tuple(replace(row, group="nightly", queue="default") for row in page.rows))

    async def get(self, schedule: str) -> ScheduleDetail | None:
        detail = await self._part.get(schedule)
        return detail and replace(detail, row=replace(detail.row, group="nightly", queue="default"))

    def __getattr__(self, name: str) -> object:
        return getattr(self._part, name)


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        (Grant(frozenset({Verb.VIEW, Verb.ENQUEUE}), Kind.GROUP, "nightly"), 200),
        (Grant(frozenset({Verb.VIEW, Verb.ENQUEUE}), Kind.QUEUE, "default"), 404),
    ],
)
def test_schedules_of_a_group_are_for_those_who_may_see_the_group(
    source: DashboardSource, monkeypatch: pytest.MonkeyPatch, grant: Grant, status: int
) -> None:
    assert source.schedules is not None
    monkeypatch.setitem(PEOPLE, "gina", Principal(id="5", name="gina", role="guest", grants=(grant,)))
    gina = visitor(replace(source, schedules=Grouped(source.schedules)), "gina")  # type: ignore[arg-type]

    listed = gina.get("/schedules", headers=JSON).json()["schedules"]
    page = gina.get("/schedules/nightly-report")
    asked = gina.get("/actions/run-schedule", params={"target": "nightly-report"})

    assert (status == 200) == bool(listed)
    assert (status, status) == (page.status_code, asked.status_code)
    assert (status == 200) == ("/actions/run-schedule?target=nightly-report" in page.text)
    assert (status == 200) == bool(gina.get("/schedules/calendar", headers=JSON).json()["occurrences"])


@pytest.mark.parametrize("action", ["retry", "cancel", "delete", "pause-queue", "purge-queue", "run-schedule"])
def test_acting_on_what_others_have_is_like_acting_on_nothing(
    story: Story, source: DashboardSource, action: str
) -> None:
    emil = visitor(source, "email")
    target = {"pause-queue": "billing", "purge-queue": "billing", "run-schedule": "nightly-report"}
    theirs = target.get(action, story.tasks["scheduled"])

    answers = [
        emil.post(f"/actions/{action}", data={"target": each, "confirmed": "yes", "typed": "delete", "shown": "delete"})
        for each in (theirs, "no-such-thing-at-all")
    ]

    first, second = (answer.status_code for answer in answers)
    assert first == second
    assert first in (403, 404)


def test_all_that_match_are_those_of_ones_own_queues(source: DashboardSource) -> None:
    ada, emil = visitor(source), visitor(source, "email")

    def others() -> list[tuple[str, str]]:
        return [(row["id"], row["state"]) for row in ada.get("/export/tasks/json").json() if row["queue"] != "email"]

    before = others()
    answers = [
        emil.post("/actions/retry", data={"matching": text, "confirmed": "yes", "typed": "all", "shown": "all"})
        for text in ("", "queue=billing&queue=email", "queue=billing")
    ]

    assert answers[0].status_code in (200, 303)
    assert answers[1].status_code in (200, 303)
    assert 404 == answers[2].status_code
    assert before == others()


def test_nobody_is_offered_what_they_may_not_do() -> None:
    source = asyncio.run(sample_source())
    for name, offered in (("admin", True), ("email", True), ("viewer", False)):
        for path in ("/tasks", "/dead"):
            assert offered == ("/actions/retry" in visitor(source, name).get(path).text), (name, path)


def test_a_key_of_somebody_else_is_no_way_in(source: DashboardSource) -> None:
    stranger = TestClient(Dashboard(source, access=Access(chain=_Nobody())), follow_redirects=False)

    for path in ("/", "/tasks", "/export/tasks/csv", "/events", "/actions/retry?target=1", "/workers"):
        assert 401 == stranger.get(path, headers={"X-API-Key": "admin", **JSON}).status_code


class _Nobody:
    async def authenticate(self, credentials: object) -> Principal | None:
        return None
