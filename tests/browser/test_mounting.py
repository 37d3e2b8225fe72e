"""B38: the dashboard works under any prefix, its own or a proxy's."""

import re
from collections.abc import Iterable, Iterator

import pytest
from playwright.sync_api import Browser, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from .conftest import Visitor, log_in, open_browser
from .house import a_house
from .routes import routes
from .serving import served


def behind(app: ASGIApp, prefix: str) -> ASGIApp:
    """``app`` as a proxy shows it that takes ``prefix`` off and says so in ``root_path``."""

    async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            assert scope["path"].startswith(prefix), f"a link led out of the prefix: {scope['path']}"
            scope = {**scope, "root_path": prefix}
        await app(scope, receive, send)

    return proxied


def one_of_each(links: Iterable[str]) -> list[str]:
    """The first of those that differ in ids, numbers and times alone."""
    kinds = {re.sub(r"%[0-9A-F]{2}|[0-9a-f-]{12,}|\d+", "*", link): link for link in reversed(list(links))}
    return list(kinds.values())


@pytest.fixture(params=["mounted", "proxied"])
def address(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[str]:
    prefix = "/tasks/dashboard"
    app = a_house(prefix=prefix).dashboard if request.param == "mounted" else behind(a_house().dashboard, prefix)
    with served(app) as server:
        yield server.address + prefix


@pytest.fixture
def visitor(chromium: Browser, address: str) -> Iterator[Visitor]:
    opened = open_browser(chromium, address)
    opened.expected = ("404", "422", "401")  # the last is what a page hears that was live when one logged out
    log_in(opened, "ada")
    yield opened
    opened.check()
    opened.context.close()


@pytest.mark.timeout(300)
def test_b38_no_link_is_broken_and_none_leads_out(visitor: Visitor, address: str) -> None:
    root = "/" + address.split("/", 3)[3]
    seen: set[str] = set()
    for path in routes(visitor):
        text = visitor.context.request.get(visitor.address + path).text()
        seen |= set(re.findall(r'(?:href|src|action|formaction|data-live-button)="([^"#]+)', text))

    links = {link.replace("&amp;", "&") for link in seen}
    assert [] == [link for link in links if not link.startswith((root + "/", "?"))]
    pages = {
        link
        for link in links
        if link.startswith(root) and not any(word in link for word in ("/events", "/actions/", "nonsense"))
    }
    broken = {}
    for link in one_of_each(sorted(pages)):
        answer = visitor.context.request.get(address.removesuffix(root) + link)
        if answer.status not in (200, 405):  # forms lead to addresses that one only posts to
            broken[link] = answer.status
    assert {} == broken


def test_b38_a_page_is_live_and_acts_below_its_prefix(visitor: Visitor) -> None:
    page = visitor.go("/tasks?state=failed")
    expect(page.locator("[data-live-button]")).to_have_attribute("data-state", "live")
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Retry", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()

    expect(page.get_by_text("1 task retried.")).to_be_visible()
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(visitor.address + "/login")
