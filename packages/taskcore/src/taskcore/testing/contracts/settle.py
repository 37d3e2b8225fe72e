"""What every ``TaskWork`` proves about the ends of attempts, and what is told before."""

from datetime import timedelta

import pytest

from taskcore.errors import IllegalMove
from taskcore.models import TaskError
from taskcore.ports import TaskStore
from taskcore.states import Event, TaskState, target
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import (
    WORKER_EVENTS,
    claim_one,
    present,
    put,
    put_one,
    run_one,
)
from taskcore.testing.factories import a_claim, a_report, a_settlement, a_task, seconds

ERROR = TaskError("ValueError", "größer als \x1b[1m erlaubt\n", "Traceback:\n  …")


class SettleContract:
    """The ends of attempts."""

    @pytest.mark.parametrize("event", WORKER_EVENTS)
    async def test_an_event_leads_where_the_table_says_and_ends_the_lease(
        self, store: TaskStore, another: TaskStore, event: Event
    ) -> None:
        await put_one(store)
        settled = await run_one(store, event)

        record = await present(another, settled.id)
        assert (target(event), None) == (record.state, record.lease_until)
        assert (1, "w1") == (record.attempt, record.worker)

    @pytest.mark.parametrize(
        ("event", "failures", "losses"),
        [
            (Event.SUCCEED, 1, 1),
            (Event.FAIL, 2, 1),
            (Event.CANCEL, 1, 1),
            (Event.INTERRUPT, 1, 1),
            (Event.RETRY, 2, 1),
            (Event.RELEASE, 1, 1),
            (Event.LOSE, 1, 2),
            (Event.REPEAT, 0, 0),
        ],
    )
    async def test_failures_and_losses_are_counted(
        self, store: TaskStore, event: Event, failures: int, losses: int
    ) -> None:
        await put_one(store)
        await run_one(store, Event.RETRY)
        await run_one(store, Event.LOSE)

        record = await run_one(store, event)

        assert (failures, losses) == (record.failures, record.losses)

    @pytest.mark.parametrize("event", [Event.SUCCEED, Event.REPEAT])
    async def test_a_result_is_stored(self, store: TaskStore, event: Event) -> None:
        await put_one(store)

        assert '{"n":1}' == (await run_one(store, event, result='{"n":1}')).result

    @pytest.mark.parametrize("event", WORKER_EVENTS)
    async def test_what_the_worker_tells_of_the_attempt_is_stored(
        self, store: TaskStore, clock: FakeClock, event: Event
    ) -> None:
        await put_one(store)
        begun, ended = clock.now() + timedelta(microseconds=1), clock.now() + timedelta(microseconds=7)

        record = await run_one(store, event, started_at=begun, finished_at=ended, error=ERROR, version="v7")

        assert (begun, ended) == (record.started_at, record.finished_at)
        assert (ERROR, "v7") == (record.error, record.version)

    async def test_an_error_is_stored_as_given_also_when_there_is_none(self, store: TaskStore) -> None:
        await put_one(store)
        await run_one(store, Event.RETRY, error=ERROR)

        assert (await run_one(store, Event.SUCCEED)).error is None

    async def test_a_task_at_rest_has_an_end(self, store: TaskStore, clock: FakeClock) -> None:
        """Without one retention would keep it for ever."""
        await put_one(store)
        clock.advance(5)

        assert clock.now() == (await run_one(store, Event.SUCCEED)).finished_at

    @pytest.mark.parametrize("event", [Event.RETRY, Event.RELEASE, Event.LOSE])
    async def test_a_delay_counts_from_now_by_the_clock_of_the_store(
        self, store: TaskStore, clock: FakeClock, event: Event
    ) -> None:
        await put_one(store)
        held = await claim_one(store)
        clock.advance(7)
        long_ago = clock.now() - timedelta(days=9)

        await store.settle([a_settlement(held, event, delay=seconds(30.5), finished_at=long_ago)])

        assert clock.now() + seconds(30.5) == (await present(store, held.id)).run_at
        assert [] == list(await store.claim(a_claim()))
        clock.advance(30.5)
        assert held.id == (await claim_one(store)).id

    async def test_a_repeated_task_waits_for_its_instant(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store)
        due = clock.now() + timedelta(seconds=60, microseconds=3)

        record = await run_one(store, Event.REPEAT, run_at=due, delay=seconds(5))

        assert due == record.run_at
        clock.advance(59)
        assert [] == list(await store.claim(a_claim()))

    async def test_settle_answers_in_the_order_of_a_large_batch(self, store: TaskStore, another: TaskStore) -> None:
        await put(store, *[a_task()] * 1000)
        held = await store.claim(a_claim(limit=1000))
        await store.settle([a_settlement(task, Event.FAIL) for task in held[::2]])

        answers = await store.settle([a_settlement(task, result=f'"{task.id}"') for task in held])

        # Compared apart: the difference between two long lists takes pytest a minute to describe.
        assert 500 == sum(answers)
        assert not any(answers[::2])
        records = [await present(another, task.id) for task in held[:40]]
        assert [TaskState.FAILED, TaskState.SUCCEEDED] * 20 == [record.state for record in records]
        assert [f'"{task.id}"' for task in held[1:40:2]] == [record.result for record in records[1::2]]

    async def test_of_two_ends_of_one_attempt_the_first_counts(self, store: TaskStore) -> None:
        await put_one(store)
        held = await claim_one(store)

        answers = await store.settle([a_settlement(held, Event.RETRY), a_settlement(held)])

        assert [True, False] == list(answers)
        assert TaskState.PENDING == (await present(store, held.id)).state
        assert 1 == len(await store.attempts(held.id))

    @pytest.mark.parametrize("event", [Event.CLAIM, Event.EXPIRE, Event.REPLAY])
    async def test_an_event_that_no_running_task_has_refuses_the_whole_batch(
        self, store: TaskStore, event: Event
    ) -> None:
        await put(store, a_task(), a_task())
        held, other = await store.claim(a_claim())

        with pytest.raises(IllegalMove):
            await store.settle([a_settlement(held), a_settlement(other, event)])

        assert (held, other) == (await present(store, held.id), await present(store, other.id))

    async def test_settling_nothing_is_fine(self, store: TaskStore) -> None:
        assert [] == list(await store.settle([]))


class ExchangeContract:
    """Settle and claim at once."""

    async def test_an_exchange_settles_first_and_claims_then(self, store: TaskStore, another: TaskStore) -> None:
        first = await put_one(store)
        held = await claim_one(store)
        second = await put_one(store)
        ends = [a_settlement(held, Event.RELEASE), a_settlement(held)]

        answers, claimed = await store.exchange(ends, a_claim("w2"))

        assert [True, False] == list(answers)
        assert {first: 2, second: 1} == {record.id: record.attempt for record in claimed}
        assert list(claimed) == [await present(another, record.id) for record in claimed]

    async def test_an_exchange_may_have_nothing_to_settle_or_nothing_to_claim(self, store: TaskStore) -> None:
        assert ([], []) == tuple(map(list, await store.exchange([], a_claim())))

        await put_one(store)
        _, (held,) = await store.exchange([], a_claim())
        assert ([True], []) == tuple(map(list, await store.exchange([a_settlement(held)], a_claim())))

    async def test_an_exchange_that_is_refused_claims_nothing(self, store: TaskStore) -> None:
        await put(store, a_task(), a_task())
        held = await claim_one(store)

        with pytest.raises(IllegalMove):
            await store.exchange([a_settlement(held, Event.REPLAY)], a_claim())

        assert 1 == len(await store.claim(a_claim()))


class ReportContract:
    """What a handler tells while it runs."""

    async def test_progress_and_lines_are_kept(self, store: TaskStore, another: TaskStore) -> None:
        await put_one(store)
        held = await claim_one(store)
        report = a_report(held, "one", "größer\n", progress=0.25, note="¼ done")

        assert [True] == list(await store.report([report]))

        record = await present(another, held.id)
        assert (0.25, "¼ done") == (record.progress, record.progress_note)
        assert list(report.lines) == list(await another.logs(held.id))

    async def test_what_a_report_does_not_mention_stays(self, store: TaskStore) -> None:
        await put_one(store)
        held = await claim_one(store)
        await store.report([a_report(held, progress=0.5, note="half")])

        await store.report([a_report(held, "only a line"), a_report(held, progress=0.75)])

        record = await present(store, held.id)
        assert (0.75, "half") == (record.progress, record.progress_note)

    async def test_a_report_leaves_the_lease_alone(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store)
        held = await claim_one(store)
        clock.advance(20)

        await store.report([a_report(held, progress=0.0)])

        record = await present(store, held.id)
        assert (held.lease_until, 0.0) == (record.lease_until, record.progress)

    async def test_report_answers_in_order(self, store: TaskStore) -> None:
        await put(store, *[a_task()] * 4)
        held = await store.claim(a_claim())
        await store.settle([a_settlement(held[0]), a_settlement(held[2])])

        answers = await store.report([a_report(task, "still here") for task in held])

        assert [False, True, False, True] == list(answers)
        assert [0, 1, 0, 1] == [len(await store.logs(task.id)) for task in held]
