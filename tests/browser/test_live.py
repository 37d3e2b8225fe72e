"""Pages that follow what happens, and leave alone what their reader is in the midst of."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.worker import Worker, WorkerOptions
from taskcore.ids import TaskId
from taskcore.models import TaskSpec
from taskcore.retry import RetryPolicy

from .conftest import Visit
from .house import House
from .serving import Server, served

SOON = 4_000
"""Milliseconds: a second until somebody asks, two between two looks, and a busy machine."""


class Work:
    """Puts tasks where the page finds them, and does them."""

    def __init__(self, house: House, server: Server) -> None:
        self._store, self._server = house.story.store, server
        self._gate = asyncio.Event()

    def put(self, count: int = 1, queue: str = "live") -> list[TaskId]:
        async def put() -> list[TaskId]:
            receipts = await self._store.put([TaskSpec(name="live.greet", queue=queue) for _ in range(count)])
            return [receipt.task for receipt in receipts]

        return self._server.within(put())

    def begin(self) -> None:
        """Start a worker; its handlers wait at the gate."""

        async def begin() -> None:
            self._running = asyncio.ensure_future(self._worker().run(until_idle=True))

        self._server.within(begin())

    def finish(self) -> None:
        """Open the gate; returns when everything is done."""

        async def finish() -> None:
            self._gate.set()
            await self._running

        self._server.within(finish())

    def _worker(self) -> Worker:
        async def greet(context: TaskContext) -> str:
            await self._gate.wait()
            return "hello"

        handlers = {"live.greet": Handler(name="live.greet", function=greet, mode=Mode.ASYNC)}
        return Worker(self._store, handlers, options=WorkerOptions(queues=("live",)))


@pytest.fixture
def work(house: House, server: Server) -> Work:
    return Work(house, server)


def live(page: Page) -> None:
    """Wait until the stream is open."""
    expect(page.locator("[data-live-button]")).to_have_attribute("data-state", "live")


def test_b08_a_task_appears_and_its_state_follows_without_a_reload(visit: Visit, work: Work) -> None:
    page = visit("ada").go("/tasks?queue=live")
    live(page)
    page.evaluate("window.__same = true")

    (task,) = work.put()
    row = page.locator(f'tr[data-id="{task}"]')
    expect(row).to_contain_text("queued", timeout=SOON)
    work.begin()
    expect(row).to_contain_text("running", timeout=SOON)
    work.finish()
    expect(row).to_contain_text("succeeded", timeout=SOON)

    assert page.evaluate("window.__same"), "the page was loaded again"


def test_b08_numbers_in_the_navigation_follow(visit: Visit, house: House, server: Server) -> None:
    page = visit("ada").go("/settings")
    live(page)
    count = page.locator(".unfolded [data-count]").first
    before = int(count.inner_text().replace(",", ""))

    async def fail() -> None:
        store = house.story.store
        await store.put([TaskSpec(name="live.fails", queue="fails", retry=RetryPolicy(max_attempts=1))])

        async def broken(context: TaskContext) -> None:
            raise ValueError("it is broken")

        handlers = {"live.fails": Handler(name="live.fails", function=broken, mode=Mode.ASYNC)}
        await Worker(store, handlers, options=WorkerOptions(queues=("fails",))).run(until_idle=True)

    server.within(fail())

    expect(count).to_have_text(str(before + 1), timeout=SOON)


def test_b09_ticks_focus_and_place_survive_and_new_rows_wait_to_be_asked_for(visit: Visit, work: Work) -> None:
    page = visit("ada", viewport={"width": 1200, "height": 600}).go("/tasks")
    live(page)
    box = page.locator("tbody input[name=target]").nth(4)
    link = page.locator("tbody tr").nth(6).locator("a").first
    ticked, focused = box.get_attribute("value"), link.get_attribute("href")
    box.check()
    link.focus()
    page.evaluate("scrollTo(0, 500)")
    place = page.evaluate("scrollY")

    ids = work.put(3, "elsewhere")
    pill = page.get_by_role("button", name="3 new, show")
    expect(pill).to_be_visible(timeout=SOON)

    assert page.locator(f'input[value="{ticked}"]').is_checked()
    assert focused == page.evaluate("document.activeElement.getAttribute('href')")
    assert place == page.evaluate("scrollY")
    assert 0 == page.locator(f'tr[data-id="{ids[0]}"]').count()
    pill.click()
    expect(page.locator(f'tr[data-id="{ids[0]}"]')).to_be_visible()
    assert page.locator(f'input[value="{ticked}"]').is_checked()


def test_b11_a_paused_page_stands_still_and_counts_what_it_missed(visit: Visit, work: Work) -> None:
    page = visit("ada").go("/tasks?queue=live")
    live(page)
    work.put(20)
    work.begin()
    expect(page.locator("tbody .badge", has_text="running").first).to_be_visible(timeout=SOON)
    page.keyboard.press("l")
    button = page.locator("[data-live-button]")
    expect(button).to_have_attribute("aria-pressed", "true")
    before = page.locator("main").inner_html()

    work.finish()

    expect(button).to_have_text("Paused (20 new)", timeout=SOON)
    words = re.compile(r"<time.*?</time>")  # "3 s ago" goes on
    assert words.sub("", before) == words.sub("", page.locator("main").inner_html())
    button.click()
    expect(page.locator("tbody .badge", has_text="running")).to_have_count(0, timeout=SOON)


@pytest.fixture
def fragile(house: House) -> Iterator[Server]:
    """A server of its own, to be taken away."""
    with served(house.dashboard) as running:
        yield running


def test_b10_a_server_that_goes_is_told_and_one_that_comes_back_is_live(visit: Visit, fragile: Server) -> None:
    visitor = visit("ada", address=fragile.address)
    visitor.expected = ("Failed to load resource", "ERR_")
    page = visitor.go("/tasks")
    live(page)

    fragile.stop()
    expect(page.locator("#offline")).to_contain_text("Offline since", timeout=5_000)

    fragile.start()
    live(page)
    expect(page.locator("#offline")).to_have_count(0)
    ids = page.locator("tbody tr[data-id]").evaluate_all("(rows) => rows.map((row) => row.dataset.id)")
    assert len(set(ids)) == len(ids) == 50


def test_a_stream_is_closed_when_the_page_goes(visit: Visit, server: Server, house: House) -> None:
    """Six streams of one reader are the most: pages that are left must not count."""
    visitor = visit("olga")

    for _ in range(8):
        live(visitor.go("/tasks"))
