"""B22: a browser without scripts does everything that one with scripts does."""

from playwright.sync_api import expect

from .conftest import Visit
from .house import PASSWORD


def test_b22_log_in_list_filter_page_open_retry_pause_and_log_out(visit: Visit) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.go("/tasks")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(visitor.address + "/tasks")

    page.locator('input[name="state"][value="failed"]').check()
    page.get_by_role("button", name="Apply").click()
    rows = page.locator("tbody tr")
    assert {"failed"} == set(rows.locator(".badge").all_inner_texts())

    visitor.go("/tasks?limit=25")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newer")).to_be_visible()

    visitor.go("/tasks?state=failed")
    rows.first.locator("a").first.click()
    page.get_by_role("link", name="Retry", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Retry task")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("1 task retried.")).to_be_visible()

    visitor.go("/queues")
    page.get_by_role("link", name="Pause").first.click()
    page.get_by_label("Reason").fill("the warehouse moves house")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("1 queue paused.")).to_be_visible()

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(visitor.address + "/login")
    visitor.go("/tasks")
    assert "/login" in page.url


def test_b22_rows_are_selected_and_retried_together(visit: Visit) -> None:
    visitor = visit("ada", java_script_enabled=False)
    page = visitor.go("/tasks?state=failed")
    for at in range(3):
        page.locator("tbody input[name=target]").nth(at).check()

    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Retry 3 tasks?")
    page.get_by_role("button", name="Retry").click()

    expect(page.get_by_text("3 tasks retried.")).to_be_visible()


def test_what_needs_scripts_is_not_there_without_them(visit: Visit) -> None:
    page = visit("ada", java_script_enabled=False).go("/tasks")

    assert 0 == page.locator("[data-copy]:visible").count()
    expect(page.locator("[data-live-button]")).to_be_disabled()
    expect(page.locator("[data-live-button]")).to_have_text("Reload to refresh")
