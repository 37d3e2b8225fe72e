"""What single pages show: failures, charts, calendars, runs and queues."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.models import TaskSpec
from taskcore.testing.dashboard import Story, a_story, sample_source
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source

from .looking import Elements, ids, pages_of, visitor

JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def story() -> Story:
    return asyncio.run(a_story(tasks=150))


@pytest.fixture(scope="module")
def source(story: Story) -> DashboardSource:
    return asyncio.run(sample_source(story))


def test_a_group_of_failures_leads_to_its_tasks(source: DashboardSource) -> None:
    client = visitor(source)
    groups = client.get("/dead", headers=JSON).json()["groups"]
    page = client.get("/dead").text

    links = [link["href"] for link in Elements(page).links if link["href"].startswith("/tasks?state=failed")]
    for group, link in zip(groups, links[::2], strict=True):
        assert set(group["tasks"]) <= {id_ for page in pages_of(client, link) for id_ in ids(page)}


def test_the_calendar_counts_what_it_lists(source: DashboardSource) -> None:
    client = visitor(source)
    found = client.get("/schedules/calendar?from=2027-03-27&days=3", headers=JSON).json()["occurrences"]
    page = client.get("/schedules/calendar?from=2027-03-27&days=3").text

    single = [each for each in found if each["every"] is None]
    by_hour = Counter(each["at"][:13] for each in single)
    for hour, count in by_hour.items():
        chosen = client.get(f"/schedules/calendar?from=2027-03-27&days=3&at={hour}").text
        assert f"{count} run" in chosen.split('id="chosen"')[1]
    assert len(by_hour) == page.count('href="/schedules/calendar?from=2027-03-27&amp;days=3&amp;at=')
    assert {"every-minute", "heartbeat"} == {each["schedule"] for each in found if each["every"] is not None}


@pytest.mark.parametrize("query", ["days=8", "days=x", "from=tomorrow", "from=9999-12-31", "from=0001-01-01"])
def test_a_calendar_of_no_time_is_refused(source: DashboardSource, query: str) -> None:
    assert 422 == visitor(source).get(f"/schedules/calendar?{query}").status_code


def test_a_run_has_the_same_states_in_all_its_views(source: DashboardSource) -> None:
    client = visitor(source)
    steps = client.get("/pipelines/runs/run-failed", headers=JSON).json()["run"]["steps"]
    graph = client.get("/pipelines/runs/run-failed?step=join").text
    listing = client.get("/pipelines/runs/run-failed?view=list&step=join").text

    for step in steps:
        state = "skipped" if step["skipped"] else step["phase"]
        assert f'id="step-{step["id"]}"' in graph
        assert f'data-state="{state}"' in graph
        assert state in listing.split(f'id="step-{step["id"]}"')[1].split("</tr>")[0]
    assert all("Step join" in page for page in (graph, listing))
    assert "view=list&amp;step=join" in graph or "step=join&amp;view=list" in graph


def test_three_hundred_steps_are_drawn_within_a_second(source: DashboardSource) -> None:
    begun = process_time()
    page = visitor(source).get("/pipelines/runs/run-mesh").text

    assert process_time() - begun < 1
    assert 300 == page.count('class="node')


def test_many_like_steps_are_drawn_as_one(source: DashboardSource) -> None:
    page = visitor(source).get("/pipelines/runs/run-wide").text

    assert 3 == page.count('class="node')
    assert "298: 297 ok, 1 failed" in page


def test_a_queue_without_workers_says_how_to_start_one(source: DashboardSource) -> None:
    page = visitor(source).get("/queues").text

    assert "No worker serves the queue reports" in page
    assert "sample worker --queue reports" in page
    assert "paused by ada: the warehouse moves house" in page


def test_a_part_of_a_chart_can_be_looked_at(source: DashboardSource) -> None:
    client = visitor(source)
    until = datetime.now(UTC)
    since = until - timedelta(hours=3)
    span = f"since={since:%Y-%m-%dT%H:%M:%S.000Z}&until={until:%Y-%m-%dT%H:%M:%S.000Z}"

    points = client.get(f"/?{span}", headers=JSON).json()["series"]["points"]

    assert 37 == len(points)
    assert "Back to the last hour" in client.get(f"/?{span}").text
    for odd in (
        "since=x&until=y",
        "since=2026-01-01&until=2025-01-01",
        "since=0001-01-01&until=9999-01-01",
        "range=9h",
    ):
        assert len(client.get(f"/?{odd}", headers=JSON).json()["series"]["points"]) in (60, 61)


def test_what_runs_longer_than_usual_is_told(story: Story, source: DashboardSource) -> None:
    page = visitor(source).get("/").text

    assert story.tasks["stuck"] in page.split("Running long")[1]


def test_an_empty_overview_fills_itself_when_the_first_task_comes() -> None:
    store = MemoryStore(SystemClock())
    client = visitor(store_source(store, system="new", first_steps="put your first task so"))
    alone = {"HX-Target": "div#overview-all"}
    assert 'id="overview-all" data-live=' in client.get("/").text

    asyncio.run(store.put([TaskSpec(name="first")]))
    client = visitor(store_source(store, system="new", first_steps="put your first task so"))

    filled = client.get("/", headers=alone).text
    assert filled.lstrip().startswith('<div id="overview-all">')
    assert 'id="overview-stats"' in filled
