"""B03: whatever text tasks, queues, users and logs hold, it stays text."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from taskcore.testing.dashboard import HOSTILE

from .conftest import Visit
from .house import House, a_house
from .routes import routes
from .serving import Server, served


@pytest.fixture(scope="module")
def house() -> House:
    return a_house(hostile=True)


@pytest.fixture(scope="module")
def server(house: House, chromium: Browser) -> Iterator[Server]:
    with served(house.dashboard) as running:
        yield running


@pytest.mark.timeout(300)
def test_b03_hostile_text_is_shown_and_never_run(visit: Visit) -> None:
    visitor = visit("ada")
    visitor.expected = ("404", "422")
    visitor.page.on("dialog", lambda dialog: visitor.troubles.append(f"dialog {dialog.message}"))
    listed = visitor.context.request.get(
        f"{visitor.address}/tasks?limit=200", headers={"Accept": "application/json"}
    ).json()["page"]["rows"]
    names = {row["name"]: row["id"] for row in listed}
    evil = [names[name] for name in names if any(text in name for text in HOSTILE)]
    assert evil, "the sample has no hostile tasks"
    seen: set[str] = set()

    for path in [*routes(visitor), *(f"/tasks/{task}" for task in evil)]:
        page = visitor.go(path)
        assert page.evaluate("window.__xss === undefined"), path
        text = page.locator("body").inner_text()
        seen.update(each for each in HOSTILE if each in text)
        assert "49" != page.evaluate("document.title"), path

    assert any("<script>" in each for each in seen), "no page showed the text as it is"
    assert any("{{" in each for each in seen)


def test_b03_hostile_users_and_keys_are_shown_and_never_run(visit: Visit) -> None:
    visitor = visit("ada")
    name = '"><img src=x onerror=window.__xss=1>'
    page = visitor.go("/users/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("First password").fill("correct horse")
    page.get_by_role("button", name="Create").click()
    assert name in page.locator("h1").inner_text()

    for path in ("/users", "/audit", "/keys"):
        assert visitor.go(path).evaluate("window.__xss === undefined"), path
