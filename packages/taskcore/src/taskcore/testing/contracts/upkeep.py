"""What every ``TaskUpkeep`` proves: the reaper's and retention's part."""

import asyncio
from datetime import timedelta

import pytest

from taskcore.errors import IllegalMove
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, Event, TaskState, target
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import REST, WORKER_EVENTS, bring_to, claim_one, present, put, put_one, run_one
from taskcore.testing.factories import a_claim, a_line, a_settlement, a_task, seconds

DAY = timedelta(days=1)


class RecoverContract:
    """Tasks whose workers are gone."""

    async def test_overdue_are_the_running_tasks_whose_lease_has_run_out_longest_ago_first(
        self, store: TaskStore, another: TaskStore, clock: FakeClock
    ) -> None:
        await put(store, *[a_task()] * 5)
        slow = await claim_one(store, lease_for=seconds(40))
        quick = await claim_one(store, lease_for=seconds(20))
        middle = await claim_one(store, lease_for=seconds(30))
        settled = await claim_one(store, lease_for=seconds(10))
        await store.settle([a_settlement(settled)])
        assert [] == list(await another.overdue(10))

        clock.advance(31)
        assert [quick, middle] == list(await another.overdue(10))
        clock.advance(10)
        assert [quick, middle, slow] == list(await another.overdue(10))
        assert [quick] == list(await another.overdue(1))

    @pytest.mark.parametrize("event", WORKER_EVENTS)
    async def test_an_overdue_attempt_is_ended_on_behalf_of_its_worker(
        self, store: TaskStore, another: TaskStore, clock: FakeClock, event: Event
    ) -> None:
        await put_one(store)
        held = await claim_one(store)
        clock.advance(31)

        assert [True] == list(await another.recover([a_settlement(held, event, run_at=clock.now())]))

        record = await present(store, held.id)
        assert (target(event), None) == (record.state, record.lease_until)
        assert [event] == [attempt.ended for attempt in await store.attempts(held.id)]

    async def test_a_lost_task_is_due_after_its_delay_and_counts_the_loss(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        await put_one(store)
        held = await claim_one(store)
        clock.advance(31)

        await store.recover([a_settlement(held, Event.LOSE, delay=seconds(5))])

        record = await present(store, held.id)
        assert (clock.now() + seconds(5), 0, 1) == (record.run_at, record.failures, record.losses)
        clock.advance(5)
        assert 2 == (await claim_one(store, "w2")).attempt

    async def test_a_lease_that_was_renewed_meanwhile_is_left_alone(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store)
        await claim_one(store)
        clock.advance(31)
        (seen,) = await store.overdue(10)
        await store.renew([seen.fence], seconds(30))

        assert [False] == list(await store.recover([a_settlement(seen, Event.LOSE)]))

        record = await present(store, seen.id)
        assert (TaskState.RUNNING, clock.now() + seconds(30)) == (record.state, record.lease_until)
        assert [True] == list(await store.settle([a_settlement(record)]))

    async def test_a_lease_that_holds_is_left_alone(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store)
        held = await claim_one(store)
        clock.advance(29)

        assert [False] == list(await store.recover([a_settlement(held, Event.LOSE)]))
        assert held == await present(store, held.id)

    async def test_of_two_reapers_one_recovers(self, store: TaskStore, another: TaskStore, clock: FakeClock) -> None:
        await put(store, *[a_task()] * 20)
        held = await store.claim(a_claim(limit=20))
        clock.advance(31)
        lost = [a_settlement(task, Event.LOSE) for task in held]

        first, second = await asyncio.gather(store.recover(lost), another.recover(lost))

        assert [1] * 20 == [a + b for a, b in zip(first, second, strict=True)]
        assert {1} == {(await present(store, task.id)).losses for task in held}

    async def test_recover_answers_in_order(self, store: TaskStore, clock: FakeClock) -> None:
        await put(store, *[a_task()] * 4)
        held = await store.claim(a_claim())
        clock.advance(31)
        await store.renew([held[1].fence], seconds(30))
        await store.settle([a_settlement(held[3])])

        lost = [a_settlement(task, Event.LOSE) for task in held]

        assert [True, False, True, False] == list(await store.recover(lost))

    async def test_an_event_that_no_running_task_has_recovers_nothing(self, store: TaskStore, clock: FakeClock) -> None:
        await put(store, a_task(), a_task())
        held, other = await store.claim(a_claim())
        clock.advance(31)

        with pytest.raises(IllegalMove):
            await store.recover([a_settlement(held, Event.LOSE), a_settlement(other, Event.EXPIRE)])

        assert held == await present(store, held.id)


class ExpireContract:
    """Tasks that nobody wants any more."""

    async def test_a_pending_task_past_its_expiry_is_expired(
        self, store: TaskStore, another: TaskStore, clock: FakeClock
    ) -> None:
        late, scheduled = await put(
            store,
            a_task(expires_at=clock.now() + seconds(10)),
            a_task(expires_at=clock.now() + seconds(10), run_at=clock.now() + seconds(60)),
        )
        await put(store, a_task(), a_task(expires_at=clock.now() + seconds(60)))
        assert [] == list(await store.expire(10))

        clock.advance(11)
        assert {late, scheduled} == set(await store.expire(10))

        record = await present(another, late)
        assert (TaskState.EXPIRED, clock.now()) == (record.state, record.finished_at)
        assert [] == list(await store.expire(10))

    async def test_an_attempt_that_has_begun_does_not_expire(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store, expires_at=clock.now() + seconds(10))
        held = await claim_one(store)
        clock.advance(11)

        assert [] == list(await store.expire(10))
        assert [True] == list(await store.settle([a_settlement(held)]))

    async def test_a_task_that_waits_for_a_retry_expires(self, store: TaskStore, clock: FakeClock) -> None:
        task = await put_one(store, expires_at=clock.now() + seconds(10))
        await run_one(store, Event.RETRY, delay=seconds(5))
        clock.advance(11)

        assert [task] == list(await store.expire(10))

    async def test_expire_takes_no_more_than_its_limit(self, store: TaskStore, clock: FakeClock) -> None:
        tasks = await put(store, *[a_task(expires_at=clock.now() - seconds(1))] * 5)

        batches = [await store.expire(2) for _ in range(4)]

        assert [2, 2, 1, 0] == [len(batch) for batch in batches]
        assert sorted(tasks) == sorted(task for batch in batches for task in batch)


class PruneContract:
    """Retention."""

    @pytest.mark.parametrize("state", REST)
    async def test_a_task_that_rests_for_long_is_removed(
        self, store: TaskStore, another: TaskStore, clock: FakeClock, state: TaskState
    ) -> None:
        task = await bring_to(store, state)
        clock.advance(DAY)
        assert 0 == await store.prune(frozenset({state}), DAY + seconds(1), 10)

        clock.advance(2)
        assert 1 == await store.prune(frozenset({state}), DAY + seconds(1), 10)

        assert await another.get(task) is None

    @pytest.mark.parametrize("state", [TaskState.PENDING, TaskState.RUNNING])
    async def test_an_active_task_is_never_removed(self, store: TaskStore, clock: FakeClock, state: TaskState) -> None:
        """Not even one whose last attempt finished long ago."""
        task = await put_one(store)
        await run_one(store, Event.RETRY)
        if state is TaskState.RUNNING:
            await claim_one(store)
        clock.advance(DAY)

        assert 0 == await store.prune(frozenset(TaskState), seconds(1), 10)
        assert state == (await present(store, task)).state

    async def test_other_states_are_kept(self, store: TaskStore, clock: FakeClock) -> None:
        kept = await bring_to(store, TaskState.FAILED)
        await bring_to(store, TaskState.SUCCEEDED)
        clock.advance(DAY)

        assert 1 == await store.prune(AT_REST - {TaskState.FAILED}, seconds(1), 10)
        assert TaskState.FAILED == (await present(store, kept)).state

    async def test_the_oldest_go_first(self, store: TaskStore, clock: FakeClock) -> None:
        tasks = []
        for _ in range(5):
            tasks.append(await bring_to(store, TaskState.SUCCEEDED))
            clock.advance(60)
        clock.advance(DAY)

        removed = await store.prune(AT_REST, DAY, 3)

        assert 3 == removed
        assert [None, None, None] == [await store.get(task) for task in tasks[:3]]
        assert tasks[3:] == [(await present(store, task)).id for task in tasks[3:]]

    async def test_attempts_logs_and_keys_go_with_their_task(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store, idempotency_key="k")
        await run_one(store, Event.RETRY)
        done = await run_one(store, Event.SUCCEED)
        await store.add_logs([a_line(done)])
        clock.advance(DAY)

        await store.prune(AT_REST, seconds(1), 10)

        assert ([], []) == (list(await store.attempts(done.id)), list(await store.logs(done.id)))
        (receipt,) = await store.put([a_task(idempotency_key="k")])
        assert receipt.created
