"""Before anything is done somebody is asked, who may do it, and afterwards it is written down."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.states import Phase
from taskcore.testing.dashboard import sample_source
from taskcore.ui import Dashboard
from taskcore.ui.deeds import DEEDS
from taskcore.ui.models import NEEDS, Action
from taskcore.ui.models.tasks import TaskFilter, TaskRow
from taskcore.ui.source import DashboardSource

from .conftest import PASSWORD, House, run

JSON = {"Accept": "application/json"}
BILLING = Grant(frozenset({Verb.VIEW, Verb.RETRY}), Kind.QUEUE, "billing")


@pytest.fixture
def source() -> DashboardSource:
    return run(sample_source())


@pytest.fixture
def dashboard(house: House, source: DashboardSource) -> Dashboard:
    return Dashboard(source, access=house.access)


@pytest.fixture
def ada(house: House, dashboard: Dashboard) -> Iterator[TestClient]:
    house.user("ada", "admin")
    yield from entered(dashboard, "ada")


def entered(dashboard: Dashboard, name: str) -> Iterator[TestClient]:
    with TestClient(dashboard, follow_redirects=False) as client:
        assert 303 == client.post("/login", data={"name": name, "password": PASSWORD}).status_code
        yield client


def failed(source: DashboardSource, *, queue: str | None = None) -> list[TaskRow]:
    assert source.tasks is not None
    wanted = TaskFilter(phases=frozenset({Phase.FAILED}), queues=frozenset({queue} if queue else ()))
    return list(run(source.tasks.list(wanted)).rows)


def phase(source: DashboardSource, task: str) -> Phase:
    assert source.tasks is not None
    detail = run(source.tasks.get(task))
    assert detail is not None
    return detail.row.phase


def test_every_action_has_its_words_and_its_permission() -> None:
    assert set(Action) == set(DEEDS) == set(NEEDS)


def test_asking_does_nothing(ada: TestClient, source: DashboardSource) -> None:
    task = failed(source)[0].id

    asked = ada.get("/actions/retry", params={"target": task})
    unconfirmed = ada.post("/actions/retry", data={"target": task})

    assert (200, 200) == (asked.status_code, unconfirmed.status_code)
    assert "Retry task" in asked.text
    assert Phase.FAILED is phase(source, task)


def test_what_was_confirmed_is_done_told_and_written_down(
    ada: TestClient, source: DashboardSource, house: House
) -> None:
    task = failed(source)[0].id

    answer = ada.post("/actions/retry", data={"target": task, "confirmed": "yes", "next": "/tasks?state=failed"})
    page = ada.get("/tasks?state=failed")

    assert (303, "/tasks?state=failed") == (answer.status_code, answer.headers["Location"])
    assert "1 task retried." in page.text
    assert "1 task retried." not in ada.get("/tasks?state=failed").text, "it is said once"
    assert phase(source, task) in (Phase.QUEUED, Phase.RETRYING)
    (entry, *_) = run(house.accounts.entries(SYSTEM, AuditQuery(action="task.retry")))
    assert (f"task:{task}", "session") == (entry.target, entry.via)
    assert entry.detail.startswith("1 done, 0 left out")


def test_a_task_tells_what_happened_to_it_and_who_did_what(ada: TestClient, source: DashboardSource) -> None:
    task = failed(source, queue="email")[0].id
    ada.post("/actions/retry", data={"target": task, "confirmed": "yes"})

    events = ada.get(f"/tasks/{task}?tab=events", headers=JSON).json()["events"]
    page = ada.get(f"/tasks/{task}?tab=events").text

    said = [(event["what"], event["by"]) for event in events]
    of_itself = [what for what, _ in said if not what.startswith("task.")]  # the accounts' clock stands elsewhere
    assert ("task.retry", "ada") in said
    assert ["put", "attempt 1 began", "attempt 1 failed, to be tried again"] == of_itself[:3]
    assert "attempt 3 failed" == of_itself[-1]
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert "task.retry" in page


def test_a_program_learns_what_became_of_each(ada: TestClient, source: DashboardSource) -> None:
    tasks = [row.id for row in failed(source)[:2]]
    ada.post("/actions/retry", data={"target": tasks[0], "confirmed": "yes"})

    answer = ada.post("/actions/retry", data={"target": tasks, "confirmed": "yes"}, headers=JSON)

    assert 200 == answer.status_code
    assert 1 == answer.json()["done"]
    assert [tasks[0]] == list(answer.json()["skipped"])


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_what_was_done_never_leads_to_another_site(ada: TestClient, source: DashboardSource, elsewhere: str) -> None:
    order = {"target": failed(source)[0].id, "confirmed": "yes", "next": elsewhere}

    assert "/" == ada.post("/actions/retry", data=order).headers["Location"]


def test_what_destroys_wants_a_word(ada: TestClient, source: DashboardSource) -> None:
    task = failed(source)[0].id

    without = ada.post("/actions/delete", data={"target": task, "confirmed": "yes"})
    wrong = ada.post("/actions/delete", data={"target": task, "confirmed": "yes", "typed": "yes"})
    right = ada.post("/actions/delete", data={"target": task, "confirmed": "yes", "typed": "delete"})

    assert [422, 422, 303] == [each.status_code for each in (without, wrong, right)]
    assert "Type delete to go on" in wrong.text


def test_many_want_their_number(ada: TestClient, source: DashboardSource) -> None:
    everything = {"matching": "state=succeeded", "confirmed": "yes"}
    asked = ada.get("/actions/retry", params=everything)
    number = re.search(r"Type (\d+) to go on", asked.text)
    assert number, "the sample day has more than 100 of them"

    refused = ada.post("/actions/retry", data=everything)
    done = ada.post("/actions/retry", data={**everything, "typed": number[1]}, headers=JSON)

    assert 422 == refused.status_code
    assert int(number[1]) == done.json()["done"]


def test_the_preview_counts_what_will_be_left_out(ada: TestClient) -> None:
    asked = ada.get("/actions/cancel", params={"matching": ""}, headers=JSON).json()

    assert asked["phases"]["succeeded"] > 0
    waiting = sum(asked["phases"].get(each, 0) for each in ("queued", "scheduled", "retrying", "running"))
    assert waiting == asked["fitting"] < asked["count"]


def test_an_answer_that_does_not_do_is_told_beside_its_field(ada: TestClient) -> None:
    order = {"target": "billing", "confirmed": "yes", "option.concurrency": "0"}

    page = ada.post("/actions/limit-queue", data=order)

    assert 422 == page.status_code
    assert "Limit queue billing?" in page.text
    assert re.search(r'value="0"[^>]*aria-describedby="[^"]*e-option.concurrency"[^>]*aria-invalid="true"', page.text)
    assert "must be a number from 1 to 1,000,000" in page.text


def test_pausing_a_queue_needs_a_reason(ada: TestClient, source: DashboardSource) -> None:
    order = {"target": "billing", "confirmed": "yes"}

    without = ada.post("/actions/pause-queue", data=order)
    with_ = ada.post("/actions/pause-queue", data={**order, "option.reason": "the bank is closed"})

    assert [422, 303] == [without.status_code, with_.status_code]
    assert "Reason is needed" in without.text
    assert source.queues is not None
    (billing,) = [row for row in run(source.queues.list()) if row.name == "billing"]
    assert (True, "the bank is closed", "ada") == (billing.paused, billing.reason, billing.paused_by)


WEBHOOK = "msg_01930000-0000-7000-8000-000000000010"
UNKNOWN = ["task", "-", "0" * 36, "../../etc/passwd", "x" * 5_000, "<script>"]


@pytest.mark.parametrize("target", UNKNOWN)
def test_what_is_not_there_is_404(ada: TestClient, target: str) -> None:
    order = {"target": target, "confirmed": "yes"}

    assert 404 == ada.post("/actions/retry", data=order).status_code


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"confirmed": "yes"}, 422),
        ({"confirmed": "yes", "target": ["x"] * 1_001}, 422),
        ({"confirmed": "yes", "matching": "q=nonsense:1"}, 422),
        ({"confirmed": "yes", "matching": "state=nothing"}, 422),
    ],
)
def test_an_order_that_names_nothing_sensible_is_422(
    ada: TestClient, order: dict[str, str | list[str]], status: int
) -> None:
    assert status == ada.post("/actions/retry", data=order).status_code


@pytest.mark.parametrize("action", ["explode", "retry%2f..", "RETRY"])
def test_an_unknown_action_is_404(ada: TestClient, action: str) -> None:
    assert 404 == ada.post(f"/actions/{action}", data={"target": "x", "confirmed": "yes"}).status_code


OWN: dict[str, set[str]] = {
    "viewer": set(),
    "operator": {"retry", "cancel", "pause", "enqueue"},
    "admin": {verb.value for verb in Verb},
}


@pytest.mark.parametrize("role", OWN)
def test_b05_each_role_may_do_what_it_brings_and_nothing_else(
    house: House, dashboard: Dashboard, source: DashboardSource, role: str
) -> None:
    house.user("pat", role)
    targets = {"task": failed(source)[0].id, "queue": "billing", "schedule": "heartbeat", "run": "run-live"}
    targets |= {"webhook": WEBHOOK, "endpoint": "https://legacy.example.com/notify", "secret": "1"}
    visitor = next(entered(dashboard, "pat"))

    page = visitor.get(f"/tasks/{targets['task']}").text
    for action in sorted(source.actions):
        target = targets.get(DEEDS[action].noun, "batch-3:77")
        verb = NEEDS[action]
        asked = visitor.get(f"/actions/{action}", params={"target": target})
        posted = visitor.post(f"/actions/{action}", data={"target": target, "confirmed": "yes"})
        if verb in OWN[role]:
            assert 200 == asked.status_code, action
            assert posted.status_code in (303, 422), action
        else:
            assert (403, 403) == (asked.status_code, posted.status_code), action
    assert ("/actions/retry?" in page) is ("retry" in OWN[role])
    assert ("/actions/delete?" in page) is ("delete" in OWN[role])


def test_b05_a_grant_for_one_queue_reaches_no_other(
    house: House, dashboard: Dashboard, source: DashboardSource
) -> None:
    house.user("bill", "viewer", (BILLING,))
    mine, other = failed(source, queue="billing")[0].id, failed(source, queue="email")[0].id
    visitor = next(entered(dashboard, "bill"))

    def retry(**order: object) -> int:
        return visitor.post("/actions/retry", data={"confirmed": "yes", **order}).status_code

    assert 403 == retry(target=other)
    assert 403 == retry(target=[mine, other]), "one that is not allowed stops all"
    assert Phase.FAILED is phase(source, mine)
    before = {row.id for row in failed(source)}
    assert 303 == retry(matching="state=failed")
    assert {row.id for row in failed(source)} == {row.id for row in failed(source) if row.queue != "billing"}
    assert before - {row.id for row in failed(source)}
