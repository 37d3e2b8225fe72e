"""lapinq: its storage, and its worker of every queue with functions that are coroutines."""

import asyncio
from pathlib import Path

from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.working import Working, WorkPlan
from taskcore.engine.garbage import rare_collections

from benchmarks.laps import Contender, Lap, Stopwatch, batches, done, singles

NAME = "lapinq"
TASK = {"task_name": "noop", "queue_name": "default", "module_path": __name__}
ROOT = Path(__file__).parents[2]


def contender() -> Contender:
    return Contender(NAME, lambda url, jobs: asyncio.run(lap(url, jobs)))


async def noop() -> None:
    """Do nothing."""


async def lap(url: str, jobs: int) -> Lap:
    """Enqueue in batches, drain with lapinq's own worker, then enqueue some one by one."""
    storage = await Storage.open(Settings(database_url=url, imports=(str(ROOT),)))
    watch = Stopwatch()
    for size in batches(jobs):
        await storage.enqueue_batch([TASK] * size)
    enqueued = watch.split()
    with rare_collections():  # as the command has it
        tally = await Working(storage.service, storage.settings, WorkPlan(concurrency=10)).run(until_idle=True)
    drained = watch.split()
    done(NAME, jobs, tally.succeeded)
    for _ in range(singles(jobs)):
        await storage.enqueue("noop", "default", __name__)
    single = watch.split()
    await storage.close()
    return Lap(jobs / enqueued, jobs / drained, singles(jobs) / single)
