"""Webhooks from the shell: what was told, again if need be, who does not take it, and what it is signed with."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from lapinq.service import Service
from lapinq.settings import Settings
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement, TaskError
from taskcore.states import Event

from ..webhooks.conftest import end, put
from .conftest import Run, Show

URL = "https://example.com/hook"
Given = list[dict[str, Any]]


def with_service(url: str, work: Callable[[Service], Awaitable[None]]) -> None:
    async def run() -> None:
        service = await Service.open(Settings(database_url=url))
        await work(service)
        await service.close()

    asyncio.run(run())


async def give_up(service: Service, delivery: str) -> None:
    store = await service.deliveries.store()
    record = await store.take(TaskId(delivery.removeprefix("msg_")), WorkerId("w"), timedelta(seconds=30))
    assert record is not None
    failed = Settlement(fence=record.fence, event=Event.FAIL, error=TaskError("NotDelivered", "HTTP 503"))
    assert [True] == await store.settle([failed])
    await service.deliveries.endpoints.failed(URL)


async def has_noted(service: Service, target: str) -> None:
    noted = "SELECT count(*) FROM lapinq_core_accounts_entries WHERE target = $1"
    assert 1 == await service.tables.pool.fetchval(noted, target)


def found(lapinq: Run, *words: str) -> Given:
    ran = lapinq("webhooks", *words, "-j")
    assert 0 == ran.code, ran
    documents: Given = json.loads(ran.out)
    return documents


@pytest.fixture
def given(lapinq: Run, postgres_url: str) -> Given:
    """Two deliveries about tasks of the queue mail, of which the newer one was given up, and one about video."""

    async def make(service: Service) -> None:
        for queue in ("video", "mail", "mail"):
            await end(service, await put(service, f"{URL}?token=SECRET", queue_name=queue), Event.SUCCEED, result="1")
            await (await service.deliveries.outbox()).tick()
        (newest, *_) = (await service.deliveries.log.page()).items
        await give_up(service, newest.id)

    with_service(postgres_url, make)
    return found(lapinq, "list")


def test_deliveries_are_listed_by_what_is_asked_and_tell_no_secret(lapinq: Run, given: Given, terminal: Show) -> None:
    failed, waiting, other = given

    assert ["failed", "pending", "pending"] == [each["status"] for each in given]
    assert [failed] == found(lapinq, "list", "-s", "failed", "-q", "mail", "--endpoint", URL)
    assert 3 == len(found(lapinq, "list", "--endpoint", f"{URL}?token=SECRET"))  # as the tasks have it
    assert [other] == found(lapinq, "list", "-q", "video")
    assert [waiting] == found(lapinq, "list", "--task", waiting["task_id"][-12:])
    assert [failed] == found(lapinq, "list", "-l", "1")
    header, line, *_ = terminal("webhooks", "list").splitlines()
    assert ["ID", "State", "Queue", "Tries", "Answer", "Created", "Endpoint"] == header.split()
    assert [f"…{failed['id'][-8:]}", "✕", "failed", "mail", "1", "503"] == line.split()[:6]
    block = lapinq("webhooks", "show", failed["id"][-8:]).out
    assert f"ID:        {failed['id']}\n" in block
    assert '"status": "completed"' in block
    assert re.search(r"Tried:     20\S+  HTTP 503 in 0\S* s\n", block)
    assert "SECRET" not in block + lapinq("webhooks", "list").out + str(given)


def test_a_delivery_is_made_again_or_all_that_were_given_up(lapinq: Run, given: Given, postgres_url: str) -> None:
    failed, *_ = given
    id_ = failed["id"]

    looked = lapinq("webhooks", "replay", "-q", "mail", "--dry-run")
    assert "Would deliver 1 webhook that was given up again. Nothing changed.\n" == looked.out
    assert f"Webhook {id_} is delivered again.\n" == lapinq("webhooks", "replay", id_[-10:]).out
    assert "pending" == found(lapinq, "list")[0]["status"]
    assert "No webhooks found.\n" == lapinq("webhooks", "replay", "--all", "--yes").out

    with_service(postgres_url, lambda service: give_up(service, id_))
    asked = lapinq("webhooks", "replay", "--endpoint", URL)
    assert (2, True) == (asked.code, "a yes is needed to deliver 1 webhook" in asked.err)
    replayed = lapinq("webhooks", "replay", "--endpoint", f"{URL}?token=SECRET", "--yes", "-j")
    assert {"replayed": 1} == json.loads(replayed.out)
    with_service(postgres_url, lambda service: has_noted(service, f"webhooks:endpoint={URL}"))


def test_an_endpoint_is_believed_in_again(lapinq: Run, given: Given, postgres_url: str) -> None:
    (endpoint,) = found(lapinq, "endpoints")
    assert (URL, "closed", 2, 1, 1) == tuple(
        endpoint[name] for name in ("url", "circuit", "waiting", "failed", "failures")
    )

    assert f"Endpoint {URL} is believed in again.\n" == lapinq("webhooks", "close", f"{URL}?token=SECRET").out
    assert 0 == found(lapinq, "endpoints")[0]["failures"]
    assert (1, True) == ((ran := lapinq("webhooks", "close", URL)).code, "has failed of late" in ran.err)


def test_a_secret_is_made_shown_once_and_ended(lapinq: Run, terminal: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lapinq("webhooks", "secrets").out.startswith("fingerprint\tsource\t")
    assert terminal("webhooks", "secrets").startswith("No secrets yet")
    first = lapinq("webhooks", "rotate-secret")
    second = json.loads(lapinq("webhooks", "rotate-secret", "--grace", "1h", "-j").out)

    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", first.out)
    assert "one time" in first.err
    new, old = found(lapinq, "secrets")
    assert (second["id"], None, True) == (new["id"], new["ends_at"], old["ends_at"] is not None)
    assert first.out.strip() not in str([new, old]) + lapinq("webhooks", "secrets").out
    assert 2 == lapinq("webhooks", "end-secret", new["fingerprint"]).code
    ended = lapinq("webhooks", "end-secret", old["fingerprint"], "--yes")
    assert f"Secret {old['fingerprint']} signs no more.\n" == ended.out
    assert {"ended": new["id"]} == json.loads(lapinq("webhooks", "end-secret", new["id"], "--yes", "-j").out)

    monkeypatch.setenv("LAPINQ_WEBHOOK_SECRET", first.out.strip())
    (fixed,) = found(lapinq, "secrets")
    kept = lapinq("webhooks", "end-secret", fixed["fingerprint"], "--yes")
    assert (1, True) == (kept.code, "take it out of LAPINQ_WEBHOOK_SECRET" in kept.err)


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        (2, ["list", "-s", "expired"], "invalid choice"),
        (2, ["list", "-l", "0"], "limit"),
        (2, ["list", "--task", "x"], "is not a task id"),
        (2, ["show", "x"], "is not a delivery id"),
        (1, ["show", "msg_01930000"], "no delivery id contains"),
        (2, ["replay"], "name a delivery, or conditions"),
        (2, ["replay", "abcdef", "--all"], "not both"),
        (1, ["replay", "abcdef"], "no delivery id contains"),
        (1, ["close", "ftp://\ud800"], "has failed of late"),
        (2, ["rotate-secret", "--grace", "400d"], "grace must be"),
        (2, ["end-secret", "newest"], "is not a secret id"),
        (1, ["end-secret", "abcdef"], "no secret has"),
    ],
)
def test_what_cannot_be_is_said(lapinq: Run, code: int, words: list[str], told: str) -> None:
    ran = lapinq("webhooks", *words)

    assert (code, "", True) == (ran.code, ran.out, told in ran.err), ran
