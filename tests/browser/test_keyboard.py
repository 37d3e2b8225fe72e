"""Everything can be done without a mouse, and nothing is done by accident."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit, Visitor


def tab_to(page: Page, name: str, *, limit: int = 200) -> None:
    """Press Tab until the focus is on what is called ``name``."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
            return
    raise AssertionError(f"Tab never comes to {name!r}")


def focused(page: Page) -> str:
    text: str = page.evaluate("document.activeElement.textContent.trim()")
    return text


def test_b17_from_the_start_to_a_retry_by_tab_and_enter(visit: Visit) -> None:
    page = visit("ada").go("/")
    tab_to(page, "Tasks")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Tasks · sample · production")
    page.goto(page.url + "?state=failed")
    tab_to(page, page.locator("tbody a").first.inner_text())
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*")
    tab_to(page, "Retry")

    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert "Keep it as it is" == focused(page), "the harmless answer comes first"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert "Retry" == focused(page), "the focus goes back to where it was"

    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 task retried")).to_be_visible()


def test_b17_from_the_start_to_a_retry_by_shortcuts(visit: Visit) -> None:
    page = visit("ada").go("/")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/tasks")
    page.wait_for_selector("html[data-js]")
    page.keyboard.press("/")
    page.keyboard.type("state:failed")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=state*")
    page.wait_for_selector("html[data-js]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("o")
    page.wait_for_url("**/tasks/*")
    page.wait_for_selector("html[data-js]")
    page.keyboard.press("r")

    page.get_by_role("dialog").get_by_role("button", name="Retry").press("Enter")

    expect(page.get_by_role("status").filter(has_text="1 task retried")).to_be_visible()


def nothing_happened(visitor: Visitor, path: str) -> None:
    page = visitor.page
    assert path == page.url.removeprefix(visitor.address)
    assert 0 == page.locator("dialog[open]").count()
    expect(page.locator("[data-live-button]")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("keys", [["?"], ["l"], ["g", "t"], ["Control+l"], ["Alt+l"], ["Meta+?"]])
def test_b18_keys_do_nothing_while_one_types_or_holds_a_modifier(visit: Visit, keys: list[str]) -> None:
    visitor = visit("ada")
    page = visitor.go("/settings")
    if "+" not in keys[0]:
        page.locator("#search").focus()

    for key in keys:
        page.keyboard.press(key)

    nothing_happened(visitor, "/settings")


def test_b18_shortcuts_can_be_turned_off(visit: Visit) -> None:
    visitor = visit("ada")
    page = visitor.go("/settings")
    page.get_by_role("group", name="Keyboard shortcuts").get_by_label("Off").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()

    for key in ("?", "l", "g", "t"):
        page.keyboard.press(key)

    nothing_happened(visitor, "/settings")


def test_b19_a_dialog_holds_the_focus_and_escape_closes_it(visit: Visit) -> None:
    page = visit("ada").go("/queues")
    opener = page.get_by_role("link", name="Pause").first
    opener.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()

    for _ in range(12):
        page.keyboard.press("Tab")
        inside = page.evaluate("document.activeElement.matches('body, dialog[open] *')")
        assert inside, "Tab left the dialog for the page behind it"
    page.keyboard.press("Escape")

    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_the_help_lists_what_the_keys_do(visit: Visit) -> None:
    page = visit("ada").go("/")
    page.keyboard.press("?")

    help_ = page.get_by_role("dialog", name="Keyboard shortcuts")

    expect(help_).to_be_visible()
    listed = help_.locator("[data-keys]").evaluate_all("(rows) => rows.map((row) => row.dataset.keys)")
    assert {"?", "/", "l", "t", "j", "k", "x", "r", "c", "g o", "g t", "g s", "g q", "g w", "g d"} <= set(listed)
    assert len(set(listed)) == len(listed)


def test_rows_are_selected_and_a_range_with_shift(visit: Visit) -> None:
    page = visit("ada").go("/tasks")
    for key in ("j", "j", "x", "j", "j", "X"):
        page.keyboard.press(key)

    expect(page.locator("[data-selected]").first).to_have_text("3")
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
