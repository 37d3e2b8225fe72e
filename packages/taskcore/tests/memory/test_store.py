"""What the reference store promises beyond the ports: threads, many tasks, and that it is every port at once."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from taskcore.adapters.memory import MemoryEventBus, MemoryStore
from taskcore.clock import SystemClock
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.ports import EventBus, LeaderStore, ScheduleStore, TaskStore, Wakeup
from taskcore.retry import RetryPolicy
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, seconds


def test_it_is_every_port_at_once() -> None:
    store, bus = MemoryStore(FakeClock()), MemoryEventBus()

    # The assignments are checked by the type checker, the rest here.
    ports: tuple[TaskStore, ScheduleStore, LeaderStore, Wakeup, EventBus] = (store, store, store, store, bus)

    assert isinstance(ports[3], Wakeup)


def test_threads_with_loops_of_their_own_share_no_task() -> None:
    store = MemoryStore(SystemClock())

    async def work(worker: str) -> list[TaskId]:
        done: list[TaskId] = []
        held: list[TaskRecord] = []
        while True:
            _, claimed = await store.exchange([a_settlement(task) for task in held], a_claim(worker, limit=7))
            if not claimed:
                return done
            held = list(claimed)
            done += [task.id for task in held]

    receipts = asyncio.run(store.put([a_task()] * 2000))
    with ThreadPoolExecutor() as pool:
        batches = list(pool.map(lambda worker: asyncio.run(work(worker)), ["a", "b", "c", "d"]))

    assert sorted(receipt.task for receipt in receipts) == sorted(task for batch in batches for task in batch)


def test_a_waiter_in_another_thread_is_woken() -> None:
    store = MemoryStore(SystemClock())

    def wait() -> float:
        begun = time.monotonic()
        asyncio.run(store.wait_for_work(["default"], 60))
        return time.monotonic() - begun

    with ThreadPoolExecutor() as pool:
        waited = pool.submit(wait)
        asyncio.run(store.put([a_task()]))

        assert waited.result(timeout=30) < 30


async def test_a_waiter_returns_when_a_scheduled_task_comes_due() -> None:
    store = MemoryStore(SystemClock())
    await store.put([a_task(run_at=await store.now() + seconds(0.03))])

    await asyncio.wait_for(store.wait_for_work(["default"], 60), 30)

    assert 1 == len(await store.claim(a_claim()))


async def test_twenty_thousand_tasks_are_drained_one_by_one_without_delay() -> None:
    """A store that looks at all tasks for each claim would take minutes."""
    store = MemoryStore(SystemClock())
    await store.put([a_task(priority=n % 10) for n in range(20_000)])
    begun = time.process_time()

    for _ in range(20_000):
        (held,) = await store.claim(a_claim(limit=1))
        await store.settle([a_settlement(held)])

    assert time.process_time() - begun < 20


async def test_only_the_data_of_a_retry_policy_is_kept() -> None:
    """As in every other store: what a policy knows of exceptions lives with the handler."""
    store = MemoryStore(FakeClock())
    (receipt,) = await store.put([a_task(retry=RetryPolicy(max_attempts=7, retry_on=(KeyError,)))])

    record = await store.get(receipt.task)

    assert record is not None
    assert RetryPolicy(max_attempts=7) == record.retry
