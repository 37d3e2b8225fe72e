"""What every ``Rearranging`` proves."""

from typing import Protocol

import pytest

from taskcore.errors import InvalidInput
from taskcore.ids import TaskId
from taskcore.ports import QueueControls, Rearranging, TaskStore
from taskcore.states import AT_REST, Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import REST, bring_to, claim_one, present, put, put_one, run_one
from taskcore.testing.factories import a_claim, a_settlement, a_task, seconds


class RearrangedStore(TaskStore, Rearranging, QueueControls, Protocol):
    """A task store whose tasks change places."""


class MoveContract:
    """Tasks that wait in another queue from now on."""

    async def test_the_ability_is_announced(self, store: RearrangedStore) -> None:
        assert isinstance(store, Rearranging)

    async def test_a_moved_task_is_handed_out_from_its_new_queue_alone(
        self, store: RearrangedStore, another: RearrangedStore
    ) -> None:
        task, other = await put(store, a_task(queue="here"), a_task(queue="here"))

        assert [True] == list(await store.move([task], "there"))

        assert [other] == [record.id for record in await another.claim(a_claim("w1", "here"))]
        assert [task] == [record.id for record in await another.claim(a_claim("w1", "there"))]

    async def test_all_else_stays_as_it_was(self, store: RearrangedStore, clock: FakeClock) -> None:
        at = clock.now() + seconds(60)
        task = await put_one(
            store, queue="100%1", run_at=at, expires_at=at + seconds(60), priority=-3, concurrency_key="c",
            idempotency_key="k", meta="m",
        )  # fmt: skip
        before = await present(store, task)

        await store.move([task], "50%2")

        after = await present(store, task)
        assert ("50%2", before.queue) == (after.queue, "100%1")
        assert [before.run_at, before.expires_at, -3, "c", "k", "m", 0] == [
            after.run_at, after.expires_at, after.priority, after.concurrency_key, after.idempotency_key, after.meta,
            after.attempt,
        ]  # fmt: skip
        assert [] == list(await store.claim(a_claim("w1", "50%2")))
        clock.advance(60)
        assert [task] == [record.id for record in await store.claim(a_claim("w1", "50%2"))]

    async def test_counts_follow(self, store: RearrangedStore) -> None:
        tasks = await put(store, *[a_task(queue="here")] * 3)

        await store.move(tasks, "there")

        assert {"there": 3} == {each.queue: each.by_state[TaskState.PENDING] for each in await store.counts()}

    async def test_a_move_to_where_it_is_and_back_changes_nothing(self, store: RearrangedStore) -> None:
        task = await put_one(store, queue="here")
        before = await present(store, task)

        assert [True, True] == [*await store.move([task], "here"), *await store.move([task], "there")]
        assert [True] == list(await store.move([task], "here"))

        assert before == await present(store, task)
        assert [task] == [record.id for record in await store.claim(a_claim("w1", "here", "there"))]

    async def test_a_task_that_waits_for_its_retry_can_be_moved(self, store: RearrangedStore, clock: FakeClock) -> None:
        task = await put_one(store)
        await run_one(store, Event.RETRY, delay=seconds(5))

        assert [True] == list(await store.move([task], "there"))

        clock.advance(5)
        (record,) = await store.claim(a_claim("w1", "there"))
        assert (task, 2, 1) == (record.id, record.attempt, record.failures)

    async def test_what_waits_for_a_slot_can_be_moved(self, store: RearrangedStore) -> None:
        first, second = await put(store, *[a_task(queue="here", concurrency_key="k")] * 2)
        assert [first] == [record.id for record in await store.claim(a_claim("w1", "here"))]

        await store.move([second], "there")

        assert [] == list(await store.claim(a_claim("w1", "here", "there")))
        await store.settle([a_settlement(await present(store, first), Event.SUCCEED)])
        assert [second] == [record.id for record in await store.claim(a_claim("w1", "here", "there"))]

    @pytest.mark.parametrize("state", [TaskState.RUNNING, *REST])
    async def test_only_what_is_pending_is_moved(self, store: RearrangedStore, state: TaskState) -> None:
        task = await bring_to(store, state)

        assert [False] == list(await store.move([task], "there"))

        assert "default" == (await present(store, task)).queue

    async def test_answers_come_in_the_order_of_the_tasks(self, store: RearrangedStore) -> None:
        running = await put_one(store)
        await claim_one(store)
        pending = await put_one(store)

        answers = await store.move([TaskId("999"), pending, running, pending], "there")

        assert [False, True, False, True] == list(answers)
        assert [] == list(await store.move([], "there"))

    async def test_what_is_no_name_is_refused(self, store: RearrangedStore) -> None:
        task = await put_one(store)

        for name in ("", "a\nb", "x" * 1000):
            with pytest.raises(InvalidInput, match="queue must be text"):
                await store.move([task], name)

        assert "default" == (await present(store, task)).queue


class KeyReleaseContract:
    """Idempotency keys that others may have."""

    @pytest.mark.parametrize("state", list(TaskState))
    async def test_a_task_at_rest_gives_its_key_away_and_others_keep_theirs(
        self, store: RearrangedStore, state: TaskState
    ) -> None:
        task = await bring_to(store, state, idempotency_key="k")

        assert [state in AT_REST] == list(await store.release_keys([task]))

        (receipt,) = await store.put([a_task(idempotency_key="k")])
        assert receipt.created == (state in AT_REST)
        assert ("k" if state not in AT_REST else None) == (await present(store, task)).idempotency_key

    async def test_a_key_that_another_task_has_by_now_is_not_touched(
        self, store: RearrangedStore, another: RearrangedStore
    ) -> None:
        first = await bring_to(store, TaskState.SUCCEEDED, idempotency_key="k")
        await store.release_keys([first])
        (second,) = await store.put([a_task(idempotency_key="k")])

        assert [False] == list(await another.release_keys([first]))
        await store.delete([first])

        (receipt,) = await store.put([a_task(idempotency_key="k")])
        assert (second.task, False) == (receipt.task, receipt.created)

    async def test_a_task_without_its_key_lives_on(self, store: RearrangedStore) -> None:
        task = await bring_to(store, TaskState.FAILED, idempotency_key="k", concurrency_key="c", meta="m")
        await store.release_keys([task])

        await store.replay([task])

        record = await run_one(store, Event.SUCCEED)
        assert (task, None, "c", "m", 2) == (
            record.id, record.idempotency_key, record.concurrency_key, record.meta, record.attempt,
        )  # fmt: skip

    async def test_answers_come_in_order(self, store: RearrangedStore) -> None:
        keyed = await bring_to(store, TaskState.SUCCEEDED, idempotency_key="k")
        plain = await bring_to(store, TaskState.SUCCEEDED)

        assert [False, False, True] == list(await store.release_keys([TaskId("999"), plain, keyed]))
        assert [] == list(await store.release_keys([]))


class RearrangingContract(MoveContract, KeyReleaseContract):
    """All of it. A backend supplies ``store``, ``another`` and ``clock``."""
