"""The core itself: the port's ``put`` and one real worker, on each adapter."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from taskcore.adapters.memory import MemoryStore
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.worker import Worker
from taskcore.models import TaskSpec
from taskcore.ports import TaskStore

from benchmarks.laps import BATCH, Contender, Lap, Stopwatch, done

Open = Callable[[Path], Awaitable[TaskStore]]


async def open_memory(_: Path) -> TaskStore:
    return MemoryStore(SystemClock())


async def open_sqlite(folder: Path) -> TaskStore:
    return await SQLiteStore.open(folder / "core.db")


async def in_coroutine(context: TaskContext) -> None:
    """Do nothing."""


def in_thread(context: TaskContext) -> None:
    """Do nothing."""


HANDLERS = {
    Mode.ASYNC: Handler(name="noop", function=in_coroutine, mode=Mode.ASYNC),
    Mode.THREAD: Handler(name="noop", function=in_thread, mode=Mode.THREAD),
}


def contender(adapter: str, opened: Open, mode: Mode) -> Contender:
    """A store with handlers of one mode."""
    name = f"{adapter}, {mode}"
    return Contender(name, lambda folder, jobs: asyncio.run(lap(name, opened, mode, folder, jobs)))


async def lap(name: str, opened: Open, mode: Mode, folder: Path, jobs: int) -> Lap:
    """Enqueue in batches and drain with one worker, in this process."""
    store = await opened(folder)
    watch = Stopwatch()
    for size in batches(jobs):
        await store.put([TaskSpec(name="noop") for _ in range(size)])
    put = watch.split()
    tally = await Worker(store, {"noop": HANDLERS[mode]}).run(until_idle=True)
    drained = watch.split()
    done(name, jobs, tally.succeeded)
    await store.close()
    return Lap(jobs / put, jobs / drained)


def batches(jobs: int) -> Iterator[int]:
    """Sizes of bulk enqueues that make ``jobs`` together."""
    for begin in range(0, jobs, BATCH):
        yield min(BATCH, jobs - begin)
