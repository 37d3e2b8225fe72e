"""What a secret may hide in: every word that a source tells is looked at before it is shown."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.errors import StoreUnavailable
from taskcore.models import TaskError
from taskcore.states import Phase
from taskcore.testing import FakeClock
from taskcore.testing.dashboard import sample_source
from taskcore.ui import Dashboard
from taskcore.ui.export import cell
from taskcore.ui.models import Action, ActionResult, Counts, FailureGroup, Handler, LogRow, Order
from taskcore.ui.models.tasks import AttemptRow, TaskDetail, TaskFilter, TaskPage, TaskRow
from taskcore.ui.source import DashboardSource
from taskcore.ui.words import progress
from taskcore.web.access import Access

from .conftest import PASSWORD, House, run
from .looking import ByName, visitor

NOW = datetime(2027, 1, 1, tzinfo=UTC)
SECRET = "hunter"
URL = f"redis://:{SECRET}@h/0"
ERROR = TaskError("LoginFailed", f"login failed: password={SECRET}!", f"at {URL}")
ROW = TaskRow(
    id="task-000001",
    name="mail.send",
    phase=Phase.FAILED,
    created_at=NOW,
    args={"headers": [["Authorization", SECRET]], "env": [{"name": "DB_PASSWORD", "value": SECRET}], "raw": URL},
    error=ERROR,
    wait_reason=f"no free slot of key {URL}",
    progress_note=f"token={SECRET}",
)
DETAIL = TaskDetail(
    row=ROW,
    has_result=True,
    result={"api_key": SECRET},
    idempotency_key=f"token={SECRET}",
    facts={"Session token": SECRET, "Concurrency key": URL},
    related=(("run", "pipelines/runs/1", f"run of {URL}"),),
)


class Tasks:
    """One task that is full of secrets."""

    async def counts(self) -> Counts:
        return Counts(by_queue={"default": {"failed": 1}}, counted_at=NOW)

    async def list(self, wanted: TaskFilter) -> TaskPage:
        return TaskPage(rows=(ROW,), total=1, total_exact=True)

    async def get(self, task: str) -> TaskDetail | None:
        return DETAIL

    async def logs(self, task: str, limit: int) -> Sequence[object]:
        return []

    async def failures(self, wanted: TaskFilter, limit: int) -> Sequence[FailureGroup]:
        group = FailureGroup(
            name=ROW.name,
            error_type=ERROR.type,
            message=ERROR.message,
            fingerprint="abc",
            count=20,
            first_at=NOW,
            last_at=NOW,
            tasks=(ROW.id,),
        )
        return [group]


class Registry:
    async def list(self) -> list[Handler]:
        return [
            Handler(
                name="mail.send",
                description=f"Sends to {URL}.",
                signature=f"(to: str, *, token: str = '{SECRET}')",
                options={"smtp_password": SECRET, "relay": URL},
            )
        ]


class Deeds:
    """Tells everything it knows."""

    async def act(self, order: Order) -> ActionResult:
        self.order = order
        why = {f"task-{n}": f"refused by {URL}" for n in range(5)} if order.options.get("many") else {}
        return ActionResult(done=1, note=f"sent to {URL}", skipped=why)


@pytest.fixture
def source() -> DashboardSource:
    parts = {"tasks": Tasks(), "registry": Registry(), "does": Deeds()}
    return DashboardSource(system="leaky", actions=frozenset(Action), **parts)  # type: ignore[arg-type]


PATHS = [
    "/",
    "/tasks",
    "/dead",
    "/registry",
    "/export/tasks/csv",
    "/export/tasks/json",
    *(f"/tasks/task-000001?tab={tab}" for tab in ("summary", "arguments", "result", "error", "logs")),
]


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", PATHS)
def test_no_page_shows_a_secret_wherever_a_source_puts_it(source: DashboardSource, path: str, accept: str) -> None:
    answer = visitor(source).get(path, headers={"Accept": accept})

    assert 200 == answer.status_code
    assert SECRET not in answer.text


def test_what_an_action_came_to_is_told_without_secrets(source: DashboardSource) -> None:
    client = visitor(source)

    answer = client.post("/actions/retry", data={"target": ROW.id, "confirmed": "yes"})
    page = client.get("/settings", headers={"Cookie": answer.headers["Set-Cookie"].partition(";")[0]})

    assert "sent to redis://:***@h/0" in page.text
    assert SECRET not in page.text


def test_only_what_the_form_asks_for_reaches_the_source(source: DashboardSource) -> None:
    data = {"target": "default", "confirmed": "yes", "option.reason": "tired", "option.payload": "{}"}
    everything = replace(source, queues=asyncio.run(sample_source()).queues)

    assert 303 == visitor(everything).post("/actions/pause-queue", data=data).status_code
    assert isinstance(source.does, Deeds)
    assert {"reason": "tired"} == source.does.order.options


@pytest.fixture
def ada(house: House, clock: FakeClock, source: DashboardSource) -> Iterator[TestClient]:
    house.user("ada", "admin")
    with TestClient(Dashboard(source, access=house.access, clock=clock), follow_redirects=False) as client:
        client.post("/login", data={"name": "ada", "password": PASSWORD})
        yield client


def test_the_audit_log_shows_no_secret_that_somebody_searched_for(ada: TestClient) -> None:
    sought = {"matching": f"q=error:%22password={SECRET}%22", "confirmed": "yes", "typed": "1", "shown": "1"}

    assert 303 == ada.post("/actions/retry", data=sought).status_code
    for accept in ("text/html", "application/json"):
        page = ada.get("/audit", headers={"Accept": accept}).text
        assert "task.retry" in page
        assert SECRET not in page


@pytest.mark.parametrize(
    "query", ["since=0001-01-01T00:00%2B14:00", "until=9999-12-31T23:59-14:00", "since=x", "cursor=x"]
)
def test_no_time_of_the_audit_log_is_beyond_words(ada: TestClient, query: str) -> None:
    assert ada.get(f"/audit?{query}").status_code in (200, 422)


def test_an_actor_is_who_the_log_says(house: House, ada: TestClient) -> None:
    (first,) = run(house.accounts.users.page(SYSTEM))
    house.user(first.id, "admin")
    run(house.accounts.audit(SYSTEM, "noted"))
    ada.post("/login", data={"name": first.id, "password": PASSWORD})

    entries = ada.get("/audit?action=login").text

    assert f'actor={first.id}">{first.id}</a>' in entries


def test_a_proxy_on_this_machine_is_no_person_at_it(house: House, ada: TestClient) -> None:
    ada.headers["X-Forwarded-For"] = "203.0.113.7"

    ada.post("/actions/retry", data={"target": ROW.id, "confirmed": "yes"})
    ada.post("/login", data={"name": "ada", "password": PASSWORD})

    entries = run(house.accounts.entries(SYSTEM, AuditQuery(limit=2)))
    assert ["login", "task.retry"] == [entry.action for entry in entries]
    assert {"proxy at testclient"} == {entry.peer for entry in entries}


def test_what_was_done_stays_done_when_it_cannot_be_written_down(
    house: House, ada: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the audit log is away")

    monkeypatch.setattr(house.accounts, "audit", away)
    with caplog.at_level(logging.ERROR, "taskcore.audit"):
        answer = ada.post("/actions/retry", data={"target": ROW.id, "confirmed": "yes"})

    assert 303 == answer.status_code
    assert "task.retry" in caplog.text


def test_a_line_of_the_log_is_one_line(source: DashboardSource, caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(Dashboard(source, access=Access(chain=ByName())), follow_redirects=False)
    forged = {"matching": "q=a\nINFO all is well", "confirmed": "yes", "typed": "1", "shown": "1"}

    with caplog.at_level(logging.INFO, "taskcore.audit"):
        client.post("/actions/retry", data=forged, headers={"X-API-Key": "admin"})

    (record,) = [record for record in caplog.records if record.name == "taskcore.audit"]
    assert 1 == len(record.getMessage().splitlines())


FAR, EARLY = datetime(9999, 12, 31, 23, 59, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)
ODD: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"phase": Phase.RUNNING, "progress": float("inf")}, {}),
    ({"phase": Phase.RUNNING, "progress": float("nan")}, {}),
    ({"phase": Phase.RUNNING, "created_at": FAR, "started_at": EARLY, "finished_at": EARLY, "run_at": FAR}, {}),
    ({"phase": Phase.SUCCEEDED, "created_at": EARLY, "started_at": FAR, "finished_at": EARLY}, {}),
    ({"args": 10**5_000, "tags": ("",), "queue": "", "name": ""}, {"related": (("", "", ""),), "facts": {"": ""}}),
    ({"name": "a\ud800", "queue": "q\udfff", "worker": "\ud800", "error": TaskError("\ud800", "\ud800")}, {}),
    ({"name": "\0\x1b[31m\r\n", "error": TaskError("E\r\n", "\x1b]0;x\x07", "\0" * 1_000)}, {}),
    ({"args": {1: 2, None: 3, (1, 2): 4, b"x": 5, float("nan"): 6}}, {"stale": True, "lease_until": None}),
    (
        {},
        {
            "attempts": (
                AttemptRow(number=-1, worker="", started_at=FAR, finished_at=EARLY, ended="odd", error=ERROR),
                AttemptRow(number=2, worker="w", started_at=EARLY, result=b"\xff"),
            ),
            "timeout": timedelta.max,
            "stale": True,
            "lease_until": EARLY,
        },
    ),
]


@pytest.mark.parametrize(("row", "detail"), ODD, ids=range(len(ODD)))
def test_a_task_that_cannot_be_has_pages_too(
    source: DashboardSource, row: dict[str, object], detail: dict[str, object]
) -> None:
    odd = replace(ROW, **row)  # type: ignore[arg-type]
    client = visitor(replace(source, tasks=_Odd(odd, replace(DETAIL, row=odd, **detail))))  # type: ignore[arg-type]

    for path in (*PATHS, "/actions/retry?target=task-000001"):
        for accept in ("text/html", "application/json"):
            assert 200 == client.get(path, headers={"Accept": accept}).status_code, path


def test_an_error_without_a_type_is_its_text_alone(source: DashboardSource) -> None:
    row = replace(ROW, phase=Phase.FAILED, error=TaskError("", "boom"))
    client = visitor(replace(source, tasks=_Odd(row, replace(DETAIL, row=row))))  # type: ignore[arg-type]

    page = client.get("/tasks", headers={"Accept": "text/html"}).text

    assert ('error-line">boom<' in page, ": boom" in page) == (True, False)


class _Odd(Tasks):
    """One task such as no store of ours has."""

    def __init__(self, row: TaskRow, detail: TaskDetail) -> None:
        self.row, self.detail = row, detail

    async def get(self, task: str) -> TaskDetail | None:
        return self.detail

    async def list(self, wanted: TaskFilter) -> TaskPage:
        return TaskPage(rows=(self.row,), total=1)

    async def logs(self, task: str, limit: int) -> Sequence[object]:
        return [LogRow(at=FAR, level="<x>\ud800", message="\x1b[31m\ud800", attempt=-1)]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a"])  # noqa: RUF001
def test_a_cell_that_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert f"'{text}" == cell(text)
    assert f"a\n{text}" == cell(f"a\n{text}")


@pytest.mark.parametrize(
    ("value", "shown"), [(0.404, "40 %"), (-1.0, "0 %"), (7.0, "100 %"), (float("inf"), "100 %"), (float("nan"), "—")]
)
def test_progress_is_between_nothing_and_all(value: float, shown: str) -> None:
    assert shown == progress(value)
