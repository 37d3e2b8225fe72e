"""What a server shows of webhooks, and does about them."""

import json
from typing import Any

import httpx
import pytest
from lapinq.server import create_app
from lapinq.service import Service
from lapinq.settings import Settings
from taskcore.testing.waiting import eventually

from .conftest import Receiver

pytestmark = pytest.mark.anyio

P = "/api/v1"


async def test_a_server_delivers_shows_what_came_of_it_and_delivers_again(
    service: Service, settings: Settings, receiver: Receiver
) -> None:
    app = create_app(settings.database_url, webhook_allow_private=True)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://s") as client:
        body = {"task_name": "add", "module_path": "mytasks", "webhook_url": receiver.url}
        task = (await client.post(f"{P}/enqueue", json=body)).json()["task_id"]
        log = f"{P}/tasks/{task}/webhooks"
        assert [] == (await client.get(log)).json()
        await client.delete(f"{P}/tasks/{task}")

        async def found(status: str = "delivered") -> list[dict[str, Any]]:
            deliveries = (await client.get(log)).json()
            return deliveries if [status] == [each["status"] for each in deliveries] else []

        (delivery,) = await eventually(found)
        assert {"attempt": 1, "status_code": 204, "error": None}.items() <= delivery["attempts"][0].items()
        assert 200 == (await client.post(f"{log}/{delivery['id']}/replay")).status_code
        await receiver.received(2)
        unknown = await client.post(f"{log}/msg_{task}/replay")
        assert (404, {"error"}) == (unknown.status_code, set(unknown.json()))

    assert {"cancelled"} == {json.loads(body)["status"] for _, _, body in receiver.requests}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1]/", "http://2130706433/", "http://u:SECRET@h/"])
async def test_a_server_refuses_webhooks_to_its_own_network(service: Service, settings: Settings, url: str) -> None:
    app = create_app(settings.database_url)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
    order = {"task_name": "add", "module_path": "mytasks", "webhook_url": url}
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://s") as client:
        one = await client.post(f"{P}/enqueue", json=order)
        many = await client.post(f"{P}/enqueue/batch", json=[{**order, "webhook_url": None}, order])

    assert (400, 400) == (one.status_code, many.status_code)
    assert "webhook_url must not" in one.json()["error"]
    assert many.json()["error"].startswith("task 1: ")
    assert "SECRET" not in one.text + many.text
    assert [] == list((await service.list()).items)


async def test_a_database_of_the_release_before_webhooks_gets_what_they_need(
    service: Service, settings: Settings
) -> None:
    pool = service.tables.pool
    await pool.execute(
        "DROP TRIGGER lapinq_webhooks_due ON lapinq_core_tasks; DROP TABLE lapinq_webhooks_due; "
        "DELETE FROM lapinq_schema_version WHERE version > 6"
    )

    await (await Service.open(settings)).close()

    assert 0 == await pool.fetchval("SELECT count(*) FROM lapinq_webhooks_due")
    assert 1 == await pool.fetchval("SELECT count(*) FROM pg_trigger WHERE tgname = 'lapinq_webhooks_due'")
