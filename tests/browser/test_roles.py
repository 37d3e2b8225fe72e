"""What a page offers and what the server takes are the same, for each role; and what no list can show is refused."""

import pytest
from playwright.sync_api import expect
from taskcore.ui.models import Action

from .conftest import Visit, Visitor
from .house import PEOPLE

MAY = {
    "ada": {"Retry", "Delete", "Pause", "Purge"},
    "olga": {"Retry", "Pause"},
    "vic": set(),
}
"""Who can press which buttons, on a failed task and on the list of queues."""


@pytest.mark.parametrize("name", PEOPLE)
def test_b05_a_role_is_offered_what_the_server_lets_it_do(visit: Visit, name: str) -> None:
    visitor = visit(name)
    task = failed_task(visitor)

    offered = buttons(visitor, f"/tasks/{task}") | buttons(visitor, "/queues")

    assert MAY[name] == offered & {"Retry", "Delete", "Pause", "Purge"}
    for action, target, button in (
        (Action.RETRY, task, "Retry"),
        (Action.DELETE, task, "Delete"),
        (Action.PAUSE_QUEUE, "billing", "Pause"),
        (Action.PURGE_QUEUE, "billing", "Purge"),
    ):
        answer = visitor.context.request.post(f"{visitor.address}/actions/{action}", form={"target": target})
        assert (200 if button in MAY[name] else 403) == answer.status, (name, action)  # 200 asks, and does nothing yet


@pytest.mark.parametrize("query", ["limit=100000", "limit=-1", "cursor=garbage"])
def test_b16_what_no_list_can_show_is_refused_on_a_page_that_says_so(visit: Visit, query: str) -> None:
    visitor = visit("ada")
    visitor.expected = ("422",)

    with visitor.page.expect_response(f"**/tasks?{query}") as answered:
        page = visitor.go(f"/tasks?{query}")

    assert 422 == answered.value.status
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_role("navigation").first).to_be_visible()


def failed_task(visitor: Visitor) -> str:
    url = f"{visitor.address}/tasks?state=failed&queue=billing"
    rows = visitor.context.request.get(url, headers={"Accept": "application/json"}).json()["page"]["rows"]
    return str(rows[0]["id"])


def buttons(visitor: Visitor, path: str) -> set[str]:
    """Those that can be pressed; others are shown and tell what one would need."""
    page = visitor.go(path)
    return set(page.locator("main").locator("button:enabled, a.button").all_inner_texts())
