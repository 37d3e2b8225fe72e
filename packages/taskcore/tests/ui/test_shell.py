"""What every page has in common: its forms, its errors, its addresses, and what it remembers."""

import asyncio
import re
from dataclasses import replace
from importlib.resources import files

import pytest
from starlette.testclient import TestClient
from taskcore.errors import StoreUnavailable
from taskcore.testing import FakeClock
from taskcore.testing.dashboard import sample_source
from taskcore.ui import Dashboard, words
from taskcore.ui.links import Links, changed, within
from taskcore.ui.models import Counts
from taskcore.ui.navigation import ENTRIES
from taskcore.ui.preferences import Preferences
from taskcore.ui.shortcuts import shortcuts
from taskcore.ui.source import DashboardSource
from taskcore.ui.svg import drawing, node
from taskcore.ui.tally import Tally
from taskcore.ui.tracebacks import frames

from .conftest import run

JSON = {"Accept": "application/json"}


def here(source: DashboardSource, **options: object) -> TestClient:
    dashboard = Dashboard(source, **options)  # type: ignore[arg-type]
    return TestClient(dashboard, base_url="http://localhost", follow_redirects=False)


@pytest.fixture
def source() -> DashboardSource:
    return run(sample_source())


class Away:
    """A store that does not answer."""

    def __getattr__(self, name: str) -> object:
        async def fails(*args: object) -> object:
            raise StoreUnavailable("postgresql://ops:hunter2@10.0.0.7 refuses the connection")

        return fails


def test_a_page_a_fragment_and_json_tell_the_same(source: DashboardSource) -> None:
    client = here(source)

    page = client.get("/queues")
    part = client.get("/queues", headers={"HX-Target": "section#queues-list"})
    model = client.get("/queues", headers=JSON).json()

    assert page.text.startswith("<!doctype html>")
    assert part.text.strip().startswith('<section id="queues-list"')
    assert {"billing", "default", "email", "reports"} == {row["name"] for row in model["queues"]}
    for text in (page.text, part.text):
        assert all(row["name"] in text for row in model["queues"])


def test_a_fragment_that_has_not_changed_is_not_sent_again(source: DashboardSource) -> None:
    client = here(source, clock=FakeClock())
    target = {"HX-Target": "section#pipelines-list"}
    first = client.get("/pipelines", headers=target)

    again = client.get("/pipelines", headers={**target, "If-None-Match": first.headers["ETag"]})

    assert (200, 304) == (first.status_code, again.status_code)
    assert b"" == again.content


def test_an_unknown_fragment_is_the_page(source: DashboardSource) -> None:
    assert here(source).get("/queues", headers={"HX-Target": "div#nothing"}).text.startswith("<!doctype html>")


def test_pages_are_never_kept_and_their_policy_allows_nothing_from_elsewhere(source: DashboardSource) -> None:
    answer = here(source).get("/tasks")

    assert "no-store" == answer.headers["Cache-Control"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "nosniff" == answer.headers["X-Content-Type-Options"]


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/nothing", 404, "There is no such page"),
        ("/tasks/00000000-0000-7000-8000-000000000000", 404, "There is no such page"),
        ("/settings/save", 405, "That needs a form"),
        ("/actions/retry", 422, "That could not be understood"),
        ("/tasks?x=%00", 400, "NUL"),
    ],
)
def test_what_is_refused_says_why_and_by_which_request(
    source: DashboardSource, path: str, status: int, told: str
) -> None:
    client = here(source)

    page = client.get(path, headers={"X-Request-ID": "r-7"})
    program = client.get(path, headers={**JSON, "X-Request-ID": "r-7"})

    assert (status, status) == (page.status_code, program.status_code)
    assert told in page.text
    assert "<code>r-7</code>" in page.text
    assert (status, "r-7") == (program.json()["status"], program.json()["request_id"])


@pytest.mark.parametrize("query", ["limit=100000", "limit=-1", "limit=x", "cursor=garbage", "before=%F0%9F%92%A9"])
def test_b16_a_list_that_nobody_could_read_is_refused(source: DashboardSource, query: str) -> None:
    assert 422 == here(source).get(f"/tasks?{query}").status_code


def test_b41_a_store_that_is_away_is_told_without_its_address(source: DashboardSource) -> None:
    client = here(replace(source, tasks=Away()))  # type: ignore[arg-type]

    page, program = client.get("/tasks"), client.get("/tasks", headers=JSON)

    assert (503, 503) == (page.status_code, program.status_code)
    assert "The store does not answer" in page.text
    assert page.headers["Retry-After"]
    assert "hunter2" not in page.text + program.text
    assert "10.0.0.7" not in page.text + program.text


def test_a_page_that_fails_tells_the_visitor_nothing_of_how(source: DashboardSource) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            raise ZeroDivisionError("secret inside")

    answer = here(replace(source, queues=Broken())).get("/queues")  # type: ignore[arg-type]

    assert 500 == answer.status_code
    assert "Something failed here" in answer.text
    assert "secret inside" not in answer.text


def test_pages_and_entries_are_there_for_what_the_source_has() -> None:
    client = here(DashboardSource(system="bare"))

    assert [404] * 4 == [client.get(path).status_code for path in ("/tasks", "/queues", "/events", "/gallery")]
    assert 'href="/tasks"' not in client.get("/settings").text


def test_settings_are_kept_in_a_cookie_and_drawn_by_the_server(source: DashboardSource) -> None:
    client = here(source)

    saved = client.post("/settings/save", data={"theme": "dark", "density": "compact", "zone": "mars"})

    assert (303, "/settings") == (saved.status_code, saved.headers["Location"])
    page = client.get("/settings").text
    assert 'data-theme="dark" data-density="compact" data-times="relative" data-zone="utc"' in page
    assert "Settings saved." in page


@pytest.mark.parametrize("cookie", ["theme=neon", "theme", "%%%", "", "theme=dark&theme=dark<script>"])
def test_a_cookie_that_is_nonsense_is_as_none(cookie: str) -> None:
    assert Preferences() == Preferences.load(cookie)


def test_addresses_are_below_the_root_and_quoted() -> None:
    url = Links("/a", {"task": "/tasks/{task}", "tasks": "/tasks"}, "/static/1")

    assert "/a/tasks/x%252F..%252F%3F%23?tab=logs" == url("task", task="x/../?#", tab="logs")
    assert "/a/tasks?state=failed&state=dead" == url("tasks", state=["failed", "dead"], queue=None, q="")
    assert "/tasks?b=2&a=3" == changed("/tasks", "a=1&b=2&a=2", {"a": "3"})
    assert "/tasks" == changed("/tasks", "a=1", {"a": None})


@pytest.mark.parametrize(
    ("address", "root", "expected"),
    [
        ("/a/tasks?x=1", "/a", "/a/tasks?x=1"),
        ("/a", "/a", None),
        ("/b/tasks", "/a", None),
        ("/a/../b", "/a", None),
        ("/a/%2e%2e/b", "/a", None),
        ("/a\n/b", "/a", None),
        (None, "", None),
    ],
)
def test_one_is_led_back_into_the_dashboard_alone(address: str | None, root: str, expected: str | None) -> None:
    assert expected == within(address, root)


def test_a_drawing_escapes_what_it_is_given_and_refuses_what_could_run() -> None:
    drawn = drawing(10, 10, node("text", '<b>"&', x=1.0), label='a "b"').__html__()

    assert 'aria-label="a &#34;b&#34;"' in drawn
    assert '<text x="1">&lt;b&gt;&#34;&amp;</text>' in drawn
    for attributes in ({"onload": "x"}, {"style": "x"}, {"href": " javascript:alert(1)"}, {"href": "data:text/html,x"}):
        with pytest.raises(ValueError, match="drawing"):
            node("a", **attributes)
    for tag in ("script", "foreignObject", "a b", "style"):
        with pytest.raises(ValueError, match="drawing"):
            node(tag)


def test_a_traceback_is_cut_into_frames_and_those_of_libraries_are_known() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/srv/.venv/lib/python3.12/site-packages/x/y.py", line 3, in f\n    g()\n'
        '  File "/srv/app/z.py", line 5, in g\n    raise ValueError("a")\n'
        "ValueError: a\n"
    )

    found = frames(text)

    assert ["", "/srv/.venv/lib/python3.12/site-packages/x/y.py:3", "/srv/app/z.py:5", ""] == [
        each.place for each in found
    ]
    assert [False, True, False, False] == [each.library for each in found]
    assert text.strip() == "\n".join(each.text for each in found)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 ms"),
        (0.59, "590 ms"),
        (0.9996, "1.0 s"),
        (41.23, "41.2 s"),
        (59.97, "1 min"),
        (192, "3 min 12 s"),
        (7_500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
        (-5, "-5.0 s"),
    ],
)
def test_durations_are_told_as_people_do(seconds: float, expected: str) -> None:
    assert expected == words.duration(seconds)


def test_counts_are_asked_for_once_a_second_and_the_last_are_shown_while_the_store_is_away() -> None:
    clock, asked = FakeClock(), []

    class Tasks:
        away = False

        async def counts(self) -> Counts:
            asked.append(clock.now())
            if self.away:
                raise StoreUnavailable("gone")
            return Counts(by_queue={"a": {"failed": len(asked)}}, counted_at=clock.now())

    async def story() -> None:
        tasks = Tasks()
        tally = Tally(tasks, clock)  # type: ignore[arg-type]
        await tally.counts()
        await tally.counts()
        assert 1 == len(asked)
        clock.advance(2)
        tasks.away = True
        counts = await tally.counts()
        assert counts is not None
        assert 1 == counts.of("failed")
        assert clock.now() == tally.down_since
        clock.advance(2)
        tasks.away = False
        await tally.counts()
        assert tally.down_since is None

    asyncio.run(story())


def test_the_script_of_the_shortcuts_knows_every_act_of_the_list_and_no_other() -> None:
    script = (files("taskcore.ui") / "static/js/keys.js").read_text(encoding="utf-8")
    acts = script.partition("const ACTS = {")[2].partition("\n};")[0]

    bound = set(re.findall(r"^  (\w+)[:,]", acts, re.MULTILINE))

    assert bound == {each.act for each in shortcuts(()) if each.act != "go"}


def test_no_two_shortcuts_have_the_same_keys_or_begin_with_those_of_another() -> None:
    keys = [each.keys for each in shortcuts((entry.letter, entry.page, entry.title) for entry in ENTRIES)]

    assert len(set(keys)) == len(keys)
    assert not {pair[0] for pair in keys if len(pair) > 1} & {single[0] for single in keys if len(single) == 1}
