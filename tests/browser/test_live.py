"""Live updates: a page follows the store, never goes back in time, and never shifts under its reader's hands."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from taskcore.errors import StoreUnavailable
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement, TaskRecord, TaskSpec
from taskcore.states import Event

from .conftest import Visit
from .house import House
from .serving import Server

WORKER, LEASE = WorkerId("web-1:4101"), timedelta(minutes=5)


class Hands:
    """Does to the house's tasks what producers and workers do."""

    def __init__(self, house: House, server: Server) -> None:
        self._store, self._server = house.story.store, server

    def put(self, name: str, count: int = 1) -> list[TaskId]:
        async def act() -> list[TaskId]:
            specs = [TaskSpec(name=name, queue="default") for _ in range(count)]
            return [receipt.task for receipt in await self._store.put(specs)]

        return self._server.within(act())

    def begin(self, task: TaskId) -> TaskRecord:
        async def act() -> TaskRecord | None:
            return await self._store.take(task, WORKER, LEASE)

        return self._server.within(act())  # type: ignore[return-value]

    def end(self, held: TaskRecord) -> bool:
        async def act() -> bool:
            return next(iter(await self._store.settle([Settlement(fence=held.fence, event=Event.SUCCEED)])))

        return bool(self._server.within(act()))


def test_b08_a_task_appears_and_goes_through_its_states(visit: Visit, house: House, server: Server) -> None:
    hands = Hands(house, server)
    page = visit("ada").go("/tasks?task=fresh")
    expect(page.get_by_role("button", name="Live")).to_be_visible()

    (task,) = hands.put("fresh")
    row = page.locator(f'tr[data-id="{task}"]')
    expect(row.locator(".badge")).to_have_text("queued", timeout=5_000)
    held = hands.begin(task)
    expect(row.locator(".badge")).to_have_text("running", timeout=5_000)
    assert hands.end(held)
    expect(row.locator(".badge")).to_have_text("succeeded", timeout=5_000)
    assert not hands.end(held)
    page.wait_for_timeout(2_500)  # longer than the page waits between two looks: it must not go back
    expect(row.locator(".badge")).to_have_text("succeeded")


def test_b09_what_the_reader_holds_stays_where_it_is(visit: Visit, house: House, server: Server) -> None:
    hands = Hands(house, server)
    first, second = hands.put("held", 2)
    page = visit("ada").go("/tasks?task=held")
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    box = page.locator(f'tr[data-id="{first}"] input[type=checkbox]')
    link = page.locator(f'tr[data-id="{second}"] a').first
    box.check()
    link.focus()

    hands.end(hands.begin(second))
    expect(page.locator(f'tr[data-id="{second}"] .badge')).to_have_text("succeeded", timeout=6_000)
    expect(box).to_be_checked()
    expect(link).to_be_focused()
    (third,) = hands.put("held")
    pill = page.get_by_role("button", name="1 new, show")
    expect(pill).to_be_visible(timeout=6_000)
    expect(page.locator(f'tr[data-id="{third}"]')).to_have_count(0)
    pill.click()
    expect(page.locator(f'tr[data-id="{third}"]')).to_be_visible()


def test_b11_a_paused_page_does_not_move(visit: Visit, house: House, server: Server) -> None:
    hands = Hands(house, server)
    page = visit("ada").go("/tasks?task=paused")
    button = page.locator("[data-live-button]")
    expect(button).to_have_attribute("data-state", "live")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")

    tasks = hands.put("paused", 20)
    for task in tasks:
        hands.end(hands.begin(task))

    expect(button).to_contain_text("20 new", timeout=6_000)
    expect(page.locator("tr[data-id]")).to_have_count(0)
    button.click()
    expect(page.locator("tr[data-id]")).to_have_count(20, timeout=6_000)


def test_b10_a_page_says_that_the_store_is_gone_and_comes_back(
    visit: Visit, house: House, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone() -> str:
        raise StoreUnavailable("gone")

    hands = Hands(house, server)
    page = visit("ada").go("/tasks?task=stored")
    button = page.locator("[data-live-button]")
    expect(button).to_have_attribute("data-state", "live")

    with monkeypatch.context() as patch:
        patch.setattr(house.source.changes, "revision", gone)
        expect(button).to_contain_text("No store since", timeout=30_000)
        expect(page.get_by_text("The store does not answer")).to_be_visible()
        (task,) = hands.put("stored")

    expect(button).to_have_attribute("data-state", "live", timeout=30_000)
    expect(page.get_by_text("The store does not answer")).to_have_count(0)
    expect(page.locator(f'tr[data-id="{task}"]')).to_have_count(1, timeout=30_000)


def test_b10_a_page_says_that_the_server_is_gone_and_comes_back(visit: Visit, house: House, server: Server) -> None:
    hands = Hands(house, server)
    visitor = visit("ada")
    visitor.expected = ("Failed to load resource", "ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY")
    page = visitor.go("/tasks?task=away")
    button = page.locator("[data-live-button]")
    expect(button).to_have_attribute("data-state", "live")

    server.stop()
    expect(button).to_have_attribute("data-state", re.compile("reconnecting|offline"), timeout=5_000)
    expect(page.get_by_text("Offline since").first).to_be_visible(timeout=10_000)
    server.start()
    (task,) = hands.put("away")

    expect(button).to_have_attribute("data-state", "live", timeout=20_000)
    expect(page.locator(f'tr[data-id="{task}"]')).to_have_count(1, timeout=6_000)
