"""What a stream of changes costs and what it must not disturb, beside what ``test_live`` shows of lists."""

from playwright.sync_api import Page, expect
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.worker import Worker
from taskcore.ids import TaskId
from taskcore.models import TaskSpec
from taskcore.retry import RetryPolicy

from .conftest import Visit
from .house import House
from .serving import Server

SOON = 6_000
"""Milliseconds: a second until somebody asks, two between two looks, and a busy machine."""


def live(page: Page) -> None:
    """Wait until the stream is open."""
    expect(page.locator("[data-live-button]")).to_have_attribute("data-state", "live")


async def put(house: House, count: int, **order: object) -> list[TaskId]:
    specs = [TaskSpec(name="streams.greet", **order) for _ in range(count)]  # type: ignore[arg-type]
    return [receipt.task for receipt in await house.story.store.put(specs)]


async def fail(house: House) -> None:
    """One task fails for good."""
    await put(house, 1, queue="fails", retry=RetryPolicy(max_attempts=1))

    async def broken(context: TaskContext) -> None:
        raise ValueError("it is broken")

    handlers = {"streams.greet": Handler(name="streams.greet", function=broken, mode=Mode.ASYNC)}
    await Worker(house.story.store, handlers, options=WorkerOptions(queues=("fails",))).run(until_idle=True)


def test_numbers_in_the_navigation_follow_on_every_page(visit: Visit, house: House, server: Server) -> None:
    page = visit("ada").go("/settings")
    live(page)
    count = page.locator(".unfolded [data-count]").first
    before = int(count.inner_text().replace(",", ""))

    server.within(fail(house))

    expect(count).to_have_text(str(before + 1), timeout=SOON)


def test_ticks_focus_and_place_survive_new_rows_before_and_after_they_are_shown(
    visit: Visit, house: House, server: Server
) -> None:
    page = visit("ada", viewport={"width": 1200, "height": 600}).go("/tasks")
    live(page)
    box = page.locator("tbody input[name=target]").nth(4)
    link = page.locator("tbody tr").nth(6).locator("a").first
    ticked, focused = box.get_attribute("value"), link.get_attribute("href")
    box.check()
    link.focus()
    page.evaluate("scrollTo(0, 500)")
    place = page.evaluate("scrollY")

    ids = server.within(put(house, 3))
    pill = page.get_by_role("button", name="3 new, show")
    expect(pill).to_be_visible(timeout=SOON)

    assert focused == page.evaluate("document.activeElement.getAttribute('href')")
    assert place == page.evaluate("scrollY")
    pill.click()
    expect(page.locator(f'tr[data-id="{ids[0]}"]')).to_be_visible()
    assert page.locator(f'input[value="{ticked}"]').is_checked()


def test_pages_that_were_left_hold_no_stream(visit: Visit) -> None:
    """Six streams of one reader are the most."""
    visitor = visit("olga")

    for _ in range(8):
        live(visitor.go("/tasks"))
