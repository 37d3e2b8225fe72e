"""What visitors send to break pages, or by bad luck: it is refused in words, costs little, and never fails with 500."""

import asyncio
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from time import process_time

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from taskcore.errors import StoreUnavailable
from taskcore.testing import FakeClock, eventually
from taskcore.testing.dashboard import Story, a_story, sample_source
from taskcore.ui.models import Counts
from taskcore.ui.models.pipelines import PipelineDetail, PipelineRow, RunPage
from taskcore.ui.rendering import renderer
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source
from taskcore.ui.tally import Tally

from .looking import Elements, visitor

JSON = {"Accept": "application/json"}


def _blocks_of(template: str) -> list[str]:
    return list(renderer().environment.get_template(template).blocks)


@pytest.fixture(scope="module")
def story() -> Story:
    return asyncio.run(a_story(tasks=20))


@pytest.fixture(scope="module")
def source(story: Story) -> DashboardSource:
    return asyncio.run(sample_source(story))


FLASHES = [
    "[" * 6_000,
    json.dumps({"text": "\ud800", "kind": "ok"}),
    json.dumps({"text": "x" * 5_000, "kind": ["ok"]}),
    json.dumps({"text": {"a": [1]}, "kind": "<b>"}),
    json.dumps(["text", "kind"]),
    "\udcff",
]


@pytest.mark.parametrize("flash", FLASHES, ids=range(len(FLASHES)))
def test_a_planted_cookie_breaks_no_page(source: DashboardSource, flash: str) -> None:
    value = urlsafe_b64encode(flash.encode(errors="surrogateescape")).decode()
    client = visitor(source)

    for cookie in (
        f"tc_flash={value}",
        f"tc_flash={value[:-3]}",
        "tc_flash=%ff\xe9; tc_preferences=theme=<b>&zone=%00",
    ):
        assert 200 == client.get("/settings", headers={b"Cookie": cookie.encode("latin-1")}).status_code


@pytest.mark.parametrize("page", ["/tasks", "/dead", "/export/tasks/csv"])
def test_a_day_at_the_end_of_the_calendar_is_understood_or_refused(source: DashboardSource, page: str) -> None:
    for text in ("created:9999-12-31", "created:0001-01-01", "created:<9999-12-31", "created:>9999-12-31"):
        assert visitor(source).get(page, params={"q": text}).status_code in (200, 422)


@pytest.mark.parametrize(
    "span",
    [
        "since=9999-12-31T23:59:30Z&until=9999-12-31T23:59:59Z",
        "since=9999-12-30T00:00Z&until=9999-12-31T23:59:59Z",
        "since=0001-01-01T00:00Z&until=0001-01-02T00:00Z",
        "since=0001-01-01T00:00Z&until=9999-12-31T00:00Z",
        "since=1h&until=2h",
        "since=2026-01-02&until=2026-01-01",
        "since=&until=x&range=y",
    ],
)
def test_charts_of_any_time_are_drawn(source: DashboardSource, span: str) -> None:
    for headers in ({}, JSON, {"HX-Target": "section#overview-stats"}):
        assert 200 == visitor(source).get(f"/?{span}", headers=headers).status_code


@pytest.mark.parametrize("page", ["/tasks", "/dead", "/export/tasks/csv"])
def test_thousands_of_filters_are_refused_and_cost_little(source: DashboardSource, page: str) -> None:
    begun = process_time()
    many, far_too_many = (visitor(source).get(f"{page}?{'queue=a&' * n}") for n in (1_000, 3_000))

    assert (422, 414) == (many.status_code, far_too_many.status_code)
    assert "At most 100" in many.text
    assert len(many.content) < 200_000
    assert process_time() - begun < 1


def test_a_search_for_nul_is_refused_wherever_it_hides(story: Story, source: DashboardSource) -> None:
    client, form = visitor(source), {"confirmed": "yes", "typed": "all", "shown": "all"}

    assert 400 == client.get("/tasks?q=args:%00").status_code
    assert 422 == client.post("/actions/retry", data={"matching": "q=args:%00", **form}).status_code
    assert 422 == client.post("/actions/retry", data={"target": "\0", **form}).status_code


BLOCKS = sorted({block for name in renderer().environment.list_templates() for block in _blocks_of(name)})
PATHS = [
    "/",
    "/tasks",
    "/tasks/{failed}",
    "/tasks/{failed}?tab=arguments",
    "/tasks/{succeeded}?tab=result",
    "/tasks/{running}?tab=logs",
    "/dead",
    "/schedules",
    "/schedules/nightly-report",
    "/schedules/calendar",
    "/queues",
    "/workers",
    "/registry",
    "/pipelines",
    "/pipelines/orders-etl",
    "/pipelines/runs/run-failed?step=join",
    "/settings",
    "/actions/retry?target={failed}",
]


@pytest.mark.parametrize("path", PATHS)
def test_any_part_of_a_page_can_be_asked_for(story: Story, source: DashboardSource, path: str) -> None:
    client, address = visitor(source), path.format(**story.tasks)

    for block in [*BLOCKS, "nothing", "x" * 5_000, "../c/frame.html"]:
        answer = client.get(address, headers={"HX-Target": f"section#{block.replace('_', '-')}"})
        assert (block, 200) == (block, answer.status_code)
        assert "no-store" == answer.headers["Cache-Control"]


CODECS = ["utf-7", "unicode_escape", "undefined", "punycode", "idna", "hex", "utf-16", "utf-8'; charset=punycode"]


@pytest.mark.parametrize("codec", CODECS)
def test_a_form_in_another_encoding_is_refused(story: Story, source: DashboardSource, codec: str) -> None:
    body = '--x\r\nContent-Disposition: form-data; name="next"\r\n\r\n/a+2AA-\\ud800\r\n--x--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={codec}"}

    for path in ("/settings/save", f"/actions/retry?target={story.tasks['failed']}"):
        assert 415 == visitor(source).post(path, content=body, headers=headers).status_code


def test_a_form_of_browsers_and_scripts_is_read(source: DashboardSource) -> None:
    client = visitor(source)
    body = '--x\r\nContent-Disposition: form-data; name="theme"\r\n\r\ndark\r\n--x--\r\n'

    for media_type, content in (
        ("application/x-www-form-urlencoded; charset=UTF-8", "theme=dark"),
        ("multipart/form-data; boundary=x", body),
        ('multipart/form-data; charset="utf-8"; boundary=x', body),
    ):
        answer = client.post("/settings/save", content=content, headers={"Content-Type": media_type})
        assert 303 == answer.status_code
        assert "theme=dark" in answer.headers["Set-Cookie"]


def test_files_and_floods_are_no_forms(story: Story, source: DashboardSource) -> None:
    client = visitor(source)

    assert 400 == client.post("/actions/retry", files={"target": ("a.txt", b"x")}).status_code
    assert 400 == client.post("/actions/retry", content="a&" * 100_000, headers=FORM).status_code
    assert 413 == client.post("/actions/retry", content=b"a" * 2_000_000, headers=FORM).status_code
    assert 422 == client.post("/actions/retry", data={"target": [str(n) for n in range(1_001)]}).status_code
    assert 422 == client.post("/actions/pause-queue", data={"target": [f"q{n}" for n in range(100)]}).status_code
    thousand = [*(f"{story.tasks['failed']}x{n}" for n in range(999)), story.tasks["failed"]]
    assert 200 == client.post("/actions/retry", data={"target": thousand}).status_code


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_acting_on_all_that_match_nothing_says_so(source: DashboardSource) -> None:
    answer = visitor(source).get("/actions/retry", params={"matching": "q=no-such-task-anywhere"})

    assert 404 == answer.status_code
    assert "No task matches" in answer.text


class _Odd:
    """One pipeline with a name in which every letter means something to addresses."""

    NAME = "a?b#c &é;d"

    async def list(self) -> list[PipelineRow]:
        return [PipelineRow(id=self.NAME)]

    async def get(self, pipeline: str) -> PipelineDetail | None:
        return PipelineDetail(row=PipelineRow(id=self.NAME), steps=(), edges=()) if pipeline == self.NAME else None

    async def runs(self, pipeline: str | None, cursor: str | None, limit: int) -> RunPage:
        return RunPage(rows=())


@pytest.mark.parametrize("root", ["", "/x y/é"])
def test_a_page_links_to_itself_whatever_its_name_is(source: DashboardSource, root: str) -> None:
    client = visitor(replace(source, pipelines=_Odd()))  # type: ignore[arg-type]
    app = Starlette(routes=[Mount(root, client.app)])
    client = TestClient(app, headers={"X-API-Key": "admin"}, follow_redirects=False)
    page = client.get(f"{root}/pipelines").text
    (address,) = [link["href"] for link in Elements(page).links if "/pipelines/" in link["href"]]

    found = client.get(address)
    here = found.text.split('name="next" value="')[1].split('"')[0]
    saved = client.post(f"{root}/settings/save", data={"theme": "dark", "next": here})

    assert 200 == found.status_code
    assert 200 == client.get(here).status_code
    assert (303, here) == (saved.status_code, saved.headers["Location"])


class _Away:
    """A store that cannot be reached."""

    def __getattr__(self, name: str) -> object:
        async def away(*_: object, **__: object) -> object:
            raise StoreUnavailable("connection to db.internal:5432 refused")

        return away


@pytest.mark.parametrize("path", [*PATHS, "/export/tasks/csv", "/export/tasks/json?state=failed"])
def test_a_store_that_is_away_is_said_in_every_form(story: Story, source: DashboardSource, path: str) -> None:
    away = _Away()
    parts = dict.fromkeys(("tasks", "schedules", "pipelines", "queues", "workers", "series", "registry"), away)
    client, address = visitor(replace(source, **parts)), path.format(**story.tasks)  # type: ignore[arg-type]

    answers = [client.get(address, headers=headers) for headers in ({}, JSON, {"HX-Target": "section#tasks-list"})]

    if path != "/settings":
        assert [503, 503, 503] == [answer.status_code for answer in answers]
        assert {"2"} == {answer.headers["Retry-After"] for answer in answers}
    assert {"no-store"} == {answer.headers["Cache-Control"] for answer in answers}
    assert not [answer for answer in answers if "db.internal" in answer.text]


class _Slow:
    """Counts that take a moment, once for all who ask at the same time."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on = asyncio.Event()

    async def counts(self) -> Counts:
        self.asked += 1
        await self.go_on.wait()
        return Counts(by_queue={"email": {"failed": self.asked}}, counted_at=FakeClock().now())


async def test_whoever_comes_first_and_whoever_comes_next_see_the_same_queues() -> None:
    slow, clock = _Slow(), FakeClock()
    tally = Tally(slow, clock)  # type: ignore[arg-type]
    both = [asyncio.create_task(tally.counts()) for _ in range(2)]
    await eventually(lambda: slow.asked == 1)

    slow.go_on.set()
    first, second = await asyncio.gather(*both)

    assert first is second is not None
    assert 1 == slow.asked


async def test_whoever_leaves_while_counting_leaves_it_to_the_next() -> None:
    slow, clock = _Slow(), FakeClock()
    tally = Tally(slow, clock)  # type: ignore[arg-type]
    gone = asyncio.create_task(tally.counts())
    await eventually(lambda: slow.asked == 1)
    gone.cancel()
    slow.go_on.set()

    assert await tally.counts() is not None


class _Searched:
    """A store that says what it was asked for."""

    def __init__(self, store: object) -> None:
        self._store, self.asked = store, list[str]()

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        return getattr(self._store, name)


def test_a_thousand_tasks_that_are_gone_are_not_searched_for_one_by_one(story: Story) -> None:
    store = _Searched(story.store)
    source = store_source(store, system="sample")  # type: ignore[arg-type]
    gone = [f"01a22748-0210-7d51-ad3a-{n:012d}" for n in range(50)]

    assert 404 == visitor(source).post("/actions/retry", data={"target": gone}).status_code
    assert 50 == store.asked.count("get")
    assert "find" not in store.asked
