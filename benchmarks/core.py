"""The core itself: the port's ``put`` and one real worker, on each adapter."""

import asyncio
from collections.abc import Awaitable, Callable

from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.garbage import rare_collections
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.worker import Worker
from taskcore.ids import IdScheme
from taskcore.models import TaskSpec
from taskcore.ports import TaskStore

from benchmarks.laps import Contender, Lap, Stopwatch, batches, done, singles
from benchmarks.stores import open_store

Open = Callable[[str], Awaitable[TaskStore]]


async def open_memory(_: str) -> TaskStore:
    return MemoryStore(SystemClock())


async def open_numbered(place: str) -> TaskStore:
    return await open_store(place, IdScheme.NUMBERED)


async def in_coroutine(context: TaskContext) -> None:
    """Do nothing."""


def in_thread(context: TaskContext) -> None:
    """Do nothing."""


HANDLERS = {
    Mode.ASYNC: Handler(name="noop", function=in_coroutine, mode=Mode.ASYNC),
    Mode.THREAD: Handler(name="noop", function=in_thread, mode=Mode.THREAD),
}


def contender(adapter: str, mode: Mode, opened: Open = open_store) -> Contender:
    """A store with handlers of one mode."""
    name = f"{adapter}, {mode}"
    return Contender(name, lambda place, jobs: asyncio.run(lap(name, opened, mode, place, jobs)))


async def lap(name: str, opened: Open, mode: Mode, place: str, jobs: int) -> Lap:
    """Enqueue in batches, drain with one worker in this process, then enqueue some one by one."""
    store = await opened(place)
    watch = Stopwatch()
    for size in batches(jobs):
        await store.put([TaskSpec(name="noop") for _ in range(size)])
    enqueued = watch.split()
    with rare_collections():  # as a process has it that only works
        tally = await Worker(store, {"noop": HANDLERS[mode]}).run(until_idle=True)
    drained = watch.split()
    done(name, jobs, tally.succeeded)
    for _ in range(singles(jobs)):
        await store.put([TaskSpec(name="noop")])
    single = watch.split()
    await store.close()
    return Lap(jobs / enqueued, jobs / drained, singles(jobs) / single)
