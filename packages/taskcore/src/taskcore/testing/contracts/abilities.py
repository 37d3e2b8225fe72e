"""What stores with an optional ability prove."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Protocol

import pytest

from taskcore.models import Receipt, TaskQuery
from taskcore.ports import TaskStore, TransactionalEnqueue, Wakeup
from taskcore.states import Event
from taskcore.testing.contracts.steps import put_one, run_one
from taskcore.testing.factories import a_claim, a_task

Begin = Callable[[], AbstractAsyncContextManager[Any]]


class NoticingStore(TaskStore, Wakeup, Protocol):
    """A task store that notices new work."""


class EnqueuingStore(TaskStore, TransactionalEnqueue[Any], Protocol):
    """A task store in the application's own database."""


class WakeupContract:
    """A backend supplies ``store`` and ``another`` (a second handle on the same data).

    Attributes:
        soon: seconds that a busy machine may take for what should be immediate.
    """

    soon: ClassVar[float] = 30.0

    async def test_the_ability_is_announced(self, store: NoticingStore) -> None:
        assert isinstance(store, Wakeup)

    async def test_without_work_it_returns_when_the_time_is_over(self, store: NoticingStore) -> None:
        begun = time.monotonic()

        await store.wait_for_work(["default"], 0.05)

        assert time.monotonic() - begun < self.soon

    async def test_work_that_is_there_already_is_noticed(self, store: NoticingStore) -> None:
        """Or a task that is put between a claim and the wait would lie there until the next poll."""
        await put_one(store)

        await asyncio.wait_for(store.wait_for_work(["default"], 60), self.soon)

    async def test_work_that_comes_is_noticed(self, store: NoticingStore, another: NoticingStore) -> None:
        waiting = asyncio.create_task(store.wait_for_work(["other", "default"], 60))
        await asyncio.sleep(0.02)  # let it begin to wait; too short a pause makes the test easier, never wrong

        await put_one(another)

        await asyncio.wait_for(waiting, self.soon)
        assert 1 == len(await store.claim(a_claim()))

    async def test_work_that_comes_back_is_noticed(self, store: NoticingStore, another: NoticingStore) -> None:
        task = await put_one(store)
        await run_one(store, Event.FAIL)
        waiting = asyncio.create_task(store.wait_for_work(["default"], 60))
        await asyncio.sleep(0.02)  # as above

        await another.replay([task])

        await asyncio.wait_for(waiting, self.soon)

    async def test_every_waiter_is_told(self, store: NoticingStore, another: NoticingStore) -> None:
        waiting = [asyncio.create_task(handle.wait_for_work(["default"], 60)) for handle in [store, another] * 3]
        await asyncio.sleep(0.02)  # as above

        await put_one(store)

        await asyncio.wait_for(asyncio.gather(*waiting), self.soon)

    async def test_a_wait_can_be_given_up(self, store: NoticingStore) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(store.wait_for_work(["default"], 60), 0.02)

        await put_one(store)


class TransactionalEnqueueContract:
    """A backend supplies ``store``, and ``begin``: a function that opens a transaction of the application on the same
    database, as a context manager that commits at its end and rolls back on an exception."""

    async def test_the_ability_is_announced(self, store: TaskStore) -> None:
        assert isinstance(store, TransactionalEnqueue)

    async def test_tasks_exist_once_the_transaction_commits(self, store: EnqueuingStore, begin: Begin) -> None:
        async with begin() as connection:
            receipts = await store.put_within(connection, [a_task(payload="1"), a_task(payload="2")])
            assert [] == list(await store.find(TaskQuery()))

        assert [True, True] == [receipt.created for receipt in receipts]
        records = [await store.get(receipt.task) for receipt in receipts]
        assert ["1", "2"] == [record.payload for record in records if record is not None]
        assert 2 == len(await store.claim(a_claim()))

    async def test_tasks_vanish_with_a_transaction_that_fails(self, store: EnqueuingStore, begin: Begin) -> None:
        async def put_and_fail() -> None:
            async with begin() as connection:
                await store.put_within(connection, [a_task(idempotency_key="k")])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await put_and_fail()

        assert [] == list(await store.find(TaskQuery()))
        (receipt,) = await store.put([a_task(idempotency_key="k")])
        assert receipt.created

    async def test_keys_count_within_a_transaction(self, store: EnqueuingStore, begin: Begin) -> None:
        (stored,) = await store.put([a_task(idempotency_key="stored")])

        async with begin() as connection:
            (first,) = await store.put_within(connection, [a_task(idempotency_key="new")])
            again = await store.put_within(connection, [a_task(idempotency_key=key) for key in ("new", "stored")])

        assert [Receipt(first.task, created=False), Receipt(stored.task, created=False)] == list(again)
