"""The public lapinq 1.3.0, whose names lapinq keeps, with its stand-alone worker.

That starts a process for each task, so the function cannot count its calls: the database is asked how many have
completed.
"""

import asyncio

from lapinq.storage import Storage
from lapinq.worker import run_worker

from benchmarks.laps import Lap, batches
from benchmarks.peers.runs import Runs, main

TASK = {"task_name": "noop", "queue_name": "default", "module_path": "benchmarks.peers.runners.lapinq"}
POLL = 0.05


def noop() -> None:
    """Do nothing."""


async def lap(place: str, jobs: int) -> Lap:
    storage, runs = await Storage.create(place), Runs("lapinq 1.3.0", jobs)
    for size in batches(jobs):
        await storage.enqueue_batch([TASK] * size)
    runs.enqueued()
    counting = asyncio.create_task(count(storage, runs, jobs))
    found = await runs.lap(run_worker(database_url=place))
    await counting
    return found


async def count(storage: Storage, runs: Runs, jobs: int) -> None:
    """Tell of every task that has completed."""
    seen = 0
    while seen < jobs:
        await asyncio.sleep(POLL)
        done = sum(queue["completed"] for queue in await storage.queue_stats())
        for _ in range(done - seen):
            runs.one()
        seen = done


if __name__ == "__main__":
    main(lap)
