"""What every ``TaskWork`` proves about handing tasks out and keeping them."""

import asyncio
from datetime import timedelta

import pytest

from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Renewal
from taskcore.ports import TaskStore
from taskcore.states import Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import REST, bring_to, claim_one, present, put, put_one
from taskcore.testing.factories import a_claim, a_report, a_settlement, a_task, seconds

W1 = WorkerId("w1")


class ClaimContract:
    """Ready tasks, each to one caller, best first."""

    async def test_a_claimed_task_is_running_and_leased(
        self, store: TaskStore, another: TaskStore, clock: FakeClock
    ) -> None:
        task = await put_one(store)

        held = await claim_one(store, "w1", lease_for=seconds(30))

        assert (task, TaskState.RUNNING, 1, "w1") == (held.id, held.state, held.attempt, held.worker)
        assert clock.now() + seconds(30) == held.lease_until
        assert held == await present(another, task)

    async def test_a_claimed_task_is_not_handed_out_again(self, store: TaskStore, another: TaskStore) -> None:
        await put_one(store)
        await claim_one(store)

        assert [] == list(await another.claim(a_claim("w2")))

    async def test_a_lease_that_runs_out_does_not_end_the_attempt(
        self, store: TaskStore, another: TaskStore, clock: FakeClock
    ) -> None:
        await put_one(store)
        held = await claim_one(store)

        clock.advance(3600)

        assert [] == list(await another.claim(a_claim("w2")))
        assert held == await present(store, held.id)

    async def test_a_task_is_ready_when_its_instant_is_reached(self, store: TaskStore, clock: FakeClock) -> None:
        task = await put_one(store, run_at=clock.now() + timedelta(seconds=10, microseconds=1))

        clock.advance(10)
        assert [] == list(await store.claim(a_claim()))

        clock.advance(timedelta(microseconds=1))
        assert task == (await claim_one(store)).id

    async def test_a_clock_that_is_set_back_hands_out_nothing_early(self, store: TaskStore, clock: FakeClock) -> None:
        await put(store, *[a_task(run_at=clock.now() + seconds(10))] * 2)
        clock.advance(10)
        await claim_one(store)

        clock.jump(-5)
        assert [] == list(await store.claim(a_claim()))

        clock.jump(5)
        assert 1 == len(await store.claim(a_claim()))

    async def test_a_task_that_is_past_its_expiry_is_not_handed_out(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store, expires_at=clock.now() + seconds(10))

        clock.advance(11)

        assert [] == list(await store.claim(a_claim()))

    async def test_at_the_very_instant_of_expiry_a_task_is_either_ready_or_past(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        task = await put_one(store, expires_at=clock.now() + seconds(10))
        clock.advance(10)

        claimed = [record.id for record in await store.claim(a_claim())]
        expired = list(await store.expire(10))

        assert [task] == claimed + expired

    @pytest.mark.parametrize("state", REST)
    async def test_a_task_at_rest_is_not_handed_out(self, store: TaskStore, state: TaskState) -> None:
        await bring_to(store, state)

        assert [] == list(await store.claim(a_claim()))

    async def test_only_the_wanted_queues_are_looked_at(self, store: TaskStore) -> None:
        a, _, c = await put(store, a_task(queue="a"), a_task(queue="b"), a_task(queue="c"))

        assert [a, c] == [record.id for record in await store.claim(a_claim("w1", "a", "c", "nobody's"))]

    async def test_the_best_come_first_whatever_their_queue(self, store: TaskStore, clock: FakeClock) -> None:
        early, late = clock.now() - seconds(2), clock.now() - seconds(1)
        sixth, fifth, fourth, first, second, third = await put(
            store,
            a_task(priority=-1, run_at=early),
            a_task(priority=0, run_at=late, queue="other"),
            a_task(priority=0, run_at=early),
            a_task(priority=9, run_at=early, queue="other"),
            a_task(priority=9, run_at=early),
            a_task(priority=9, run_at=late),
        )

        ranked = [record.id for record in await store.claim(a_claim("w1", "default", "other"))]

        assert [first, second, third, fourth, fifth, sixth] == ranked

    async def test_equal_tasks_are_handed_out_as_they_were_put(self, store: TaskStore) -> None:
        tasks = [*await put(store, *[a_task()] * 30), await put_one(store), await put_one(store)]

        assert tasks == [(await claim_one(store)).id for _ in tasks]

    async def test_a_claim_takes_no_more_than_its_limit(self, store: TaskStore) -> None:
        await put(store, *[a_task()] * 1005)

        assert 1000 == len(await store.claim(a_claim(limit=1000)))
        assert [] == list(await store.claim(a_claim(limit=0)))
        assert 5 == len(await store.claim(a_claim(limit=1000)))

    async def test_concurrent_claims_share_no_task(self, store: TaskStore, another: TaskStore) -> None:
        tasks = await put(store, *[a_task()] * 200)
        claims = [handle.claim(a_claim(f"w{n}", limit=15)) for n, handle in enumerate([store, another] * 8)]

        batches = await asyncio.gather(*claims)

        # A store may pass over what others are just taking, so the rest is fetched afterwards.
        batches.append(await store.claim(a_claim(limit=200)))
        assert sorted(tasks) == sorted(record.id for batch in batches for record in batch)

    async def test_a_claim_clears_what_the_attempt_before_it_left(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store)
        held = await claim_one(store)
        await store.report([a_report(held, progress=0.7, note="nearly")])
        await store.settle([a_settlement(held, Event.RETRY, started_at=clock.now(), finished_at=clock.now())])
        clock.advance(60)

        again = await claim_one(store)

        assert (2, None, None, None) == (again.attempt, again.progress, again.progress_note, again.finished_at)
        assert again.started_at in (None, clock.now())


class TakeContract:
    """One task by its id."""

    async def test_a_pending_task_is_taken_before_it_is_due(self, store: TaskStore, clock: FakeClock) -> None:
        task = await put_one(store, queue="other", run_at=clock.now() + seconds(3600))

        held = await store.take(task, W1, seconds(30))

        assert held is not None
        assert (task, TaskState.RUNNING, 1, W1) == (held.id, held.state, held.attempt, held.worker)
        assert clock.now() + seconds(30) == held.lease_until
        assert held == await present(store, task)
        assert [True] == list(await store.settle([a_settlement(held)]))

    @pytest.mark.parametrize("state", [TaskState.RUNNING, *REST])
    async def test_only_a_pending_task_is_taken(self, store: TaskStore, state: TaskState) -> None:
        task = await bring_to(store, state)
        before = await present(store, task)

        assert await store.take(task, W1, seconds(30)) is None
        assert before == await present(store, task)

    async def test_an_unknown_task_is_not_taken(self, store: TaskStore) -> None:
        assert await store.take(TaskId("404404404"), W1, seconds(30)) is None

    async def test_a_taken_task_is_not_handed_out(self, store: TaskStore, another: TaskStore) -> None:
        task = await put_one(store)
        await store.take(task, W1, seconds(30))

        assert [] == list(await another.claim(a_claim("w2")))
        assert await another.take(task, WorkerId("w2"), seconds(30)) is None


class RenewContract:
    """Leases that go on."""

    async def test_a_renewed_lease_counts_from_now(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store)
        held = await claim_one(store, lease_for=seconds(30))
        clock.advance(20)

        assert [Renewal.HELD] == list(await store.renew([held.fence], seconds(30)))

        assert clock.now() + seconds(30) == (await present(store, held.id)).lease_until
        clock.advance(29)
        assert [] == list(await store.overdue(10))

    async def test_a_lease_that_ran_out_but_was_not_taken_back_is_held_again(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        await put_one(store)
        held = await claim_one(store, lease_for=seconds(30))
        clock.advance(3600)
        assert [held.id] == [record.id for record in await store.overdue(10)]

        assert [Renewal.HELD] == list(await store.renew([held.fence], seconds(30)))

        assert [] == list(await store.overdue(10))
        assert [True] == list(await store.settle([a_settlement(held)]))

    async def test_who_renews_hears_of_a_cancellation_and_keeps_the_lease(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        await put_one(store)
        held = await claim_one(store)
        await store.cancel([held.id])
        clock.advance(20)

        assert [Renewal.CANCEL] == list(await store.renew([held.fence], seconds(30)))
        assert clock.now() + seconds(30) == (await present(store, held.id)).lease_until

    async def test_renew_answers_in_the_order_of_a_large_batch(self, store: TaskStore) -> None:
        await put(store, *[a_task()] * 1000)
        held = await store.claim(a_claim(limit=1000))
        await store.settle([a_settlement(task) for task in held[::2]])
        await store.cancel([task.id for task in held[1::4]])

        answers = await store.renew([task.fence for task in held], seconds(30))

        assert [Renewal.LOST, Renewal.CANCEL, Renewal.LOST, Renewal.HELD] * 250 == list(answers)

    async def test_renewing_nothing_is_fine(self, store: TaskStore) -> None:
        assert [] == list(await store.renew([], seconds(30)))


class CancellationsContract:
    """How a worker hears that it should stop."""

    async def test_a_worker_hears_of_its_own_tasks_alone(self, store: TaskStore, another: TaskStore) -> None:
        await put(store, *[a_task()] * 4)
        first, second, _ = await store.claim(a_claim("w1", limit=3))
        other = await claim_one(store, "w2")
        assert [] == list(await store.cancellations(W1))

        await another.cancel([first.id, second.id, other.id])

        assert {first.fence, second.fence} == set(await store.cancellations(W1))

    async def test_it_hears_no_more_once_the_task_is_settled(self, store: TaskStore) -> None:
        await put_one(store)
        held = await claim_one(store)
        await store.cancel([held.id])

        await store.settle([a_settlement(held, Event.CANCEL)])

        assert [] == list(await store.cancellations(W1))
