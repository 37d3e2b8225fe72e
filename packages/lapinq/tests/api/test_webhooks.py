"""Webhooks over HTTP: the log, receivers and secrets, for those who may see and change them."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from lapinq.keys import issue
from lapinq.storage import Storage
from lapinq.webhooks.endpoints import BROKEN_AFTER
from starlette.applications import Starlette
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.errors import StoreUnavailable

from .conftest import P, Put, client_of, fail, succeed

pytestmark = pytest.mark.anyio

HOOK = "https://hooks.example.com/in?token=SECRET"
PLACE = "https://hooks.example.com/in"


@pytest.fixture
async def ended(client: httpx.AsyncClient, open_storage: Storage, put: Put, queue: str) -> str:
    """A task of ``queue`` of whose end its receiver is to be told."""
    task = await put(webhook_url=HOOK)
    await succeed(open_storage, task, "1")
    await (await open_storage.service.deliveries.outbox()).tick()
    return task


@pytest.fixture
async def bearer(app: Starlette, queue: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody elsewhere whose key may see one queue."""
    async with client_of(app, "203.0.113.7") as client:
        client.headers["X-API-Key"] = await key_for(app, {queue: ["view"]})
        yield client


async def key_for(app: Starlette, queues: dict[str, list[str]]) -> str:
    accounts = await app.state.desk.accounts()
    given = {"name": "k", "permissions": {"queues": queues}}
    return (await issue(accounts, SYSTEM, given)).text


async def deliveries(client: httpx.AsyncClient, **query: str) -> Any:
    answer = await client.get(f"{P}/webhooks/deliveries", params=query)
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def test_the_log_is_read_by_pages_and_filters(
    client: httpx.AsyncClient, open_storage: Storage, put: Put, queue: str, ended: str
) -> None:
    other = await put(webhook_url="https://other.example.com/")
    await fail(open_storage, other)
    await (await open_storage.service.deliveries.outbox()).tick()

    first = await client.get(f"{P}/webhooks/deliveries", params={"queue": queue, "limit": 1})
    second = await client.get(first.links["next"]["url"])
    (entry,) = second.json()

    assert [other] == [each["task_id"] for each in first.json()]
    assert {
        "task_id": ended, "queue": queue, "status": "pending", "event": "completed", "endpoint": PLACE, "attempts": 0,
        "error": None,
    }.items() <= entry.items()  # fmt: skip
    assert "next" not in second.links
    assert "SECRET" not in second.text
    assert [entry] == await deliveries(client, task=ended) == await deliveries(client, queue=queue, endpoint=PLACE)
    assert [] == await deliveries(client, status="delivered", queue=queue)
    for bad in ("status=lost", "task=1", "limit=0", "cursor=x"):
        assert 400 == (await client.get(f"{P}/webhooks/deliveries?{bad}")).status_code


async def test_a_delivery_is_looked_at_and_made_again(
    client: httpx.AsyncClient, open_storage: Storage, ended: str
) -> None:
    (entry,) = await deliveries(client, task=ended)
    path = f"{P}/webhooks/deliveries/{entry['id']}"

    found = (await client.get(path)).json()
    under_way = await client.post(f"{path}/replay")
    await open_storage.pool.execute("UPDATE lapinq_hooks_tasks SET state = 'failed', rare = 'failed', ready = NULL")
    again = await client.post(f"{path}/replay")

    assert entry.items() <= found.items()
    assert ([], True) == (found["tries"], f'"task_id": "{ended}"' in found["body"])
    assert 409 == under_way.status_code
    assert (200, {"status": "requeued"}) == (again.status_code, again.json())
    assert "pending" == (await client.get(path)).json()["status"]
    for nothing in ("msg_1", str(uuid4())):
        assert 404 == (await client.get(f"{P}/webhooks/deliveries/{nothing}")).status_code


async def test_what_was_given_up_is_made_again_by_filters(
    app: Starlette, client: httpx.AsyncClient, open_storage: Storage, queue: str, ended: str, put: Put
) -> None:
    other = await put(webhook_url=HOOK, queue_name=f"{queue}-other")
    await succeed(open_storage, other, "1")
    await (await open_storage.service.deliveries.outbox()).tick()
    await open_storage.pool.execute("UPDATE lapinq_hooks_tasks SET state = 'failed', rare = 'failed', ready = NULL")
    path = f"{P}/webhooks/deliveries/replay"

    for bad in ("", "?all=false", "?status=failed", f"?queue={queue}&queue=x", "?endpiont=x", "?task=1"):
        assert 400 == (await client.post(path + bad)).status_code, bad
    async with client_of(app, "203.0.113.7") as keeper:
        keeper.headers["X-API-Key"] = await key_for(app, {queue: ["view", "retry"]})
        assert 403 == (await keeper.post(f"{path}?endpoint={PLACE}")).status_code
        assert 403 == (await keeper.post(f"{path}?queue={queue}-other")).status_code
        assert {"requeued": 1} == (await keeper.post(f"{path}?queue={queue}")).json()
    assert {"requeued": 0} == (await client.post(f"{path}?queue={queue}")).json()
    assert ["failed"] == [each["status"] for each in await deliveries(client, task=other)]
    assert {"requeued": 1} == (await client.post(f"{path}?task={other}")).json()
    assert 200 == (await client.post(f"{path}?all=true")).status_code


async def test_who_may_see_one_queue_sees_its_deliveries_alone(
    app: Starlette, client: httpx.AsyncClient, bearer: httpx.AsyncClient, queue: str, ended: str, put: Put,
    open_storage: Storage,
) -> None:  # fmt: skip
    other = await put(webhook_url=HOOK, queue_name=f"{queue}-other")
    await succeed(open_storage, other, "1")
    await (await open_storage.service.deliveries.outbox()).tick()
    (mine,), (hidden,) = await deliveries(client, task=ended), await deliveries(client, task=other)

    assert [mine] == await deliveries(bearer, queue=queue)
    for path in ("", f"?queue={queue}-other"):
        assert 403 == (await bearer.get(f"{P}/webhooks/deliveries{path}")).status_code
    assert 200 == (await bearer.get(f"{P}/webhooks/deliveries/{mine['id']}")).status_code
    assert 404 == (await bearer.get(f"{P}/webhooks/deliveries/{hidden['id']}")).status_code
    assert 403 == (await bearer.post(f"{P}/webhooks/deliveries/{mine['id']}/replay")).status_code
    assert 404 == (await bearer.post(f"{P}/webhooks/deliveries/{hidden['id']}/replay")).status_code
    for path in ("endpoints", "secrets"):
        assert 403 == (await bearer.get(f"{P}/webhooks/{path}")).status_code
    assert 403 == (await bearer.post(f"{P}/webhooks/endpoints/close", json={"url": PLACE})).status_code
    assert 403 == (await bearer.post(f"{P}/webhooks/secrets")).status_code
    assert 403 == (await bearer.delete(f"{P}/webhooks/secrets/{uuid4()}")).status_code
    async with client_of(app, "203.0.113.7") as stranger:
        for path in ("deliveries", f"deliveries/{mine['id']}", "endpoints", "secrets"):
            assert 401 == (await stranger.get(f"{P}/webhooks/{path}")).status_code


async def test_a_receiver_that_is_left_alone_is_believed_in_again(
    app: Starlette, client: httpx.AsyncClient, open_storage: Storage, queue: str
) -> None:
    url = f"https://{queue}.example.com/hook"
    for _ in range(BROKEN_AFTER):
        await open_storage.service.deliveries.endpoints.failed(url)

    async def circuits() -> list[str]:
        found = (await client.get(f"{P}/webhooks/endpoints")).json()
        return [each["circuit"] for each in found if each["url"] == url]

    assert ["open"] == await circuits()
    assert {"status": "closed"} == (await client.post(f"{P}/webhooks/endpoints/close", json={"url": url})).json()
    assert [] == await circuits()
    assert (f"endpoint:{url}", "closed") == next(
        (entry.target, entry.detail) for entry in await entries(app) if entry.action == "webhook.close"
    )
    assert 404 == (await client.post(f"{P}/webhooks/endpoints/close", json={"url": url})).status_code
    bodies: list[dict[str, object]] = [{}, {"url": 1}, {"url": "\x00"}]
    for bad in bodies:
        assert 400 == (await client.post(f"{P}/webhooks/endpoints/close", json=bad)).status_code


async def test_a_secret_is_made_shown_once_and_ended(app: Starlette, client: httpx.AsyncClient) -> None:
    made = await client.post(f"{P}/webhooks/secrets")
    newer = await client.post(f"{P}/webhooks/secrets", json={"grace_seconds": 60})
    listed = await client.get(f"{P}/webhooks/secrets")

    assert (201, True) == (made.status_code, made.json()["secret"].startswith("whsec_"))
    assert "no-store" == made.headers["Cache-Control"]
    assert [newer.json()["id"], made.json()["id"]] == [each["id"] for each in listed.json()]
    assert [True, False] == [each["ends_at"] is None for each in listed.json()]
    assert "whsec_" not in listed.text
    path = f"{P}/webhooks/secrets/{newer.json()['id']}"
    assert [200, 404] == [(await client.delete(path)).status_code for _ in range(2)]
    for bad in ('{"grace_seconds": -1}', '{"grace_seconds": true}', '{"grace_seconds": "1"}', "[]", "{"):
        assert 400 == (await client.post(f"{P}/webhooks/secrets", content=bad)).status_code
    assert 400 == (await client.delete(f"{P}/webhooks/secrets/x")).status_code
    noted = [e for e in await entries(app) if e.action == "webhook.rotate"]
    assert f"secret:{newer.json()['id']}" in [entry.target for entry in noted]
    assert "whsec_" not in str(noted)


async def test_a_secret_that_was_made_is_shown_though_that_cannot_be_noted(
    app: Starlette, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(app.state.desk, "note", away)

    made = await client.post(f"{P}/webhooks/secrets")

    assert (201, True) == (made.status_code, "secret" in made.json())
    assert "webhook.rotate" in caplog.text
    assert made.json()["secret"] not in caplog.text


async def entries(app: Starlette) -> Any:
    return await (await app.state.desk.accounts()).entries(SYSTEM, AuditQuery())
