"""Why a queue is paused stands in the audit log."""

import asyncio

import pytest
from starlette.testclient import TestClient
from taskcore.adapters.memory import MemoryStore
from taskcore.models import TaskSpec
from taskcore.testing import FakeClock
from taskcore.ui import Dashboard
from taskcore.ui.stores import store_source

from .conftest import Enter, House


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    store = MemoryStore(clock)
    asyncio.run(store.put([TaskSpec(name="send", queue="email")]))
    return store


@pytest.fixture
def dashboard(house: House, store: MemoryStore, clock: FakeClock) -> Dashboard:
    house.user("ada", "admin")
    house.user("vera", "viewer")
    return Dashboard(store_source(store, system="demo", clock=clock), access=house.access, clock=clock)


@pytest.fixture
def ada(enter: Enter) -> TestClient:
    return enter("ada")


def act(client: TestClient, action: str) -> None:
    form = {"target": "email", "confirmed": "yes", "option.reason": "the bank is closed"}
    assert 303 == client.post(f"/actions/{action}", data=form).status_code


def test_whoever_sees_a_queue_sees_who_paused_it_and_why(ada: TestClient, enter: Enter) -> None:
    act(ada, "pause-queue")

    page = enter("vera").get("/queues").text

    assert "Queue email is paused by ada since 2026-03-02 12:00:00 UTC: the bank is closed." in page


def test_a_pause_by_other_ways_is_not_explained_by_an_old_one(ada: TestClient, store: MemoryStore) -> None:
    act(ada, "pause-queue")
    act(ada, "resume-queue")
    asyncio.run(store.pause("email"))

    assert "Queue email is paused." in ada.get("/queues").text
