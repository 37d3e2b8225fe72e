"""What every ``TaskReader`` proves of the conditions of a ``TaskQuery``, and of phases."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from itertools import combinations, product
from typing import Any

import pytest

from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.models import Order, Part, TaskError, TaskQuery, TaskRecord
from taskcore.ports import TaskStore
from taskcore.states import WAITING, Event, Phase, TaskState, phase
from taskcore.testing.clock import NOON, FakeClock
from taskcore.testing.contracts.steps import ENDINGS, claim_one, present, put_one, run_one
from taskcore.testing.factories import a_claim, a_settlement, seconds

FAULT = TaskError("ValueError", "Too Big: 7", "in line 3")

CONDITIONS: dict[str, Any] = {
    "states": frozenset({TaskState.FAILED, TaskState.PENDING, TaskState.SUCCEEDED}),
    "phases": frozenset({Phase.RETRYING, Phase.QUEUED, Phase.SUCCEEDED, Phase.RUNNING}),
    "queue": "a",
    "queues": frozenset({"a", "nobody's"}),
    "name": "send",
    "worker": WorkerId("w1"),
    "schedule": ScheduleId("nightly"),
    "created_from": NOON + seconds(8),
    "created_before": NOON + seconds(30),
    "contains": {Part.PAYLOAD: "ADA", Part.NAME: "end"},
}
"""One value for each condition, met by a good part of the zoo."""


async def put_zoo(store: TaskStore, clock: FakeClock) -> list[TaskRecord]:
    """Tasks of every phase in two queues and with two names, each put a second after the one before."""
    tasks = list[TaskId]()
    for queue, name, wanted in product(("a", "b"), ("send", "resize"), Phase):
        payload = '["Ada"]' if len(tasks) % 3 else '["Bob"]'
        schedule = ScheduleId("nightly") if len(tasks) % 2 else None
        tasks.append(await _put_in(store, wanted, queue=queue, name=name, payload=payload, schedule=schedule))
        clock.advance(1)
    return [await present(store, task) for task in tasks]


async def _put_in(store: TaskStore, wanted: Phase, **fields: Any) -> TaskId:
    now = await store.now()
    if wanted is Phase.SCHEDULED:
        return await put_one(store, run_at=now + timedelta(days=1), **fields)
    if wanted is Phase.EXPIRED:
        task = await put_one(store, expires_at=now - seconds(1), **fields)
        assert list(await store.expire(1)) == [task]
        return task
    task = await put_one(store, **fields)
    return task if wanted is Phase.QUEUED else await _try(store, task, wanted, **fields)


async def _try(store: TaskStore, task: TaskId, wanted: Phase, *, queue: str, name: str, **_: Any) -> TaskId:
    held = await store.take(task, WorkerId("w1" if name == "send" else "w2"), timedelta(days=1))
    assert held is not None
    if wanted is Phase.RUNNING:
        return task
    if wanted is Phase.RETRYING:
        end = a_settlement(held, Event.RETRY, error=FAULT, delay=seconds(3600 if queue == "a" else 0))
    else:
        end = a_settlement(held, ENDINGS[TaskState(wanted)], result='"done"', error=FAULT)
    assert [True] == list(await store.settle([end]))
    return task


def meets(record: TaskRecord, now: Any, **conditions: Any) -> bool:
    """What the sentences of ``TaskQuery`` say, one after the other."""
    for field, wanted in conditions.items():
        match field:
            case "states":
                met = record.state in wanted
            case "phases":
                met = phase(record.state, record.attempt, record.run_at, now) in wanted
            case "queues":
                met = record.queue in wanted
            case "created_from":
                met = record.created_at >= wanted
            case "created_before":
                met = record.created_at < wanted
            case "contains":
                met = all(text.lower() in str(getattr(record, part)).lower() for part, text in wanted.items())
            case _:
                met = getattr(record, field) == wanted
        if not met:
            return False
    return True


async def ids(store: TaskStore, **conditions: Any) -> list[TaskId]:
    """The ids of a page."""
    return [record.id for record in await store.find(TaskQuery(**conditions))]


def _choices() -> Iterable[tuple[str, ...]]:
    for size in (1, 2, len(CONDITIONS)):
        yield from combinations(CONDITIONS, size)


class ConditionsContract:
    """Listings are narrowed to what meets every condition."""

    async def test_conditions_alone_and_together_find_what_they_say(self, store: TaskStore, clock: FakeClock) -> None:
        zoo = await put_zoo(store, clock)

        for chosen, order in product(_choices(), Order):
            conditions = {name: CONDITIONS[name] for name in chosen}
            expected = [record.id for record in zoo if meets(record, clock.now(), **conditions)]
            found = await ids(store, order=order, **conditions)
            assert (chosen, expected[:: 1 if order is Order.OLDEST else -1]) == (chosen, found)

    @pytest.mark.parametrize("wanted", list(Phase))
    async def test_each_phase_is_found_alone(self, store: TaskStore, clock: FakeClock, wanted: Phase) -> None:
        zoo = await put_zoo(store, clock)

        expected = [record.id for record in zoo if meets(record, clock.now(), phases=frozenset({wanted}))]

        assert 4 == len(expected)
        assert expected[::-1] == await ids(store, phases=frozenset({wanted}))
        assert expected[:1:-1] == await ids(store, phases=frozenset({wanted}), queue="b")

    @pytest.mark.parametrize("order", list(Order))
    @pytest.mark.parametrize("name", list(CONDITIONS))
    async def test_pages_under_a_condition_have_no_gaps_and_no_doubles_while_tasks_are_put(
        self, store: TaskStore, clock: FakeClock, name: str, order: Order
    ) -> None:
        condition = {name: CONDITIONS[name]}
        zoo = [record for record in await put_zoo(store, clock) if meets(record, clock.now(), **condition)]
        seen: list[TaskId] = []

        while page := await ids(store, **condition, order=order, after=seen[-1] if seen else None, limit=4):
            seen += page
            clock.advance(1)
            await put_one(store, queue="a", name="send", payload='["Ada"]')
            if len(seen) > 100:
                break

        known = [record.id for record in zoo]
        assert known[:: 1 if order is Order.OLDEST else -1] == [task for task in seen if task in set(known)]
        assert len(seen) == len(set(seen))

    async def test_conditions_that_exclude_each_other_find_nothing(self, store: TaskStore, clock: FakeClock) -> None:
        await put_zoo(store, clock)

        assert [] == await ids(store, states=frozenset({TaskState.FAILED}), phases=frozenset({Phase.QUEUED}))
        assert [] == await ids(store, queue="a", queues=frozenset({"b"}))
        assert [] == await ids(store, created_from=NOON + seconds(5), created_before=NOON + seconds(5))
        assert [] == await ids(store, worker=WorkerId("nobody"), phases=frozenset({Phase.RUNNING}))

    async def test_a_span_begins_with_its_first_instant_and_ends_before_its_last(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        first = await put_one(store)
        clock.advance(timedelta(microseconds=1))
        second = await put_one(store)
        clock.advance(timedelta(microseconds=1))
        third = await put_one(store)
        at = (await present(store, second)).created_at

        assert [third, second] == await ids(store, created_from=at)
        assert [first] == await ids(store, created_before=at)
        assert [second] == await ids(store, created_from=at, created_before=at + timedelta(microseconds=1))

    async def test_the_worker_is_that_of_the_last_attempt(self, store: TaskStore) -> None:
        task = await put_one(store)
        await run_one(store, Event.RETRY, "w1")
        assert [task] == await ids(store, worker=WorkerId("w1"))

        await claim_one(store, "w2")

        assert [] == await ids(store, worker=WorkerId("w1"))
        assert [task] == await ids(store, worker=WorkerId("w2"))


class PhasesContract:
    """Tasks that wait are told apart by what they wait for, at the store's time."""

    async def test_a_scheduled_task_is_queued_from_the_instant_it_is_due(
        self, store: TaskStore, another: TaskStore, clock: FakeClock
    ) -> None:
        task = await put_one(store, run_at=clock.now() + seconds(10))
        clock.advance(seconds(10) - timedelta(microseconds=1))
        assert [task] == await ids(another, phases=frozenset({Phase.SCHEDULED}))
        assert {Phase.SCHEDULED: 1} == await by_phase(another)

        clock.advance(timedelta(microseconds=1))

        assert [task] == await ids(another, phases=frozenset({Phase.QUEUED}))
        assert [] == await ids(another, phases=frozenset({Phase.SCHEDULED}))
        assert {Phase.QUEUED: 1} == await by_phase(another)

    async def test_a_task_that_was_tried_is_retrying_due_or_not(self, store: TaskStore, clock: FakeClock) -> None:
        task = await put_one(store)
        await run_one(store, Event.RETRY, delay=seconds(10))

        for _ in range(2):
            assert [task] == await ids(store, phases=frozenset({Phase.RETRYING}))
            assert {Phase.RETRYING: 1} == await by_phase(store)
            clock.advance(10)

    async def test_each_queue_counts_its_tasks_by_phase(
        self, store: TaskStore, another: TaskStore, clock: FakeClock
    ) -> None:
        zoo = await put_zoo(store, clock)
        expected = Counter(
            (record.queue, phase(record.state, record.attempt, record.run_at, clock.now())) for record in zoo
        )

        counts = await another.counts()

        assert expected == Counter({(each.queue, p): n for each in counts for p, n in each.by_phase.items()})
        for each in counts:
            assert sum(each.by_state.values()) == sum(each.by_phase.values())
            assert each.by_state[TaskState.PENDING] == sum(each.by_phase.get(waiting, 0) for waiting in WAITING)

    async def test_a_claim_of_other_tasks_changes_no_phase(self, store: TaskStore, clock: FakeClock) -> None:
        await put_one(store, queue="a", run_at=clock.now() + seconds(10))
        clock.advance(10)

        await store.claim(a_claim("w1", "nobody's"))

        assert {Phase.QUEUED: 1} == await by_phase(store)


async def by_phase(store: TaskStore) -> dict[Phase, int]:
    """How many tasks of the one queue are in each phase that has any."""
    (counts,) = await store.counts()
    return {phase: number for phase, number in counts.by_phase.items() if number}
