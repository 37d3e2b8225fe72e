"""The zombie test: what a worker writes after its attempt is over changes nothing, whatever happened meanwhile.

Worker ``a`` claims a task and pauses. Its attempt ends in one of many ways; then ``a`` wakes up and goes on as
if nothing had happened.
"""

from collections.abc import Awaitable, Callable

import pytest

from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import TaskRecord
from taskcore.ports import TaskStore
from taskcore.states import Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import ENDINGS, RETURNS, WORKER_EVENTS, claim_one, present, put_one
from taskcore.testing.factories import a_claim, a_report, a_settlement, seconds

Situation = Callable[[TaskStore, FakeClock, TaskRecord], Awaitable[None]]


async def recovered(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    clock.advance(31)
    assert list(await store.recover([a_settlement(held, Event.LOSE)])) == [True]


async def running_elsewhere(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    await recovered(store, clock, held)
    await claim_one(store, "b")


async def running_again_here(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    await recovered(store, clock, held)
    await claim_one(store, "a")


async def done_elsewhere(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    await recovered(store, clock, held)
    assert list(await store.settle([a_settlement(await claim_one(store, "b"), result='"b"')])) == [True]


async def replayed(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    await store.settle([a_settlement(held, Event.FAIL)])
    assert list(await store.replay([held.id])) == [True]


async def replayed_and_running_again_here(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    await replayed(store, clock, held)
    await claim_one(store, "a")


async def cancelled_while_it_waits(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    await recovered(store, clock, held)
    await store.cancel([held.id])


async def deleted(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
    await recovered(store, clock, held)
    assert await store.delete([held.id]) == 1


def settled(event: Event) -> Situation:
    async def situation(store: TaskStore, clock: FakeClock, held: TaskRecord) -> None:
        run_at = clock.now() if event is Event.REPEAT else None
        assert list(await store.settle([a_settlement(held, event, run_at=run_at)])) == [True]

    situation.__name__ = f"settled_with_{event}"
    return situation


SITUATIONS = [
    recovered,
    running_elsewhere,
    running_again_here,
    done_elsewhere,
    replayed,
    replayed_and_running_again_here,
    cancelled_while_it_waits,
    deleted,
    *[settled(event) for event in (*ENDINGS.values(), *RETURNS)],
]


async def everything(store: TaskStore, task: TaskId) -> tuple[object, ...]:
    """All that a reader can learn about a task."""
    return await store.get(task), list(await store.attempts(task)), list(await store.logs(task))


class FenceContract:
    """A write that carries a fence changes nothing unless exactly that attempt of that worker is going on."""

    @pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
    async def test_a_worker_that_wakes_up_late_changes_nothing(
        self, store: TaskStore, another: TaskStore, clock: FakeClock, situation: Situation
    ) -> None:
        await put_one(store)
        held = await claim_one(another, "a")
        await situation(store, clock, held)

        await refuse_all(another, held.fence)

    async def test_the_result_of_the_second_worker_stands(
        self, store: TaskStore, another: TaskStore, clock: FakeClock
    ) -> None:
        await put_one(store)
        a = await claim_one(store, "a", lease_for=seconds(30))
        clock.advance(31)
        assert [True] == list(await another.recover([a_settlement(a, Event.LOSE)]))
        b = await claim_one(another, "b")

        assert [Renewal.LOST] == list(await store.renew([a.fence], seconds(30)))
        assert [False] == list(await store.report([a_report(a, "done!", progress=1.0)]))
        assert [False] == list(await store.settle([a_settlement(a, result='"a"')]))
        assert [True] == list(await another.settle([a_settlement(b, result='"b"')]))

        record = await present(store, a.id)
        assert (TaskState.SUCCEEDED, '"b"', "b") == (record.state, record.result, record.worker)
        assert [Event.LOSE, Event.SUCCEED] == [attempt.ended for attempt in await store.attempts(a.id)]
        assert [] == list(await store.logs(a.id))

    @pytest.mark.parametrize(
        ("attempt", "worker"),
        [
            pytest.param(1, "b", id="another worker"),
            pytest.param(2, "a", id="an attempt that was never minted"),
            pytest.param(0, "a", id="no attempt"),
        ],
    )
    async def test_a_fence_must_match_in_every_part(self, store: TaskStore, attempt: int, worker: str) -> None:
        held = await claim_one_of(store)

        await refuse_all(store, Fence(held.id, attempt, WorkerId(worker)))

    async def test_a_refused_write_does_not_hold_up_its_neighbours(self, store: TaskStore) -> None:
        held = await claim_one_of(store)
        stale = held.fence._replace(attempt=7)
        nobody = Fence(TaskId("404404404"), 1, WorkerId("a"))

        fences = [stale, held.fence, nobody]
        assert [Renewal.LOST, Renewal.HELD, Renewal.LOST] == list(await store.renew(fences, seconds(30)))
        assert [False, True, False] == list(await store.report([a_report(fence, progress=0.5) for fence in fences]))
        assert [False, True, False] == list(await store.settle([a_settlement(fence) for fence in fences]))


async def claim_one_of(store: TaskStore) -> TaskRecord:
    """A task in the hands of worker ``a``."""
    await put_one(store)
    return await claim_one(store, "a")


async def refuse_all(store: TaskStore, fence: Fence) -> None:
    """Try every write there is with a fence that must not open anything."""
    before = await everything(store, fence.task)
    run_at = await store.now()

    assert [Renewal.LOST] == list(await store.renew([fence], seconds(3600)))
    assert before == await everything(store, fence.task)

    assert [False] == list(await store.report([a_report(fence, "late", progress=0.9, note="late")]))
    assert before == await everything(store, fence.task)

    for event in WORKER_EVENTS:
        late = a_settlement(fence, event, run_at=run_at, result='"late"')
        assert [False] == list(await store.settle([late]))
        assert [False] == list(await store.recover([late]))
        answers, _ = await store.exchange([late], a_claim("z", "nobody's"))
        assert [False] == list(answers)
        assert before == await everything(store, fence.task), f"a late {event} changed something"
