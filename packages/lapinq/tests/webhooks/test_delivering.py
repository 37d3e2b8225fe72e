"""Webhooks from the end of a task to a receiver that really listens."""

import asyncio
import base64
import json
import socket
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.webhooks import endpoints
from lapinq.webhooks.addresses import Refused
from lapinq.webhooks.delivering import _look, delivering
from lapinq.webhooks.message import Signer
from lapinq.webhooks.outbox import Outbox
from lapinq.webhooks.sending import NotDelivered, Sender
from standardwebhooks.webhooks import Webhook
from taskcore.errors import StoreUnavailable
from taskcore.ids import TaskId
from taskcore.models import TaskError
from taskcore.retry import NoRetry
from taskcore.states import Event
from taskcore.testing.waiting import eventually

from .conftest import KEYS, OK, Receiver, end, put

pytestmark = pytest.mark.anyio

FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nSECRET"
UNSIGNED = Signer(())
ID = TaskId("01930000-0000-7000-8000-000000000000")


async def log_of(service: Service, task: UUID) -> list[dict[str, Any]]:
    return [delivery.document() for delivery in await service.webhooks(task)]


async def told(service: Service, task: UUID, status: str) -> list[dict[str, Any]]:
    """The log of a task's webhook, once it has this status."""

    async def is_so() -> bool:
        return [status] == [delivery["status"] for delivery in await log_of(service, task)][-1:]

    await eventually(is_so)
    return await log_of(service, task)


async def test_the_receiver_is_told_of_each_kind_of_end_once_and_signed(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    done = await put(service, f"{receiver.url}/done?x=1")
    await end(service, done, Event.SUCCEED, result='{"a":1}')
    failed = await put(service, receiver.url, max_retries=2)
    await end(service, failed, Event.RETRY, error=TaskError("ValueError", "not yet"))
    await end(service, failed, Event.FAIL, error=TaskError("ValueError", "boom"))
    cancelled = await put(service, receiver.url)
    await service.cancel(cancelled)
    silent = await service.enqueue(Order(task_name="add", module_path="mytasks", metadata={"webhook": "x"}))
    assert silent is not None
    await end(service, silent, Event.SUCCEED)

    async with delivering(service, settings):
        await receiver.received(3)
        (log,) = await told(service, done, "delivered")
        for task in (failed, cancelled):
            await told(service, task, "delivered")

    bodies = {json.loads(body)["task_id"]: json.loads(body) for _, _, body in receiver.requests}
    assert bodies == {
        str(done): {"task_id": str(done), "status": "completed", "result": '{"a":1}', "error": None},
        str(failed): {"task_id": str(failed), "status": "failed", "result": None, "error": "boom"},
        str(cancelled): {
            "task_id": str(cancelled), "status": "cancelled", "result": None, "error": "cancelled by user",
        },
    }  # fmt: skip
    assert 3 == len(receiver.requests)
    line, headers, body = next(each for each in receiver.requests if "/done" in each[0])
    assert "POST /done?x=1 HTTP/1.1" == line
    assert receiver.url == f"http://{headers['host']}"
    assert log["id"] == headers["webhook-id"]
    assert [(1, 204, None)] == [(each["attempt"], each["status_code"], each["error"]) for each in log["attempts"]]
    for key in KEYS:
        Webhook(f"whsec_{base64.b64encode(key).decode()}").verify(body, headers)


async def test_expired_tasks_are_told_of_too_and_deleted_ones_are_not_forgotten(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    task = await put(service, receiver.url, ttl_seconds=0.01)
    await eventually(lambda: _swept(service, task))

    async with delivering(service, settings):
        await receiver.received(1)

    assert ("expired", "ttl expired") == tuple(json.loads(receiver.requests[0][2])[key] for key in ("status", "error"))


async def _swept(service: Service, task: UUID) -> bool:
    await service.store.expire(10)
    return (await service.get(task)).status == "expired" and await service.tables.delete_ended(10) >= 0


async def test_a_delivery_is_tried_again_with_the_same_id_and_its_log_holds_no_secret(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    receiver.answers = [FAILED, b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", OK]
    task = await put(service, f"{receiver.url}/hook?token=SECRET")
    await end(service, task, Event.SUCCEED, result="1")

    async with delivering(service, settings):
        (log,) = await told(service, task, "delivered")
        assert [500, 302, 204] == [each["status_code"] for each in log["attempts"]]
        assert ["HTTP 500", "HTTP 302", None] == [each["error"] for each in log["attempts"]]
        assert "SECRET" not in str(log)
        await service.redeliver(task, log["id"])
        await receiver.received(4)

    assert {log["id"]} == {headers["webhook-id"] for _, headers, _ in receiver.requests}
    assert 1 == len({body for _, _, body in receiver.requests})
    assert all("/hook" in line for line, _, _ in receiver.requests)


async def test_a_delivery_that_fails_too_often_is_given_up(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    receiver.answers = [FAILED]
    task = await put(service, receiver.url)
    await end(service, task, Event.SUCCEED)

    async with delivering(service, settings):
        (log,) = await told(service, task, "failed")

    assert 3 == len(log["attempts"]) == len(receiver.requests)


async def test_deliveries_are_nowhere_among_the_tasks(
    service: Service, settings: Settings, receiver: Receiver, quick: None
) -> None:
    task = await put(service, receiver.url)
    await end(service, task, Event.SUCCEED)
    async with delivering(service, settings):
        await told(service, task, "delivered")

    assert [task] == [each.id for each in (await service.list()).items]
    assert [("default", 1)] == [(each.queue_name, sum(each.counts.values())) for each in await service.queues()]
    assert 1 == await service.tables.pool.fetchval("SELECT count(*) FROM lapinq_tasks")


async def test_no_note_is_lost_when_a_process_dies_while_it_makes_deliveries(
    service: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await put(service, receiver.url)
    await end(service, task, Event.SUCCEED)
    outbox, store = await service.deliveries.outbox(), await service.deliveries.store()

    async def die(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(store, "put_within", die)
        with pytest.raises(Exception):  # noqa: B017, PT011  # as its connection would break
            await outbox.tick()

    assert [] == await log_of(service, task)
    assert [1, 0] == [await outbox.tick(), await outbox.tick()]
    assert 1 == len(await log_of(service, task))


async def test_a_receiver_that_failed_often_is_tried_by_one_delivery_at_a_time(
    service: Service, settings: Settings
) -> None:
    broken = endpoints.Endpoints(service.tables)
    url = "https://example.com/hook?token=1"
    for _ in range(endpoints.BROKEN_AFTER):
        await broken.failed(url)
    tasks = [await put(service, url) for _ in range(3)]
    for task in tasks:
        await end(service, task, Event.SUCCEED)
    await (await service.deliveries.outbox()).tick()
    deliveries = [(await service.webhooks(task))[0].record for task in tasks]

    waits = await broken.waits(deliveries)
    assert {each.id for each in deliveries} == waits.keys()
    assert all(timedelta(seconds=50) < wait.delay <= endpoints.PAUSE for wait in waits.values())

    await service.tables.pool.execute("UPDATE lapinq_webhook_endpoints SET next_at = now()")
    assert deliveries[0].id not in (first := await broken.waits(deliveries))
    assert 2 == len(first)
    assert 3 == len(await broken.waits(deliveries))

    await broken.answered(url)
    assert {} == await broken.waits(deliveries)


async def test_private_receivers_are_refused_when_a_task_is_put_and_when_it_is_delivered(
    settings: Settings, receiver: Receiver, quick: None, folder: object
) -> None:
    strict = replace(settings, webhook_allow_private=False)
    service = await Service.open(strict)
    try:
        with pytest.raises(Refused):
            await put(service, receiver.url)
        spec = Order(task_name="add", module_path="mytasks", webhook_url=receiver.url).spec(None)
        (receipt,) = await service.store.put([spec])  # past the first check
        task = UUID(receipt.task)
        await end(service, task, Event.SUCCEED)
        async with delivering(service, strict):
            (log,) = await told(service, task, "failed")
    finally:
        await service.close()

    assert 1 == len(log["attempts"])
    assert "to which webhooks must not go" in log["attempts"][0]["error"]
    assert [] == receiver.requests


async def test_the_connection_goes_to_the_address_that_was_judged(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def look_up(host: str, port: int, **_: object) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr("lapinq.webhooks.sending.resolve", look_up)
    port = receiver.url.rpartition(":")[2]
    answer = await Sender(allow_private=True).send(ID, f"http://does-not-exist.invalid:{port}/", b"{}", UNSIGNED)

    assert (204, ["does-not-exist.invalid"]) == (answer.status_code, asked)
    ((_, headers, _),) = receiver.requests
    assert f"does-not-exist.invalid:{port}" == headers["host"]
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    ("host", "path", "asked"),
    [
        ("münchen.example", "/", "xn--mnchen-3ya.example"),
        ("straße.example", "//other.example/x?y=%20é", "xn--strae-oqa.example"),
    ],
)
async def test_a_webhook_goes_to_the_host_and_the_path_that_its_url_names(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, host: str, path: str, asked: str
) -> None:
    async def look_up(host: str, port: int, **_: object) -> list[str]:
        assert asked == host
        return ["127.0.0.1"]

    monkeypatch.setattr("lapinq.webhooks.sending.resolve", look_up)
    port = receiver.url.rpartition(":")[2]

    assert 204 == (await Sender().send(ID, f"http://{host}:{port}{path}", b"{}", UNSIGNED)).status_code
    ((line, headers, _),) = receiver.requests
    assert f"POST {path.replace('é', '%C3%A9')} HTTP/1.1" == line
    assert f"{asked}:{port}" == headers["host"]


async def test_what_is_no_host_is_not_tried_again() -> None:
    with pytest.raises(NoRetry, match="IDNA"):
        await Sender().send(ID, "http://。example/", b"{}", UNSIGNED)


async def test_what_went_wrong_is_told_and_long_answers_are_not_read(receiver: Receiver) -> None:
    sender = Sender(allow_private=True)
    receiver.answers = [
        b"",
        b"HTTP/1.1 410 Gone\r\n\r\n",
        b"not http\r\n\r\n",
        f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {receiver.url}/other\r\n\r\n".encode(),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10**7,
    ]

    with pytest.raises(NotDelivered):
        await sender.send(ID, receiver.url, b"{}", UNSIGNED)
    with pytest.raises(NoRetry, match="HTTP 410"):
        await sender.send(ID, receiver.url, b"{}", UNSIGNED)
    with pytest.raises(NotDelivered, match="RemoteProtocolError"):
        await sender.send(ID, receiver.url, b"{}", UNSIGNED)
    with pytest.raises(NotDelivered, match="HTTP 307"):
        await sender.send(ID, receiver.url, b"{}", UNSIGNED)
    assert 4 == len(receiver.requests)  # nobody went where it leads
    assert 200 == (await sender.send(ID, receiver.url, b"{}", UNSIGNED)).status_code
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NotDelivered, match="no answer within"):
            await Sender(allow_private=True, patience=0.2).send(ID, url, b"{}", UNSIGNED)
    with pytest.raises(NotDelivered, match="ConnectError"):
        await sender.send(ID, url, b"{}", UNSIGNED)


async def test_a_look_that_fails_leaves_nobody_waiting_for_changes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(outbox: Outbox) -> None:
        await asyncio.sleep(0)  # the wait has begun
        raise StoreUnavailable("gone")

    monkeypatch.setattr(Outbox, "tick", fail)

    with pytest.raises(StoreUnavailable):
        await _look(service, await service.deliveries.outbox())

    assert [] == [task for task in asyncio.all_tasks() if "wait_for_change" in repr(task.get_coro())]


async def test_a_log_tells_who_delivers_from_who_works(
    service: Service, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "taskcore.engine")

    async with delivering(service, settings):
        await eventually(lambda: "started" in caplog.text)

    lines = [record.getMessage().rpartition(":")[2] for record in caplog.records if "worker" in record.getMessage()]
    assert ["webhooks started", "webhooks stopped"] == [lines[0], lines[-1]]
