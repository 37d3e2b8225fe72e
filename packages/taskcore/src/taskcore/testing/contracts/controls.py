"""What every ``QueueControls`` proves, and every store about the slots of a ``concurrency_key``."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Protocol

import pytest

from taskcore.errors import InvalidInput
from taskcore.ids import WorkerId
from taskcore.models import QueueControl
from taskcore.models.task import MAX_LIMIT
from taskcore.ports import QueueControls, TaskStore, Wakeup
from taskcore.states import Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import WORKER_EVENTS, claim_one, present, put, put_one
from taskcore.testing.factories import a_claim, a_settlement, a_task, seconds


class ControlledStore(TaskStore, QueueControls, Wakeup, Protocol):
    """A task store whose queues can be held back."""


async def claimed_by(store: TaskStore, worker: str, *queues: str) -> list[str]:
    """The ids of what a claim of up to ten hands out."""
    return [record.id for record in await store.claim(a_claim(worker, *queues))]


class PauseContract:
    """Queues that hand out nothing for a while."""

    async def test_the_ability_is_announced(self, store: ControlledStore) -> None:
        assert isinstance(store, QueueControls)

    async def test_a_paused_queue_hands_out_nothing_and_the_others_go_on(
        self, store: ControlledStore, another: ControlledStore
    ) -> None:
        held, free = await put(store, a_task(queue="held", priority=9), a_task(queue="free"))
        await store.pause("held")

        assert [free] == await claimed_by(another, "w1", "held", "free")
        assert [] == await claimed_by(store, "w1", "held")

        await another.resume("held")
        assert [held] == await claimed_by(store, "w1", "held", "free")

    async def test_what_runs_in_a_paused_queue_goes_on(self, store: ControlledStore) -> None:
        task = await put_one(store)
        held = await claim_one(store)
        await store.pause("default")

        assert [True] == list(await store.settle([a_settlement(held, Event.RETRY)]))

        assert TaskState.PENDING is (await present(store, task)).state
        assert [] == await claimed_by(store, "w1")

    async def test_what_is_put_while_a_queue_is_paused_waits(self, store: ControlledStore) -> None:
        await store.pause("default")
        task = await put_one(store)
        assert [] == await claimed_by(store, "w1")

        await store.resume("default")

        assert [task] == await claimed_by(store, "w1")

    async def test_a_task_is_taken_by_its_id_from_a_paused_queue(self, store: ControlledStore) -> None:
        task = await put_one(store)
        await store.pause("default")

        assert await store.take(task, WorkerId("w1"), seconds(30)) is not None

    async def test_controls_tell_what_is_set(self, store: ControlledStore, another: ControlledStore) -> None:
        assert [] == list(await store.controls())

        await store.pause("b")
        await store.limit("b", 3)
        await store.limit("a", 1)
        await store.pause("c")
        await store.resume("c")
        await store.resume("never paused")

        expected = [QueueControl(queue="a", concurrency=1), QueueControl(queue="b", paused=True, concurrency=3)]
        assert expected == list(await another.controls())

        await store.limit("a", None)
        await store.resume("b")
        assert [QueueControl(queue="b", concurrency=3)] == list(await store.controls())

    @pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
    async def test_a_limit_that_is_no_number_of_slots_is_refused(self, store: ControlledStore, limit: int) -> None:
        with pytest.raises(InvalidInput):
            await store.limit("default", limit)

        assert [] == list(await store.controls())

    @pytest.mark.parametrize("queue", ["", "a\nb", "x" * 201])
    async def test_a_queue_that_is_no_name_is_refused(self, store: ControlledStore, queue: str) -> None:
        for setting in (store.pause(queue), store.resume(queue), store.limit(queue, 1)):
            with pytest.raises(InvalidInput):
                await setting

        assert [] == list(await store.controls())


class QueueLimitContract:
    """At most so many tasks of a queue at the same time."""

    async def test_no_more_run_than_the_limit_says(self, store: ControlledStore, another: ControlledStore) -> None:
        tasks = await put(store, *[a_task()] * 5)
        other = await put_one(store, queue="other")
        await store.limit("default", 2)

        assert {*tasks[:2], other} == set(await claimed_by(store, "w1", "default", "other"))
        assert [] == await claimed_by(another, "w2")

    @pytest.mark.parametrize("event", WORKER_EVENTS)
    async def test_the_end_of_an_attempt_frees_its_slot(
        self, store: ControlledStore, clock: FakeClock, event: Event
    ) -> None:
        first, second = await put(store, a_task(), a_task())
        await store.limit("default", 1)
        held = await claim_one(store)
        assert (first, []) == (held.id, await claimed_by(store, "w2"))

        end = a_settlement(held, event, delay=seconds(60), run_at=clock.now() + seconds(60))
        assert [True] == list(await store.settle([end]))

        assert [second] == await claimed_by(store, "w2")

    async def test_a_worker_that_is_gone_frees_its_slot_with_its_lease(
        self, store: ControlledStore, clock: FakeClock
    ) -> None:
        await put_one(store)
        await store.limit("default", 1)
        await claim_one(store)
        clock.advance(31)
        (overdue,) = await store.overdue(10)

        await store.recover([a_settlement(overdue, Event.LOSE)])

        assert 2 == (await claim_one(store, "w2")).attempt

    async def test_a_lower_limit_stops_nothing_and_a_higher_one_lets_more_begin(self, store: ControlledStore) -> None:
        await put(store, *[a_task()] * 6)
        running = await store.claim(a_claim(limit=3))
        await store.limit("default", 1)
        assert [] == await claimed_by(store, "w2")

        assert [True] * 2 == list(await store.settle([a_settlement(task) for task in running[:2]]))
        assert [] == await claimed_by(store, "w2")

        await store.limit("default", 2)
        assert 1 == len(await claimed_by(store, "w2"))
        await store.limit("default", None)
        assert 2 == len(await claimed_by(store, "w2"))

    async def test_concurrent_claims_keep_the_limit(self, store: ControlledStore, another: ControlledStore) -> None:
        await put(store, *[a_task()] * 40)
        await store.limit("default", 7)

        claims = [handle.claim(a_claim(f"w{n}", limit=3)) for n, handle in enumerate([store, another] * 6)]
        batches = [*await asyncio.gather(*claims), await store.claim(a_claim(limit=20))]

        assert 7 == sum(len(batch) for batch in batches)

    async def test_what_is_taken_by_its_id_fills_a_slot_and_needs_none(self, store: ControlledStore) -> None:
        first, second, third = await put(store, *[a_task()] * 3)
        await store.limit("default", 1)
        assert [first] == await claimed_by(store, "w1")

        taken = await store.take(second, WorkerId("w1"), seconds(30))

        assert taken is not None
        await store.settle([a_settlement(await present(store, first))])
        assert [] == await claimed_by(store, "w1")
        await store.settle([a_settlement(taken)])
        assert [third] == await claimed_by(store, "w1")


class KeyLimitContract:
    """At most so many tasks of a key at the same time, in whatever queue."""

    async def test_the_order_is_kept_with_the_task(self, store: ControlledStore) -> None:
        task = await put_one(store, concurrency_key="größe", concurrency_limit=3)

        for record in (await present(store, task), await claim_one(store)):
            assert ("größe", 3) == (record.concurrency_key, record.concurrency_limit)

    async def test_tasks_of_a_key_run_one_after_the_other_and_others_pass_them(
        self, store: ControlledStore, another: ControlledStore
    ) -> None:
        first, second, elsewhere = await put(
            store,
            a_task(concurrency_key="k", priority=2),
            a_task(concurrency_key="k", priority=1),
            a_task(concurrency_key="k", queue="other"),
        )
        plain = await put_one(store)
        held = await claim_one(store)
        assert first == held.id

        assert [plain] == await claimed_by(another, "w2", "default", "other")
        await store.settle([a_settlement(held)])
        assert [second] == await claimed_by(another, "w2", "default", "other")
        await store.settle([a_settlement(await present(store, second))])
        assert [elsewhere] == await claimed_by(another, "w2", "default", "other")

    async def test_one_claim_keeps_the_limit_within_itself(self, store: ControlledStore) -> None:
        tasks = await put(store, *[a_task(concurrency_key="k", concurrency_limit=2)] * 4, a_task())

        claimed = await claimed_by(store, "w1")
        # A store may look at a few tasks at a time, and hand out the rest with the next claim.
        claimed += await claimed_by(store, "w1")

        assert {*tasks[:2], tasks[4]} == set(claimed)

    async def test_each_task_is_held_to_its_own_limit(self, store: ControlledStore) -> None:
        wide, narrow, wider = await put(
            store,
            a_task(concurrency_key="k", concurrency_limit=2),
            a_task(concurrency_key="k", concurrency_limit=1),
            a_task(concurrency_key="k", concurrency_limit=2),
        )

        assert wide == (await claim_one(store)).id
        assert wider == (await claim_one(store)).id
        assert [] == await claimed_by(store, "w1")
        for task in (wide, wider):
            await store.settle([a_settlement(await present(store, task))])
        assert [narrow] == await claimed_by(store, "w1")

    async def test_concurrent_claims_keep_the_limit(self, store: ControlledStore, another: ControlledStore) -> None:
        await put(store, *[a_task(concurrency_key="k", concurrency_limit=3)] * 20)

        claims = [handle.claim(a_claim(f"w{n}", limit=2)) for n, handle in enumerate([store, another] * 6)]
        batches = [*await asyncio.gather(*claims), await store.claim(a_claim(limit=20))]

        assert 3 == sum(len(batch) for batch in batches)

    async def test_the_slot_goes_with_an_exchange(self, store: ControlledStore) -> None:
        await put(store, *[a_task(concurrency_key="k")] * 2)
        held = await claim_one(store)

        _, claimed = await store.exchange([a_settlement(held)], a_claim())
        # A store may see the free slot with the next claim only.
        claimed = [*claimed, *await store.claim(a_claim())]

        assert 1 == len(claimed)

    async def test_a_task_that_was_deleted_or_cancelled_fills_no_slot(self, store: ControlledStore) -> None:
        first, second, third = await put(store, *[a_task(concurrency_key="k")] * 3)
        await store.cancel([first])
        await store.delete([second])

        assert [third] == await claimed_by(store, "w1")


class PatienceContract:
    """Who waits for work is not told of work that may not begin, and is told as soon as it may."""

    async def test_a_paused_queue_wakes_nobody_until_it_is_resumed(
        self, store: ControlledStore, another: ControlledStore
    ) -> None:
        await store.pause("default")
        await put_one(store)

        await self._wakes_only_after(store, another.resume("default"))

    async def test_a_full_queue_wakes_nobody_until_a_slot_is_free(
        self, store: ControlledStore, another: ControlledStore
    ) -> None:
        await store.limit("default", 1)
        await put(store, *[a_task()] * 2)
        held = await claim_one(store)

        await self._wakes_only_after(store, another.settle([a_settlement(held)]))

    async def test_a_key_without_slots_wakes_nobody_until_one_is_free(
        self, store: ControlledStore, another: ControlledStore
    ) -> None:
        await put(store, *[a_task(concurrency_key="k")] * 2)
        held = await claim_one(store)

        await self._wakes_only_after(store, another.settle([a_settlement(held)]))

    @staticmethod
    async def _wakes_only_after(store: ControlledStore, step: Awaitable[object]) -> None:
        begun, returns = time.monotonic(), 0
        while time.monotonic() - begun < 0.3:  # A store that is told for nothing returns again and again.
            await store.wait_for_work(["default"], 0.1)
            returns += 1
        assert returns < 10

        waiting = asyncio.create_task(store.wait_for_work(["default"], 60))
        await asyncio.sleep(0.02)  # let it begin to wait; too short a pause makes the test easier, never wrong
        await step
        await asyncio.wait_for(waiting, 30)
        assert 1 == len(await store.claim(a_claim(limit=1)))


class QueueControlsContract(PauseContract, QueueLimitContract, KeyLimitContract, PatienceContract):
    """A backend supplies ``clock``, ``store`` and ``another``, as for ``TaskStoreContract``."""
