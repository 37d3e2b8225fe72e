"""Lists: their state stands in the address, pages have no holes, and a search says what it does not understand."""

import re

from playwright.sync_api import Page, expect
from taskcore.models import TaskSpec

from .conftest import Visit
from .house import House
from .serving import Server


def ids(page: Page) -> list[str]:
    """The ids of the rows that are shown."""
    return list(page.eval_on_selector_all("tr[data-id]", "rows => rows.map(row => row.dataset.id)"))


def test_b12_a_filter_is_in_the_address_and_back_undoes_it(visit: Visit) -> None:
    visitor = visit("ada")
    page = visitor.go("/tasks")
    everything = ids(page)

    page.get_by_role("checkbox", name="failed").check()
    page.wait_for_url(re.compile(r"state=failed"))
    page.get_by_label("Queue", exact=True).select_option("billing")
    page.wait_for_url(re.compile(r"queue=billing"))
    filtered, address = ids(page), page.url

    assert filtered
    assert filtered != everything
    assert "q=" not in address
    assert "since=" not in address
    page.reload()
    assert filtered == ids(page)
    page.go_back()
    expect(page).not_to_have_url(re.compile("queue="))
    assert len(ids(page)) > len(filtered)

    other = visit("vic")
    other.go(address.removeprefix(other.address))
    assert filtered == ids(other.page)
    other.page.get_by_role("link", name=re.compile("queue: billing")).click()
    expect(other.page).not_to_have_url(re.compile("queue="))


def test_b12b_leaving_the_search_field_changes_nothing(visit: Visit) -> None:
    page = visit("ada").go("/tasks?limit=25")
    shown = ids(page)

    page.get_by_label("Search", exact=True).fill("reports")
    page.get_by_label("Search", exact=True).blur()
    page.wait_for_timeout(400)  # nothing is to happen: there is no fact to wait for

    assert shown == ids(page)
    page.get_by_label("Search", exact=True).press("Enter")
    page.wait_for_url(re.compile("q=reports"))
    assert set(ids(page)) != set(shown)


def test_b13_a_search_says_what_it_does_not_understand(visit: Visit) -> None:
    visitor = visit("ada")
    visitor.expected = ("422",)
    page = visitor.go("/tasks")

    page.get_by_label("Search", exact=True).fill('quue:email error:"timed out"')
    page.get_by_label("Search", exact=True).press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("Unknown filter ‘quue’. Did you mean ‘queue’?")
    expect(page.get_by_label("Search", exact=True)).to_have_value('quue:email error:"timed out"')
    page.get_by_label("Search", exact=True).fill("queue:email state:succeeded task:nothing")
    page.get_by_label("Search", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="No tasks match 1 filter")).to_be_visible()
    page.get_by_role("link", name="Clear all filters").click()
    expect(page.locator("tr[data-id]").first).to_be_visible()


def test_b14_pages_have_no_holes_while_tasks_arrive(visit: Visit, house: House, server: Server) -> None:
    async def put(count: int) -> None:
        await house.story.store.put([TaskSpec(name="many", queue="default") for _ in range(count)])

    server.within(put(400))
    page = visit("ada").go("/tasks?task=many&limit=100")
    begun = ids(page)
    seen = list(begun)
    while page.get_by_role("link", name="Older").count():
        server.within(put(3))
        page.get_by_role("link", name="Older").click()
        page.wait_for_function("first => document.querySelector('tr[data-id]').dataset.id !== first", arg=seen[-100])
        seen += ids(page)
        assert len(seen) <= 400

    assert 400 == len(set(seen)) == len(seen)
    while page.get_by_role("link", name="Newer").count() and begun[0] not in ids(page):
        before = ids(page)[0]
        page.get_by_role("link", name="Newer").click()
        page.wait_for_function("first => document.querySelector('tr[data-id]').dataset.id !== first", arg=before)
    assert begun[0] in ids(page)


def test_b33_failures_are_grouped_and_replayed_together(visit: Visit, house: House) -> None:
    page = visit("ada").go("/dead")
    row = page.locator("tr[data-id]").first
    newest = row.locator("td[data-label=Newest] a").first
    task = str(newest.get_attribute("href")).rsplit("/", 1)[-1]

    row.get_by_role("link", name=re.compile("^Replay")).click()
    page.get_by_role("button", name=re.compile("Retry")).click()

    expect(page.get_by_role("status").filter(has_text="retried")).to_be_visible()
    page.goto(page.url.replace("/dead", f"/tasks/{task}"))
    expect(page.locator("#task-state .badge").first).to_have_text(re.compile("retrying|queued"))
