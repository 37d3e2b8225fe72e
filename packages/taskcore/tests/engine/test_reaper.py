"""The reaper takes back what dead workers held, in time, and never from a worker that lives."""

from datetime import datetime, timedelta
from random import Random

from taskcore.adapters.memory import MemoryEventBus, MemoryStore
from taskcore.engine.policy import RetryingPolicy
from taskcore.engine.reaper import Reaper, Retention, Swept
from taskcore.events import AnyEvent, TaskEvent
from taskcore.models import TaskQuery
from taskcore.states import Event, TaskState
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, seconds


async def test_an_overdue_task_is_due_again_and_counted_as_a_loss() -> None:
    clock, seen = FakeClock(), list[AnyEvent]()
    store, bus = MemoryStore(clock), MemoryEventBus()
    bus.subscribe(seen.extend)
    await store.put([a_task()])
    (dead,) = await store.claim(a_claim("dead", lease_for=seconds(30)))
    reaper = Reaper(store, clock=clock, bus=bus)

    assert Swept(0, 0, 0) == await reaper.tick()
    clock.advance(31)
    assert Swept(1, 0, 0) == await reaper.tick()
    assert Swept(0, 0, 0) == await reaper.tick()

    (again,) = await store.claim(a_claim("alive"))
    assert (dead.id, 2, 1, 0) == (again.id, again.attempt, again.losses, again.failures)
    assert [Event.LOSE] == [event.event for event in seen if isinstance(event, TaskEvent)]
    assert [False] == list(await store.settle([a_settlement(dead)]))


async def test_a_task_that_keeps_killing_its_workers_fails_in_the_end() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    (receipt,) = await store.put([a_task()])
    reaper = Reaper(store, policy=RetryingPolicy(max_losses=3), clock=clock)

    for _ in range(3):
        clock.advance(60)
        await store.claim(a_claim(lease_for=seconds(1)))
        clock.advance(2)
        await reaper.tick()

    record = await store.get(receipt.task)
    assert record is not None
    assert record.error is not None
    assert (TaskState.FAILED, "WorkerLost") == (record.state, record.error.type)


async def test_tasks_that_lost_two_workers_together_come_back_one_by_one() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    await store.put([a_task() for _ in range(100)])
    reaper = Reaper(store, policy=RetryingPolicy(rng=Random(7)), clock=clock)
    due: list[set[datetime]] = []

    for _ in range(3):
        await store.claim(a_claim(limit=100, lease_for=seconds(1)))
        clock.advance(2)
        await reaper.tick()
        due.append({task.run_at for task in await store.find(TaskQuery(limit=100))})
        clock.advance(10)

    assert [1, 100, 100] == [len(instants) for instants in due]
    assert max(due[1]) - min(due[1]) < timedelta(seconds=0.5) < max(due[2]) - min(due[2])


async def test_a_task_that_was_cancelled_does_not_start_again_when_its_worker_dies() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    (receipt,) = await store.put([a_task()])
    await store.claim(a_claim(lease_for=seconds(1)))
    await store.cancel([receipt.task])
    clock.advance(2)

    await Reaper(store, clock=clock).tick()

    record = await store.get(receipt.task)
    assert record is not None
    assert TaskState.CANCELLED == record.state


async def test_more_overdue_tasks_than_a_batch_are_all_recovered() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    await store.put([a_task() for _ in range(1200)])
    await store.claim(a_claim(limit=1200, lease_for=seconds(1)))
    clock.advance(2)

    swept = await Reaper(store, clock=clock).tick()

    assert 1200 == swept.recovered


async def test_what_is_too_old_to_begin_expires_and_what_is_too_old_to_keep_goes() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    await store.put([a_task(queue="later", expires_at=clock.now() + seconds(5))])
    await store.put([a_task()])
    (done,) = await store.claim(a_claim())
    await store.settle([a_settlement(done)])
    reaper = Reaper(store, retention=Retention(keep={TaskState.SUCCEEDED: timedelta(hours=1)}), clock=clock)

    clock.advance(6)
    assert 1 == (await reaper.tick()).expired
    clock.advance(timedelta(hours=2))
    assert 1 == (await reaper.tick()).pruned

    (left,) = await store.find(TaskQuery())
    assert TaskState.EXPIRED == left.state
