"""The pages of webhooks: what was told to whom, and secrets that are shown once."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.testing.dashboard import sample_source
from taskcore.ui import Dashboard
from taskcore.ui.source import DashboardSource

from .conftest import PASSWORD, House, run
from .looking import ids, pages_of, visitor

JSON = {"Accept": "application/json"}
BAD = "https://legacy.example.com/notify"
FAILED, OF_EMAIL = "msg_01930000-0000-7000-8000-000000000030", "msg_01930000-0000-7000-8000-000000000004"


@pytest.fixture
def source() -> DashboardSource:
    return run(sample_source())


@pytest.fixture
def dashboard(house: House, source: DashboardSource) -> Dashboard:
    return Dashboard(source, access=house.access)


def entered(dashboard: Dashboard, name: str) -> Iterator[TestClient]:
    with TestClient(dashboard, follow_redirects=False) as client:
        assert 303 == client.post("/login", data={"name": name, "password": PASSWORD}).status_code
        yield client


@pytest.fixture
def ada(house: House, dashboard: Dashboard) -> Iterator[TestClient]:
    house.user("ada", "admin")
    yield from entered(dashboard, "ada")


def test_endpoints_are_told_by_their_circuits(ada: TestClient) -> None:
    page = ada.get("/webhooks").text

    assert re.search(r"9 failures\s+in a row", page)
    assert f"/actions/close-circuit?target={BAD.replace(':', '%3A').replace('/', '%2F')}" in page
    assert 'href="/webhooks?endpoint=https' in page


def test_deliveries_are_filtered_and_paged(ada: TestClient) -> None:
    shown = [id_ for page in pages_of(ada, "/webhooks") for id_ in ids(page) if id_.startswith("msg_")]
    failed = ada.get("/webhooks?status=failed", headers=JSON).json()["deliveries"]

    assert 60 == len(shown) == len(set(shown))
    assert {"failed"} == {row["status"] for row in failed}
    assert {BAD} == {row["endpoint"] for row in ada.get(f"/webhooks?endpoint={BAD}", headers=JSON).json()["deliveries"]}
    assert "No webhook matches" in ada.get("/webhooks?task=nothing").text
    assert 422 == ada.get("/webhooks?status=lost").status_code


def test_a_delivery_tells_its_attempts_and_masks_secrets(ada: TestClient) -> None:
    page = ada.get(f"/webhooks/{FAILED}")

    assert 9 == page.text.count("no answer within 10 seconds")
    assert "hunter2" not in page.text
    assert "hunter2" not in ada.get(f"/webhooks/{FAILED}", headers=JSON).text
    assert 404 == ada.get("/webhooks/nothing").status_code


def test_a_delivery_is_made_again_after_asking(ada: TestClient, house: House) -> None:
    asked = ada.get("/actions/replay-webhook", params={"target": FAILED})
    done = ada.post("/actions/replay-webhook", data={"target": FAILED, "confirmed": "yes", "next": "/webhooks"})

    assert f"Replay webhook to {BAD}?" in asked.text
    assert 303 == done.status_code
    assert "1 webhook put in line again." in ada.get("/webhooks").text
    assert "pending" == ada.get(f"/webhooks/{FAILED}", headers=JSON).json()["delivery"]["row"]["status"]
    (entry,) = run(house.accounts.entries(SYSTEM, AuditQuery(action="webhook.replay-webhook")))
    assert f"webhook:{FAILED}" == entry.target


def test_deliveries_of_a_page_are_made_again_together(ada: TestClient) -> None:
    failed = [row["id"] for row in ada.get("/webhooks?status=failed", headers=JSON).json()["deliveries"]]
    boxes = re.findall(r'name="target" form="bulk" value="([^"]+)"', ada.get("/webhooks?status=failed").text)

    asked = ada.post("/actions/replay-webhook", data={"target": boxes})
    done = ada.post("/actions/replay-webhook", data={"target": boxes, "confirmed": "yes"}, headers=JSON)

    assert failed == boxes
    assert f"Replay {len(failed)} webhooks?" in asked.text
    assert len(failed) == done.json()["done"]
    assert [] == ada.get("/webhooks?status=failed", headers=JSON).json()["deliveries"]


def test_a_secret_is_made_shown_once_and_ended(ada: TestClient, house: House) -> None:
    made = ada.post("/webhooks/secrets", data={"grace": "86400"})
    text = re.search(r"whsec_\w+", made.text)
    assert text is not None
    later = ada.get("/webhooks/secrets")
    unsure = ada.post("/actions/end-secret", data={"target": "1", "confirmed": "yes"})
    ended = ada.post("/actions/end-secret", data={"target": "1", "confirmed": "yes", "typed": "9f2c41d07a55"})

    assert text.group() not in later.text
    assert "5d1be20c3f68" in later.text
    assert (422, 303) == (unsure.status_code, ended.status_code)
    assert "9f2c41d07a55" not in ada.get("/webhooks/secrets", headers=JSON).text
    assert 422 == ada.post("/webhooks/secrets", data={"grace": "5"}).status_code
    noted = run(house.accounts.entries(SYSTEM, AuditQuery(action="secret.rotate")))
    assert [False] == ["whsec_" in str(entry) for entry in noted]


def test_who_may_see_one_queue_sees_its_deliveries_alone(source: DashboardSource) -> None:
    emil = visitor(source, "email")
    seen = emil.get("/webhooks", headers=JSON).json()

    assert ({"email"}, []) == ({row["queue"] for row in seen["deliveries"]}, seen["endpoints"])
    assert "Close circuit" not in emil.get("/webhooks").text
    assert (200, 404) == (emil.get(f"/webhooks/{OF_EMAIL}").status_code, emil.get(f"/webhooks/{FAILED}").status_code)
    assert 403 == emil.get("/webhooks/secrets").status_code
    assert 403 == emil.post("/webhooks/secrets", data={"grace": "0"}).status_code
    for action, target, status in (
        ("replay-webhook", OF_EMAIL, 303),
        ("replay-webhook", FAILED, 404),
        ("close-circuit", BAD, 404),
        ("end-secret", "1", 403),
    ):
        answer = emil.post(f"/actions/{action}", data={"target": target, "confirmed": "yes"})
        assert status == answer.status_code, (action, target)
