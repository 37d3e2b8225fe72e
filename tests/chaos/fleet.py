"""Real worker processes on one store.

Run as a program, with a place and the losses that end a task, this is one of them.
"""

import asyncio
import random
import sys
from datetime import timedelta
from pathlib import Path

from taskcore.engine.options import WorkerOptions
from taskcore.engine.periodic import Periodic
from taskcore.engine.policy import RetryingPolicy
from taskcore.engine.reaper import Reaper
from taskcore.engine.scheduler import Scheduler
from taskcore.engine.signals import on_signals
from taskcore.engine.worker import Worker

from tests.chaos.handlers import HANDLERS, LEASE
from tests.chaos.places import Place
from tests.chaos.processes import Processes

ROOT = Path(__file__).parents[2]
SWEEP = timedelta(seconds=0.2)
LOOK = timedelta(seconds=0.05)
"""Between two looks of a scheduler at what is due."""
MANY = 1000
"""Here workers die of the test, not of the task."""


async def serve(place: Place, max_losses: int) -> None:
    """One worker, one reaper and one scheduler, until SIGTERM."""
    policy = RetryingPolicy(max_losses=max_losses)
    store = await place.open()
    worker = Worker(store, HANDLERS, policy=policy, options=WorkerOptions(concurrency=4, lease=LEASE))
    with on_signals(lambda _, times: worker.stop(force=times > 1)):
        print("ready", flush=True)
        async with (
            Periodic(Reaper(store, policy=policy).tick, SWEEP, "reaper"),
            Periodic(Scheduler(store).tick, LOOK, "scheduler"),
        ):
            await worker.run()
    await store.close()


class Fleet(Processes):
    """Workers of the core, with one reaper and one scheduler each."""

    def __init__(self, place: Place, size: int, rng: random.Random, max_losses: int = MANY) -> None:
        command = [sys.executable, "-m", "tests.chaos.fleet", place.url, place.prefix, str(max_losses)]
        super().__init__(command, size, rng, cwd=ROOT)


if __name__ == "__main__":
    asyncio.run(serve(Place(*sys.argv[1:3]), int(sys.argv[3])))
