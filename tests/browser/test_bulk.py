"""B15: what is done to many tasks at once is asked with numbers first, and noted once."""

import re

from playwright.sync_api import expect
from taskcore.models import TaskSpec

from .conftest import Visit
from .house import House
from .serving import Server
from .test_lists import ids


def put(house: House, server: Server, name: str, count: int) -> None:
    async def act() -> None:
        await house.story.store.put([TaskSpec(name=name, queue="default") for _ in range(count)])

    server.within(act())


def test_b15_a_selected_page_is_deleted_after_its_number_was_typed(visit: Visit, house: House, server: Server) -> None:
    put(house, server, "unwanted", 30)
    visitor = visit("ada")
    page = visitor.go("/tasks?task=unwanted&limit=25")
    page.get_by_role("checkbox", name="Select the page").check()
    bar = page.get_by_role("region", name="Bulk actions")
    expect(bar).to_contain_text("25 selected")

    bar.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).click()

    expect(page.get_by_role("status").filter(has_text="25 tasks cancelled")).to_be_visible()
    expect(page.locator("tr[data-id] .badge").first).to_have_text("cancelled")
    audit = visitor.context.request.get(f"{visitor.address}/audit", headers={"Accept": "application/json"}).text()
    assert 1 == audit.count("task.cancel")


def test_b15_all_that_match_are_counted_and_done_together(visit: Visit, house: House, server: Server) -> None:
    put(house, server, "crowd", 130)
    visitor = visit("ada")
    visitor.expected = ("422",)
    page = visitor.go("/tasks?queue=default&state=queued&limit=25")
    page.locator(".all-matching").get_by_role("link", name="Cancel").click()
    word = page.get_by_label(re.compile("^Type"))
    expect(word).to_be_visible()
    word.fill("12")
    page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text(re.compile(r"Type [\d,]+ to go on")).first).to_be_visible()
    number = re.findall(r"[\d,]+", page.locator("h1").inner_text())[0]
    assert 130 <= int(number.replace(",", ""))
    page.get_by_label(f"Type {number} to go on").fill(number)
    page.get_by_role("button", name="Cancel", exact=True).click()

    expect(page.get_by_role("status").filter(has_text="cancelled")).to_be_visible()
    page.reload()
    assert [] == ids(page)
