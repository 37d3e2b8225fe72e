"""Who gets in, and what a page of another site can do: nothing."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .house import PASSWORD
from .routes import routes


def test_b04_nobody_sees_a_page_a_fragment_or_the_stream_without_logging_in(visit: Visit) -> None:
    inside, outside = visit("ada"), visit()
    task = inside.context.request.get(f"{inside.address}/tasks", headers={"Accept": "application/json"}).json()
    ids = [row["id"] for row in task["page"]["rows"]]
    paths = [path for path in routes(inside) if not path.startswith("/login")]
    others = ["/events", "/tasks/export.csv", "/tasks/export.json", "/series"]
    kinds = [{}, {"Accept": "application/json"}, {"HX-Target": "section#tasks-rows"}]

    for path in [*paths, *others]:
        for headers in kinds:
            answer = outside.context.request.get(outside.address + path, headers=headers, max_redirects=0)
            assert answer.status in (303, 401, 404), (path, headers, answer.status)
            told = answer.text() + answer.headers.get("location", "")
            assert not any(each in told for each in ids if each not in path), path
            if answer.status == 404:  # the same as for a page that there is not: only paths that do not exist
                assert path in [*others, "/nothing-here"], path


def test_b07_a_wrong_password_is_told_and_a_right_one_leads_back(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("401",)
    page = visitor.go("/tasks?state=failed")
    assert page.url.endswith("/login?next=/tasks%3Fstate%3Dfailed")

    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("wrong horse")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    assert "ada" == page.get_by_label("Name").input_value()

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(visitor.address + "/tasks?state=failed")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_b07_the_sixth_wrong_password_has_to_wait(visit: Visit) -> None:
    visitor = visit()
    form: dict[str, str | float | bool] = {"name": "mallory", "password": "guess"}

    answers = [visitor.context.request.post(f"{visitor.address}/login", form=form) for _ in range(6)]

    assert [401] * 5 + [429] == [answer.status for answer in answers]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_b07_a_session_that_ends_elsewhere_asks_to_log_in_and_keeps_the_address(visit: Visit) -> None:
    visitor = visit("olga")
    visitor.expected = ("401",)
    page = visitor.go("/tasks?state=failed")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Live").wait_for()
    here = page.url.removeprefix(visitor.address)
    visitor.context.clear_cookies()

    page.get_by_role("link", name="Retry", exact=True).click()

    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your session has ended")
    assert f"/login?next={quote(here, safe='')}" == dialog.get_by_role("link", name="Log in").get_attribute("href")
    expect(page).to_have_url(visitor.address + here)


def test_b06_a_form_of_another_site_does_nothing(visit: Visit) -> None:
    visitor = visit("ada")
    visitor.expected = ("403",)
    page = visitor.go("/tasks")
    form = f'<form method="post" action="{visitor.address}/logout"><button>Win a prize</button></form>'
    page.route("https://evil.example/**", lambda route: route.fulfill(body=form, content_type="text/html"))
    visitor.expected = ("403", "evil.example")
    page.goto("https://evil.example/prize")

    with page.expect_navigation():
        page.get_by_role("button").click()

    assert "You may not do that" in page.content() or "chrome-error" in page.url
    assert 200 == visitor.context.request.get(f"{visitor.address}/settings").status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_b06_looking_changes_nothing(visit: Visit, method: str) -> None:
    visitor = visit("ada")

    def counts() -> object:
        found = visitor.context.request.get(f"{visitor.address}/queues", headers={"Accept": "application/json"}).json()
        return [(row["name"], row["paused"], sum(row["counts"].values())) for row in found["queues"]]

    before = counts()
    for path in routes(visitor):
        visitor.context.request.fetch(visitor.address + path, method=method)

    assert before == counts()
    assert 405 == visitor.context.request.fetch(f"{visitor.address}/logout", method=method).status
