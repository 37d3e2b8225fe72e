"""Tasks that must wait for their turn, between a store and its workers."""

import asyncio
from datetime import timedelta

from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.pacing import PATIENCE, WAITING, Pacing
from taskcore.engine.worker import Worker
from taskcore.errors import StoreUnavailable
from taskcore.models import Note, TaskQuery
from taskcore.ratelimit import Rate
from taskcore.states import Event, TaskState
from taskcore.testing import a_task
from taskcore.testing.factories import a_claim


async def some_tasks(store: MemoryStore, count: int) -> None:
    await store.put([a_task("paced") for _ in range(count)])


async def test_what_must_wait_goes_back_with_its_turn_and_counts_against_nothing() -> None:
    store = MemoryStore(SystemClock())
    await some_tasks(store, 5)

    def paced(context: TaskContext) -> None: ...

    handlers = {"paced": Handler(name="paced", function=paced, mode=Mode.THREAD)}
    pacing = Pacing(store, {"paced": Rate(2, 60)}.get)
    tally = await Worker(store, handlers, options=WorkerOptions(concurrency=3), admission=pacing).run(until_idle=True)

    assert (2, 3, 2) == (tally.succeeded, tally.released, tally.claimed)
    waiting = await store.find(TaskQuery(states=frozenset({TaskState.PENDING})))
    assert 3 == len(waiting)
    now = await store.now()
    for task in waiting:
        assert (0, 0, WAITING) == (task.failures, task.losses, task.error and task.error.type)
        assert timedelta(seconds=50) < task.run_at - now <= timedelta(seconds=150)
        assert [Event.RELEASE] == [attempt.ended for attempt in await store.attempts(task.id)]


async def test_workers_that_ask_at_the_same_time_let_no_more_begin_together() -> None:
    store = MemoryStore(SystemClock())
    await some_tasks(store, 40)
    workers = [Pacing(store, {"paced": Rate(7, 60)}.get) for _ in range(4)]
    claimed = [await store.claim(a_claim(str(number), limit=10)) for number in range(4)]

    answers = await asyncio.gather(
        *[worker.waits(tasks) for worker, tasks in zip(workers, claimed, strict=True)],
    )

    assert 40 - 7 == sum(map(len, answers))
    delays = sorted(wait.delay for answer in answers for wait in answer.values())
    assert len(delays) == len(set(delays))


class Away(MemoryStore):
    """A store that went away after it handed tasks out."""

    async def read_note(self, name: str) -> Note:
        raise StoreUnavailable("the server is not reachable")


async def test_while_nobody_knows_the_pace_tasks_wait_a_little() -> None:
    store = Away(SystemClock())
    await some_tasks(store, 1)
    await store.put([a_task("free")])
    tasks = await store.claim(a_claim())

    waits = await Pacing(store, {"paced": Rate(7, 60)}.get).waits(tasks)

    assert [PATIENCE] == [wait.delay for wait in waits.values()]
