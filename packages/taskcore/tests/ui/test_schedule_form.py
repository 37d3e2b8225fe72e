"""Writing schedules: what will happen is shown first, and who may not write is refused."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.redaction import MASK
from taskcore.testing.dashboard import sample_source
from taskcore.ui.source import DashboardSource

from . import looking
from .conftest import run
from .looking import visitor

FRAGMENT = {"HX-Request": "true", "HX-Target": "section#schedule-preview"}
NIGHTLY = {"cron": "30 2 * * *", "zone": "Europe/Rome", "queue": "billing", "task": "report", "args": "[1]"}


@pytest.fixture
def source() -> DashboardSource:
    return run(sample_source())


@pytest.fixture
def admin(source: DashboardSource) -> TestClient:
    return visitor(source)


def added(client: TestClient, **given: str) -> str:
    answer = client.post("/schedules/new", data={**NIGHTLY, **given})
    assert 303 == answer.status_code, answer.text
    return str(answer.headers["Location"])


def stored(source: DashboardSource, schedule: str) -> Any:
    assert source.editor is not None
    return run(source.editor.values(schedule))


def test_what_is_written_is_looked_at_before_it_is_saved(admin: TestClient, source: DashboardSource) -> None:
    nights = {"cron": "30 2 * * *", "zone": "Europe/Rome"}
    part = admin.get("/schedules/new", params=nights, headers=FRAGMENT).text
    page = admin.post("/schedules/new", data={**NIGHTLY, "do": "preview"})

    assert "<html" not in part
    assert "At 02:30" in part
    assert re.search(r"\w{3} \d{4}-\d\d-\d\d 02:30:00 CES?T", part)
    assert "clocks go forward" in part
    assert "02:30 comes twice" in part.lower()
    assert (200, 5) == (page.status_code, len(re.findall(r"\d 0[23]:\d0:00 CES?T", page.text)))
    assert None is stored(source, "report-billing")


@pytest.mark.parametrize(
    ("cron", "zone", "told"),
    [("99 * * * *", "UTC", "99"), ("0 0 30 2 *", "UTC", "names no date"), ("@daily", "Mars/Olympus", "time zone")],
)
def test_what_will_never_fire_is_said_while_one_types(admin: TestClient, cron: str, zone: str, told: str) -> None:
    answer = admin.get("/schedules/new", params={"cron": cron, "zone": zone}, headers=FRAGMENT)

    assert 200 == answer.status_code
    assert told in answer.text


def test_a_schedule_is_added_and_changed(admin: TestClient, source: DashboardSource) -> None:
    address = added(admin, misfire="skip", grace="5", overlap="queue_one", fold="both", paused="yes")
    made = stored(source, "report-billing")
    page = admin.get(address).text
    changed = admin.post(f"{address}/edit", data={**NIGHTLY, "cron": "0 4 * * *"})

    assert {**NIGHTLY, "misfire": "skip", "grace": "5", "overlap": "queue_one", "fold": "both"}.items() <= made.items()
    assert f'href="{address}/edit"' in page
    assert (303, address) == (changed.status_code, changed.headers["Location"])
    assert ("0 4 * * *", "skip", "") == tuple(
        stored(source, "report-billing")[name] for name in ("cron", "misfire", "paused")
    )


@pytest.mark.parametrize(
    ("bad", "field"),
    [({"cron": "99 * * * *"}, "cron"), ({"args": "{"}, "args"), ({"misfire": "panic"}, ""), ({"grace": "x"}, "")],
)
def test_what_cannot_be_followed_is_told_at_its_field_and_not_saved(
    admin: TestClient, source: DashboardSource, bad: dict[str, str], field: str
) -> None:
    answer = admin.post("/schedules/new", data={**NIGHTLY, **bad})

    assert 422 == answer.status_code
    assert (f'id="e-{field}"' in answer.text) if field else ('class="banner error"' in answer.text)
    assert 'value="Europe/Rome"' in answer.text, "what was written stays"
    assert None is stored(source, "report-billing")


def test_secrets_are_masked_and_stay_what_they_are(admin: TestClient, source: DashboardSource) -> None:
    address = added(admin, args='{"password": "hunter2", "n": 1}')
    page = admin.get(f"{address}/edit").text
    masked = '{\n  "password": "' + MASK + '",\n  "n": 1\n}'
    half = admin.post(f"{address}/edit", data={**NIGHTLY, "args": masked.replace("1", "2")})
    kept = admin.post(f"{address}/edit", data={**NIGHTLY, "cron": "@daily", "args": masked.replace("\n", "\r\n")})

    assert "hunter2" not in page
    assert MASK in page
    assert (422, True) == (half.status_code, "write that out" in half.text)
    assert "hunter2" not in half.text
    assert 303 == kept.status_code
    assert ("@daily", '{"password": "hunter2", "n": 1}') == tuple(
        stored(source, "report-billing")[name] for name in ("cron", "args")
    )


def test_who_may_not_put_tasks_into_a_queue_writes_no_schedule_of_it(
    source: DashboardSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Grant(frozenset({Verb.VIEW, Verb.ENQUEUE}), Kind.QUEUE, "billing")
    monkeypatch.setitem(looking.PEOPLE, "bill", Principal(id="9", name="bill", role="guest", grants=(mine,)))
    admin, bill, viewer = visitor(source), visitor(source, "bill"), visitor(source, "viewer")
    others = added(admin, queue="email")
    own = added(bill)

    assert 403 == bill.post("/schedules/new", data={**NIGHTLY, "queue": "email"}).status_code
    assert 403 == bill.post(f"{own}/edit", data={**NIGHTLY, "queue": "email"}).status_code
    assert 404 == bill.get(f"{others}/edit").status_code
    assert 404 == bill.post(f"{others}/edit", data=NIGHTLY).status_code
    for path in ("/schedules/new", f"{own}/edit"):
        assert (403, 403) == (viewer.get(path).status_code, viewer.post(path, data=NIGHTLY).status_code)
    assert "New schedule" in bill.get("/schedules").text
    assert "New schedule" not in viewer.get("/schedules").text
    assert f'{own}/edit"' not in viewer.get(own).text


def test_a_schedule_that_is_gone_is_404(admin: TestClient) -> None:
    assert 404 == admin.get("/schedules/nothing/edit").status_code
    assert 404 == admin.post("/schedules/nothing/edit", data=NIGHTLY).status_code
