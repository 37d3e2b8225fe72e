"""What the pages show, to whom, and how much of it."""

import asyncio
import csv
import json
import re
from io import StringIO
from time import process_time

import httpx2
import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.ids import TaskId
from taskcore.models import TaskSpec
from taskcore.testing.dashboard import Story, a_story, sample_source
from taskcore.ui import Dashboard
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source

from .looking import Elements, ids, pages_of, visitor

PATHS = [
    "/",
    "/?range=7d",
    "/tasks",
    "/tasks?state=failed&since=24h",
    "/tasks/{failed}",
    "/tasks/{failed}?tab=summary",
    "/tasks/{failed}?tab=arguments",
    "/tasks/{failed}?tab=logs",
    "/tasks/{failed}?tab=events",
    "/tasks/{succeeded}?tab=result",
    "/tasks/{running}",
    "/tasks/{stuck}",
    "/tasks/{scheduled}",
    "/dead",
    "/schedules",
    "/schedules/nightly-report",
    "/schedules/calendar",
    "/queues",
    "/workers",
    "/registry",
    "/pipelines",
    "/pipelines/orders-etl",
    "/pipelines/runs/run-failed",
    "/pipelines/runs/run-failed?view=timeline&step=join",
    "/pipelines/runs/run-live?view=list",
]
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def story() -> Story:
    return asyncio.run(a_story(tasks=150))


@pytest.fixture(scope="module")
def source(story: Story) -> DashboardSource:
    return asyncio.run(sample_source(story))


@pytest.fixture(scope="module")
def hostile() -> tuple[Story, DashboardSource]:
    story = asyncio.run(a_story(tasks=20, hostile=True))
    return story, asyncio.run(sample_source(story, hostile=True))


@pytest.fixture
def empty() -> DashboardSource:
    clock = SystemClock()
    return store_source(MemoryStore(clock), system="empty", first_steps="put your first task so", clock=clock)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_there_once_and_without_secrets(story: Story, source: DashboardSource, path: str) -> None:
    answer = visitor(source).get(path.format(**story.tasks))

    assert 200 == answer.status_code
    assert 1 == answer.text.count("<h1")
    assert "sk-very-secret" not in answer.text
    assert float(answer.headers["Server-Timing"].removeprefix("page;dur=")) >= 0


@pytest.mark.parametrize("path", PATHS)
def test_every_page_answers_programs(story: Story, source: DashboardSource, path: str) -> None:
    answer = visitor(source).get(path.format(**story.tasks), headers=JSON)

    assert 200 == answer.status_code
    assert answer.json()
    assert "sk-very-secret" not in answer.text


@pytest.mark.parametrize("path", [*PATHS, "/pipelines/%3Cimg%20src=x%20onerror=window.__xss=1%3E"])
def test_text_never_becomes_markup(hostile: tuple[Story, DashboardSource], path: str) -> None:
    story, source = hostile
    answer = visitor(source).get(path.format(**story.tasks))

    assert 200 == answer.status_code
    assert "<img src=x" not in answer.text
    assert "<script>window" not in answer.text
    assert "' onmouseover='window" not in answer.text


def test_hostile_tasks_have_pages(hostile: tuple[Story, DashboardSource]) -> None:
    story, source = hostile
    client = visitor(source)
    for name, task in story.tasks.items():
        if name.startswith("hostile"):
            for tab in ("summary", "arguments", "error", "logs"):
                answer = client.get(f"/tasks/{task}?tab={tab}")
                assert 200 == answer.status_code
                assert "<img src=x" not in answer.text
                assert "<script>window" not in answer.text


def test_fifty_tasks_fit_into_sixty_kilobytes_and_1500_elements(source: DashboardSource) -> None:
    page = visitor(source).get("/tasks").text

    assert 50 == len(ids(page))
    assert len(page.encode()) <= 60_000
    assert Elements(page).count <= 1_500


def test_links_lead_through_all_tasks_and_back(source: DashboardSource) -> None:
    client = visitor(source)
    forth = list(pages_of(client, "/tasks?limit=25"))
    seen = [id_ for page in forth for id_ in ids(page)]

    assert len(seen) == len(set(seen)) > 150
    back = Elements(forth[-1]).to("prev")
    assert back is not None
    assert ids(forth[-2]) == ids(client.get(back).text)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=100000", "must be a number from 1 to 200"),
        ("limit=-1", "must be a number from 1 to 200"),
        ("cursor=garbage", "is no cursor"),
        ("before=garbage", "is no cursor"),
        ("q=quue:email", "Unknown filter ‘quue’. Did you mean ‘queue’?"),
        ("state=faild", "Did you mean ‘failed’?"),
        ("since=yesterday", "must be an age such as 24h"),
    ],
)
def test_what_is_not_understood_is_said_beside_the_search(source: DashboardSource, query: str, message: str) -> None:
    begun = process_time()
    answer = visitor(source).get(f"/tasks?{query}")

    assert 422 == answer.status_code
    assert message in answer.text
    assert 'aria-describedby="problems"' in answer.text
    assert [] == ids(answer.text)
    assert process_time() - begun < 0.5


def test_filters_stand_in_the_address_and_can_be_taken_away(source: DashboardSource) -> None:
    client = visitor(source)
    page = client.get("/tasks?state=failed&queue=billing&q=error:declined").text

    rows = [client.get(f"/tasks/{id_}", headers=JSON).json()["task"]["row"] for id_ in ids(page)]
    assert rows
    assert {("failed", "billing", "CardDeclined")} == {(r["phase"], r["queue"], r["error"]["type"]) for r in rows}
    away = [link["href"] for link in Elements(page).links if "filter-chip" in link.get("class", "")]
    assert "/tasks?state=failed&q=error%3Adeclined" in away


def test_a_filter_that_fits_nothing_can_be_cleared(source: DashboardSource) -> None:
    page = visitor(source).get("/tasks?queue=nowhere&task=nothing").text

    assert "No tasks match 2 filters" in page
    assert "Clear all filters" in page


def test_an_empty_dashboard_tells_how_to_begin(empty: DashboardSource) -> None:
    for path in ("/", "/tasks"):
        assert "put your first task so" in visitor(empty).get(path).text
    for path in ("/dead", "/queues", "/schedules", "/workers"):
        assert 200 == visitor(empty).get(path).status_code


def test_only_the_queues_that_one_may_see_are_seen(story: Story, source: DashboardSource) -> None:
    emil = visitor(source, "email")

    listed = [row for page in pages_of(emil, "/tasks") for row in ids(page)]
    rows = emil.get("/tasks?limit=200", headers=JSON).json()["page"]["rows"]
    exported = list(csv.DictReader(StringIO(emil.get("/export/tasks/csv").text)))

    assert listed
    assert {"email"} == {row["queue"] for row in rows} == {row["queue"] for row in exported}
    assert 404 == emil.get(f"/tasks/{story.tasks['scheduled']}").status_code
    assert 404 == emil.get("/schedules/nightly-report").status_code
    for path in ("/", "/dead", "/queues", "/schedules", "/schedules/calendar"):
        assert "billing" not in emil.get(path).text, path
    for path in ("/tasks", "/workers"):
        assert "reports" not in emil.get(path).text.replace("reports.build_monthly", ""), path
    assert [] == ids(emil.get("/tasks?queue=billing").text)
    assert [] == emil.get("/pipelines", headers=JSON).json()["pipelines"]


@pytest.mark.parametrize("path", [path for path in PATHS if "{" not in path and "pipelines/" not in path])
def test_programs_too_see_only_their_queues(source: DashboardSource, path: str) -> None:
    answer = visitor(source, "email").get(path, headers=JSON)

    if path == "/schedules/nightly-report":
        assert 404 == answer.status_code
    else:
        found = re.sub(r"billing\.charge|reports\.build_monthly", "", answer.text)
        assert not re.findall("billing|reports|default", found)


@pytest.mark.parametrize("path", [path for path in PATHS if "{" not in path])
def test_who_may_see_nothing_is_refused(source: DashboardSource, path: str) -> None:
    assert 403 == visitor(source, "nobody").get(path).status_code
    assert 401 == visitor(source, "").get(path, headers=JSON).status_code


def test_buttons_are_for_those_who_may(story: Story, source: DashboardSource) -> None:
    failed = f"/tasks/{story.tasks['failed']}"

    assert ">Retry</a>" in visitor(source).get(failed).text
    assert ">Retry</a>" not in visitor(source, "viewer").get(failed).text
    assert 'name="target"' not in visitor(source, "viewer").get("/tasks").text
    refused = visitor(source, "viewer").post("/actions/retry", data={"target": story.tasks["failed"], "confirmed": "1"})
    assert 403 == refused.status_code


def test_tasks_are_exported_row_by_row(source: DashboardSource) -> None:
    client = visitor(source)
    total = client.get("/", headers=JSON).json()["counts"]["total"]

    rows = list(csv.DictReader(StringIO(client.get("/export/tasks/csv").text)))
    found = client.get("/export/tasks/json")

    assert total == len(rows) == len(found.json())
    assert "attachment" in found.headers["Content-Disposition"]
    assert [row["id"] for row in rows] == [row["id"] for row in found.json()]
    assert {"failed"} == {row["state"] for row in client.get("/export/tasks/json?state=failed").json()}
    assert 422 == client.get("/export/tasks/csv?state=no").status_code
    assert 404 == client.get("/export/tasks/xlsx").status_code


def test_no_cell_of_an_export_is_a_formula(hostile: tuple[Story, DashboardSource]) -> None:
    text = visitor(hostile[1]).get("/export/tasks/csv").text
    cells = [cell for row in csv.reader(StringIO(text)) for cell in row]

    assert "'=HYPERLINK(1+1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_waiting_task_says_why(story: Story, source: DashboardSource) -> None:
    client = visitor(source)

    assert "Not started yet: scheduled for" in client.get(f"/tasks/{story.tasks['scheduled']}").text
    assert "Not started yet: backoff until" in client.get(f"/tasks/{story.tasks['retrying']}").text
    assert "no free slot of key customer-42" in client.get(f"/tasks/{story.tasks['keyed']}").text
    assert "queue paused" in client.get("/tasks?queue=reports&state=queued").text
    assert "has not renewed the lease" in client.get(f"/tasks/{story.tasks['stuck']}").text


def test_a_traceback_hides_what_is_not_ours(story: Story, source: DashboardSource) -> None:
    page = visitor(source).get(f"/tasks/{story.tasks['failed']}?tab=error").text

    assert "<details><summary>/srv/app/.venv" in page or "site-packages" in page.split("<details><summary>")[-1]
    assert "shop/gateway.py" in page


def test_a_task_is_found_by_the_end_of_its_id(story: Story, source: DashboardSource) -> None:
    client = visitor(source)

    assert story.tasks["failed"] in client.get(f"/tasks/{story.tasks['failed'][-10:]}").text
    assert 404 == client.get("/tasks/no-such-task").status_code


@pytest.mark.parametrize("path", [*PATHS, "/tasks/{failed}?tab=logs"])
def test_every_live_part_can_be_asked_for_alone(story: Story, source: DashboardSource, path: str) -> None:
    client, address = visitor(source), path.format(**story.tasks)
    parts = re.findall(r'<(\w+) id="([^"]+)"[^>]* data-live=', client.get(address).text)

    for tag, id_ in parts:
        answer = client.get(address, headers={"HX-Target": f"{tag}#{id_}"})
        assert 200 == answer.status_code, id_
        assert answer.text.lstrip().startswith(f'<{tag} id="{id_}"')


def test_a_part_of_a_page_can_be_asked_for_alone(source: DashboardSource) -> None:
    answer = visitor(source).get("/tasks?limit=25", headers={"HX-Target": "section#tasks-list"})

    assert answer.text.lstrip().startswith('<section id="tasks-list"')
    assert 25 == len(ids(answer.text))
    assert "<h1" not in answer.text


def test_json_of_a_list_has_the_cursor_of_the_next_page(source: DashboardSource) -> None:
    client = visitor(source)
    first = client.get("/tasks?limit=5", headers=JSON).json()["page"]
    second = client.get(f"/tasks?limit=5&cursor={first['older']}", headers=JSON).json()["page"]

    assert 10 == len({row["id"] for row in [*first["rows"], *second["rows"]]})
    assert json.dumps(first)


@pytest.mark.parametrize("id_", ["a/b", "50% /2F %2F", "../settings", "größer ?#&"])
async def test_any_id_has_a_page(id_: str) -> None:
    """Asked as a real server is, which decodes an address once; Starlette's test client does it twice."""
    store = MemoryStore(SystemClock())
    await store.put([TaskSpec(name="odd", id=TaskId(id_))])
    transport = httpx2.ASGITransport(Dashboard(store_source(store, system="test")))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        links = [link["href"] for link in Elements((await client.get("/tasks")).text).links]
        (link,) = [each for each in links if each.startswith("/tasks/")]

        assert id_ == (await client.get(link, headers=JSON)).json()["task"]["row"]["id"]
