"""What every ``TaskReader`` proves about the attempts of a task."""

import pytest

from taskcore.ids import TaskId, WorkerId
from taskcore.models import Attempt, TaskError
from taskcore.models.task import KEPT_ATTEMPTS
from taskcore.ports import TaskStore
from taskcore.states import Event
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import RETURNS, WORKER_EVENTS, claim_one, put_one, run_one
from taskcore.testing.factories import a_settlement, seconds

ERROR = TaskError("ValueError", "no")


async def told(store: TaskStore, task: TaskId) -> list[tuple[int, Event | None]]:
    """Number and end of each attempt."""
    return [(attempt.number, attempt.ended) for attempt in await store.attempts(task)]


class AttemptsContract:
    """First to last, with the one that is going on."""

    async def test_a_task_that_was_never_claimed_has_no_attempts(self, store: TaskStore) -> None:
        task = await put_one(store)
        assert [] == list(await store.attempts(task))

        await store.cancel([task])
        assert [] == list(await store.attempts(task))

        await store.replay([task])
        assert [] == list(await store.attempts(task))

    async def test_of_a_task_that_runs_for_ever_the_newest_attempts_are_kept(self, store: TaskStore) -> None:
        task = await put_one(store)
        for _ in range(3 * KEPT_ATTEMPTS):
            await run_one(store, Event.REPEAT)
        await claim_one(store)

        numbers = [attempt.number for attempt in await store.attempts(task)]

        last = 3 * KEPT_ATTEMPTS + 1
        assert list(range(numbers[0], last + 1)) == numbers
        assert KEPT_ATTEMPTS <= len(numbers) <= 2 * KEPT_ATTEMPTS

    async def test_an_unknown_task_has_no_attempts(self, store: TaskStore) -> None:
        assert [] == list(await store.attempts(TaskId("404404404")))

    async def test_an_attempt_that_is_going_on_has_begun_with_its_claim_and_no_end(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        await put_one(store)
        await run_one(store, Event.REPEAT, result="7", error=ERROR, version="v1")
        clock.advance(5)
        held = await claim_one(store, "w2")

        *_, last = await store.attempts(held.id)

        assert Attempt(task=held.id, number=2, worker=WorkerId("w2"), started_at=clock.now()) == last

    @pytest.mark.parametrize("event", WORKER_EVENTS)
    async def test_an_ended_attempt_is_told_in_full(
        self, store: TaskStore, another: TaskStore, clock: FakeClock, event: Event
    ) -> None:
        await put_one(store)
        begun, ended = clock.now() + seconds(1), clock.now() + seconds(2)
        result = "7" if event in (Event.SUCCEED, Event.REPEAT) else None

        done = await run_one(
            store, event, started_at=begun, finished_at=ended, result=result, error=ERROR, version="v7"
        )

        expected = Attempt(
            task=done.id,
            number=1,
            worker=WorkerId("w1"),
            started_at=begun,
            finished_at=ended,
            ended=event,
            result=result,
            error=ERROR,
            version="v7",
        )
        assert [expected] == list(await another.attempts(done.id))

    @pytest.mark.parametrize("event", RETURNS)
    async def test_an_attempt_that_never_began_has_the_times_of_the_store(
        self, store: TaskStore, clock: FakeClock, event: Event
    ) -> None:
        await put_one(store)
        claimed_at = clock.now()
        held = await claim_one(store)
        clock.advance(60)

        await store.settle([a_settlement(held, event, run_at=clock.now())])

        (attempt,) = await store.attempts(held.id)
        assert (claimed_at, clock.now()) == (attempt.started_at, attempt.finished_at)

    async def test_attempts_are_kept_through_every_return_and_replay(self, store: TaskStore) -> None:
        task = await put_one(store)
        for event in RETURNS:
            await run_one(store, event)
        await run_one(store, Event.FAIL)
        await store.replay([task])
        await run_one(store, Event.SUCCEED)
        await store.replay([task])
        await claim_one(store)

        events = [*RETURNS, Event.FAIL, Event.SUCCEED, None]
        assert list(enumerate(events, start=1)) == await told(store, task)

    async def test_results_and_errors_stay_with_their_attempts(self, store: TaskStore) -> None:
        task = await put_one(store)
        await run_one(store, Event.REPEAT, result="1")
        await run_one(store, Event.FAIL, error=ERROR)
        await store.replay([task])
        await run_one(store, Event.SUCCEED, result="3")

        kept = [(attempt.result, attempt.error) for attempt in await store.attempts(task)]

        assert [("1", None), (None, ERROR), ("3", None)] == kept

    async def test_an_attempt_is_told_once_when_its_task_ends_while_it_waits(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        task = await put_one(store, expires_at=clock.now() + seconds(60))
        await run_one(store, Event.RETRY)
        clock.advance(61)
        assert [task] == list(await store.expire(1))
        assert [(1, Event.RETRY)] == await told(store, task)

        await store.replay([task])
        await store.cancel([task])
        assert [(1, Event.RETRY)] == await told(store, task)
        await store.replay([task])
        assert [(1, Event.RETRY)] == await told(store, task)
