"""The stream of changes: one asks for all who listen, none while nobody does; numbers only for who may see all."""

import asyncio
import sys
from collections.abc import Collection, MutableMapping
from subprocess import run as start
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from taskcore.auth.loopback import LOOPBACK
from taskcore.errors import StoreUnavailable
from taskcore.testing import FakeClock
from taskcore.testing.dashboard import sample_source
from taskcore.ui import watch
from taskcore.ui.models import Counts
from taskcore.ui.tally import Tally
from taskcore.ui.watch import TOPICS, Watch
from taskcore.web.principals import set_principal

from .conftest import run
from .looking import visitor

SOON = 5.0


class Source:
    """Counts that change when the test says so."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.number, self.asked, self.away = 0, 0, False

    async def revision(self) -> str:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("gone")
        return str(self.number)

    async def counts(self) -> Counts:
        return Counts(by_queue={"a": {"failed": self.number}}, counted_at=self._clock.now())


class Listener:
    """Reads a stream as a browser would."""

    def __init__(self, live: Watch) -> None:
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/events", "query_string": b"", "headers": []}
        scope["client"] = ("127.0.0.1", 1)

        async def again() -> Any:
            return LOOPBACK

        set_principal(scope, LOOPBACK, again)
        self.text, self._gone, self._news = "", asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(live.stream(Request(scope), TOPICS)(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, str]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.text += message.get("body", b"").decode()
        self._news.set()

    async def until(self, words: str) -> None:
        async with asyncio.timeout(SOON):
            while words not in self.text:
                self._news.clear()
                await self._news.wait()

    async def leave(self) -> None:
        self._gone.set()
        await self._task


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EVERY", 0.02)
    monkeypatch.setattr(watch, "AT_LEAST", 0.01)


async def test_all_who_listen_hear_that_something_has_changed_and_one_asks_for_all() -> None:
    clock = FakeClock()
    source = Source(clock)
    live = Watch(source, Tally(source, clock), clock)  # type: ignore[arg-type]
    ears = [Listener(live) for _ in range(5)]
    for ear in ears:
        await ear.until('event: counts\ndata: {"failed":0}')

    source.number = 7

    for ear in ears:
        await ear.until('event: counts\ndata: {"failed":7}')
        await ear.until('event: invalidate\ndata: {"topic":"*"')
    watchers = [task for task in asyncio.all_tasks() if task.get_name() == "dashboard-watch"]
    assert 1 == len(watchers)
    for ear in ears:
        await ear.leave()
    async with asyncio.timeout(SOON):
        await watchers[0]
    asked = source.asked
    await asyncio.sleep(0.1)  # five times as long as between two questions
    assert asked == source.asked


class AlertingSource(Source):
    """One that tells of changes."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.changed = asyncio.Event()

    async def wait_for_change(self, timeout: float) -> None:
        await self.changed.wait()
        self.changed.clear()


async def test_a_source_that_tells_of_changes_is_not_waited_for() -> None:
    clock = FakeClock()
    source = AlertingSource(clock)
    live = Watch(source, Tally(source, clock), clock)  # type: ignore[arg-type]
    ear = Listener(live)
    await ear.until('event: counts\ndata: {"failed":0}')
    asked = source.asked

    source.number = 7
    source.changed.set()

    await ear.until('event: invalidate\ndata: {"topic":"*"')
    await ear.until('event: counts\ndata: {"failed":7}')
    assert asked + 1 == source.asked
    source.changed.set()
    await ear.leave()


async def test_a_store_that_is_away_ends_no_stream_and_all_are_told() -> None:
    clock = FakeClock()
    source = Source(clock)
    live = Watch(source, Tally(source, clock), clock)  # type: ignore[arg-type]
    ear = Listener(live)
    await ear.until("event: counts")

    source.away = True
    await ear.until('event: store\ndata: {"answers":false}')
    late = Listener(live)
    await late.until('event: store\ndata: {"answers":false}')
    source.away, source.number = False, 3

    for each in (ear, late):
        await each.until('event: store\ndata: {"answers":true}')
        await each.until('{"failed":3}')
        await each.leave()


def test_who_may_not_see_all_queues_hears_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def heard(self: Watch, request: Request, topics: Collection[str]) -> JSONResponse:
        return JSONResponse(sorted(topics))

    monkeypatch.setattr(Watch, "stream", heard)
    source = run(sample_source())

    assert ["changed", "counts", "store"] == visitor(source).get("/events").json()
    assert ["changed", "store"] == visitor(source, "email").get("/events").json()
    page = visitor(source, "email").get("/tasks").text
    assert 'data-phases="{}"' in page


def test_without_its_libraries_the_dashboard_says_what_to_install() -> None:
    code = """
import sys
sys.modules["jinja2"] = None
import taskcore.ui.source
from taskcore.auth.loopback import LOOPBACK
from taskcore.errors import MissingExtra
try:
    from taskcore.ui import Dashboard
except MissingExtra as error:
    print(error)
"""
    done = start([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "the dashboard needs jinja2; install taskcore[dashboard]" == done.stdout.strip()
