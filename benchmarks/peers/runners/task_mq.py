"""The public task-mq, whose names taskmq keeps, on SQLite or Redis.

It has no bulk enqueue: jobs come in one by one, and ours stand beside that in both ways. With four threads it drains
faster than with one, on both. It does not say when it is idle, so the worker's loop runs in a thread that ends with the
process.
"""

from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from taskmq.jobs.handlers import register_handler
from taskmq.storage.base import Job, QueueBackend
from taskmq.storage.redis_backend import RedisBackend
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.worker import Worker

from benchmarks.laps import Lap
from benchmarks.peers.runs import Runs, main

WORKERS, POLL = 4, 0.001


def opened(place: str) -> QueueBackend:
    return RedisBackend(place) if "://" in place else SQLiteBackend(str(Path(place) / "taskmq.db"))


async def lap(place: str, jobs: int) -> Lap:
    backend, runs = opened(place), Runs("task-mq", jobs)

    @register_handler("noop")
    def noop(job: Job) -> None:
        runs.one()

    for _ in range(jobs):
        backend.insert_job("null", handler="noop")
    runs.enqueued()
    with TemporaryDirectory() as folder, chdir(folder):  # where its worker leaves files
        Thread(target=work, args=(backend,), daemon=True).start()
        ran = await runs.lap()
    return replace(ran, single=ran.enqueue)


def work(backend: QueueBackend) -> None:
    Worker(backend=backend, max_workers=WORKERS, poll_interval=POLL).start()


if __name__ == "__main__":
    main(lap)
