"""Idempotency keys, where tasks are stored."""

import asyncio

import asyncpg
import pytest
from lapinq.errors import KeyTaken
from lapinq.orders import Order
from lapinq.putting import Placed
from lapinq.service import Service
from lapinq.settings import Settings
from taskcore.testing import eventually

pytestmark = pytest.mark.anyio


async def test_a_key_of_another_queue_stores_nothing_and_tells_nothing_whoever_comes_first(service: Service) -> None:
    """Whether it is taken is decided where it is stored: of those that come together one has it."""
    orders = [Order(task_name="t", module_path="m", queue_name=name, idempotency_key="k") for name in "abcd"]
    plain = Order(task_name="t", module_path="m", queue_name="plain")

    found = await asyncio.gather(
        *(service.place(order) for order in orders),
        *(service.enqueue_batch([plain, order]) for order in orders),
        return_exceptions=True,
    )

    (owner,) = [task for task in (await service.list()).items if task.queue_name != "plain"]
    assert 6 == len([each for each in found if isinstance(each, KeyTaken)])
    assert {owner.id} == {each.task for each in found if isinstance(each, Placed)}
    assert 2 == len((await service.list()).items)


async def test_those_who_listen_hear_of_a_batch_with_keys(service: Service, settings: Settings) -> None:
    heard: list[object] = []
    listener = await asyncpg.connect(settings.database_url)
    await listener.add_listener("lapinq_changed", lambda *notice: heard.append(notice[-1]))

    await service.enqueue_batch([Order(task_name="t", module_path="m", idempotency_key="k")])

    await eventually(lambda: heard)
    await listener.close()
