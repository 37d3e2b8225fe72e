"""Real worker processes on one store, that a test kills, pauses and replaces.

Run as a program, with a place and the losses that end a task, this is one of them.
"""

import asyncio
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Self

from taskcore.engine.periodic import Periodic
from taskcore.engine.policy import RetryingPolicy
from taskcore.engine.reaper import Reaper
from taskcore.engine.scheduler import Scheduler
from taskcore.engine.signals import on_signals
from taskcore.engine.worker import Worker, WorkerOptions

from tests.chaos.handlers import HANDLERS, LEASE
from tests.chaos.places import Place

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


class Fleet:
    """Worker processes. ``kill`` hits one at random."""

    def __init__(self, place: Place, size: int, rng: random.Random, max_losses: int = MANY) -> None:
        self._command = [sys.executable, "-m", "tests.chaos.fleet", place.url, place.prefix, str(max_losses)]
        self._rng = rng
        self._ready: set[int] = set()
        self._workers = [self._start() for _ in range(size)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no worker behind when a test fails."""
        for worker in self._workers:
            with worker:
                worker.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdout=subprocess.PIPE, cwd=ROOT)

    def wait_until_ready(self) -> None:
        """Return when all have opened their store."""
        for worker in self._workers:
            if worker.pid not in self._ready and worker.stdout is not None:
                worker.stdout.readline()
                self._ready.add(worker.pid)

    def kill(self) -> None:
        """SIGKILL one, and start another in its place."""
        place = self._rng.randrange(len(self._workers))
        with self._workers[place] as victim:
            victim.kill()
        self._workers[place] = self._start()

    def pause(self, name: str) -> subprocess.Popen[bytes]:
        """SIGSTOP the worker of this name; the caller sends SIGCONT."""
        (worker,) = [worker for worker in self._workers if f":{worker.pid}:" in name]
        worker.send_signal(signal.SIGSTOP)
        return worker

    def replace_the_dead(self) -> int:
        """Start another for each that has ended, and answer how many."""
        dead = [place for place, worker in enumerate(self._workers) if worker.poll() is not None]
        for place in dead:
            with self._workers[place]:
                self._workers[place] = self._start()
        return len(dead)

    def stop(self, within: float = 20) -> list[int]:
        """SIGTERM all, once each is past its start, and answer how they exited."""
        self.wait_until_ready()
        for worker in self._workers:
            worker.terminate()
        return [self._ended(worker, within) for worker in self._workers]

    @staticmethod
    def _ended(worker: subprocess.Popen[bytes], within: float) -> int:
        with worker:
            return worker.wait(within)


if __name__ == "__main__":
    asyncio.run(serve(Place(*sys.argv[1:3]), int(sys.argv[3])))
