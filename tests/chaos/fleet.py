"""Real worker processes over one SQLite file, that a test kills, pauses and replaces."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from taskcore.adapters.sqlite import SQLiteStore
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.periodic import Periodic
from taskcore.engine.policy import RetryingPolicy
from taskcore.engine.reaper import Reaper
from taskcore.engine.scheduler import Scheduler
from taskcore.engine.signals import on_signals
from taskcore.engine.worker import Worker, WorkerOptions

LEASE = timedelta(seconds=1)
SWEEP = timedelta(seconds=0.2)
LOOK = timedelta(seconds=0.05)
"""Between two looks of a scheduler at what is due."""


def works(context: TaskContext) -> list[object]:
    """Takes a moment, and returns the attempt that it was."""
    time.sleep(random.uniform(0, 0.02))  # Long enough for kills to hit handlers in the middle.
    return [context.task.attempt, context.task.worker]


async def works_async(context: TaskContext) -> list[object]:
    await asyncio.sleep(random.uniform(0, 0.02))
    return [context.task.attempt, context.task.worker]


HANDLERS = {
    "thread": Handler(name="thread", function=works, mode=Mode.THREAD),
    "async": Handler(name="async", function=works_async, mode=Mode.ASYNC),
}


async def serve(path: str) -> None:
    """One worker, one reaper and one scheduler, until SIGTERM."""
    policy = RetryingPolicy(max_losses=1000)  # Here workers die of the test, not of the task.
    store = await SQLiteStore.open(path)
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
    """Worker processes. ``kill`` and ``pause`` hit one at random."""

    def __init__(self, path: Path, size: int, rng: random.Random) -> None:
        self._path, self._rng = path, rng
        self._workers = [self._start() for _ in range(size)]

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, __file__, str(self._path)], stdout=subprocess.PIPE)

    def kill(self) -> None:
        """SIGKILL one, and start another in its place."""
        place = self._rng.randrange(len(self._workers))
        with self._workers[place] as victim:
            victim.kill()
        self._workers[place] = self._start()

    def pause(self) -> subprocess.Popen[bytes]:
        """SIGSTOP one; the caller sends SIGCONT."""
        worker = self._rng.choice(self._workers)
        worker.send_signal(signal.SIGSTOP)
        return worker

    def stop(self) -> list[int]:
        """SIGTERM all, once each is past its start, and answer how they exited."""
        for worker in self._workers:
            if worker.stdout is not None:
                worker.stdout.readline()
            worker.terminate()
        return [self._ended(worker) for worker in self._workers]

    @staticmethod
    def _ended(worker: subprocess.Popen[bytes]) -> int:
        with worker:
            return worker.wait(20)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
