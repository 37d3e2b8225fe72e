"""What every ``TaskQueue`` proves about an operator's hand: cancel, replay, delete."""

import pytest

from taskcore.ids import TaskId
from taskcore.models import TaskError
from taskcore.ports import TaskStore
from taskcore.states import ACTIVE, Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import REST, bring_to, claim_one, present, put_one, run_one
from taskcore.testing.factories import a_claim, a_line, a_report, a_settlement, seconds

UNKNOWN = TaskId("404404404")


class CancelContract:
    """Stopping tasks from outside."""

    @pytest.mark.parametrize("delay", [0, 3600], ids=["due", "scheduled"])
    async def test_a_pending_task_is_cancelled_at_once(
        self, store: TaskStore, another: TaskStore, clock: FakeClock, delay: float
    ) -> None:
        task = await put_one(store, run_at=clock.now() + seconds(delay))

        assert [TaskState.CANCELLED] == list(await store.cancel([task]))

        record = await present(another, task)
        assert (TaskState.CANCELLED, clock.now()) == (record.state, record.finished_at)
        clock.advance(3600)
        assert [] == list(await store.claim(a_claim()))

    async def test_a_running_task_goes_on_until_its_worker_hears_of_it(
        self, store: TaskStore, another: TaskStore
    ) -> None:
        await put_one(store)
        held = await claim_one(store)

        assert [TaskState.RUNNING] == list(await another.cancel([held.id]))

        record = await present(store, held.id)
        assert (TaskState.RUNNING, True) == (record.state, record.cancel_requested)
        assert held.fence == record.fence

    @pytest.mark.parametrize("state", REST)
    async def test_a_task_at_rest_is_left_as_it_is(self, store: TaskStore, state: TaskState) -> None:
        task = await bring_to(store, state)
        before = await present(store, task)

        assert [state] == list(await store.cancel([task]))
        assert before == await present(store, task)

    async def test_cancel_answers_in_order_also_for_what_is_unknown(self, store: TaskStore) -> None:
        done = await bring_to(store, TaskState.SUCCEEDED)
        running = await bring_to(store, TaskState.RUNNING)
        pending = await put_one(store)

        answers = await store.cancel([pending, UNKNOWN, running, done])

        assert [TaskState.CANCELLED, None, TaskState.RUNNING, TaskState.SUCCEEDED] == list(answers)


class ReplayContract:
    """Starting tasks at rest anew."""

    @pytest.mark.parametrize("state", REST)
    async def test_a_task_at_rest_is_pending_and_due_again(
        self, store: TaskStore, clock: FakeClock, state: TaskState
    ) -> None:
        task = await bring_to(store, state)
        clock.advance(60)

        assert [True] == list(await store.replay([task]))

        record = await present(store, task)
        assert (TaskState.PENDING, clock.now()) == (record.state, record.run_at)

    async def test_a_task_that_expired_does_not_expire_again(self, store: TaskStore, clock: FakeClock) -> None:
        task = await put_one(store, expires_at=clock.now() + seconds(5))
        clock.advance(6)
        assert [task] == list(await store.expire(10))

        assert [True] == list(await store.replay([task]))

        assert [] == list(await store.expire(10))
        assert [task] == [record.id for record in await store.claim(a_claim())]

    async def test_a_replayed_task_starts_anew_but_for_its_attempt(self, store: TaskStore) -> None:
        await put_one(store, payload="7")
        for event in (Event.LOSE, Event.RETRY):
            await run_one(store, event)
        held = await claim_one(store)
        await store.report([a_report(held, progress=0.5, note="half")])
        await store.cancel([held.id])
        await store.settle([a_settlement(held, Event.FAIL, error=TaskError("ValueError", "no"))])

        await store.replay([held.id])

        again = await claim_one(store, "w2")
        assert (held.id, 4, "7") == (again.id, again.attempt, again.payload)
        assert (0, 0, False) == (again.failures, again.losses, again.cancel_requested)
        assert (None, None, None, None) == (again.progress, again.progress_note, again.result, again.error)

    @pytest.mark.parametrize("state", sorted(ACTIVE))
    async def test_an_active_task_is_not_replayed(self, store: TaskStore, state: TaskState) -> None:
        task = await bring_to(store, state)
        before = await present(store, task)

        assert [False] == list(await store.replay([task]))
        assert before == await present(store, task)

    async def test_replay_answers_in_order_and_replays_a_task_once(self, store: TaskStore) -> None:
        done, failed = await bring_to(store, TaskState.SUCCEEDED), await bring_to(store, TaskState.FAILED)

        assert [True, False, True, False] == list(await store.replay([done, UNKNOWN, failed, done]))


class DeleteContract:
    """Removing tasks."""

    @pytest.mark.parametrize("state", [TaskState.PENDING, *REST])
    async def test_a_task_that_does_not_run_is_removed(
        self, store: TaskStore, another: TaskStore, state: TaskState
    ) -> None:
        task = await bring_to(store, state)

        assert 1 == await store.delete([task])

        assert await another.get(task) is None
        assert [] == list(await store.claim(a_claim()))

    async def test_attempts_and_logs_go_with_their_task(self, store: TaskStore) -> None:
        await put_one(store)
        done = await run_one(store, Event.RETRY)
        await store.add_logs([a_line(done)])

        await store.delete([done.id])

        assert ([], []) == (list(await store.attempts(done.id)), list(await store.logs(done.id)))
        assert [] == list(await store.logs(name=done.name))

    async def test_a_running_task_is_not_removed(self, store: TaskStore) -> None:
        running, pending = await bring_to(store, TaskState.RUNNING), await put_one(store)

        assert 1 == await store.delete([running, UNKNOWN, pending, pending])
        assert TaskState.RUNNING == (await present(store, running)).state
