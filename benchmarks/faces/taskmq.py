"""taskmq: jobs, backends, and its worker with functions that are no coroutines."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from taskcore.engine.garbage import rare_collections
from taskmq.jobs.handlers import register_handler
from taskmq.storage.base import Job
from taskmq.storage.redis_backend import RedisBackend
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

from benchmarks.laps import Contender, Lap, Stopwatch, batches, done, singles

NAME = "taskmq"


def contender(opened: Callable[[str], StoreBackend]) -> Contender:
    """taskmq on one of its backends."""
    return Contender(NAME, lambda place, jobs: lap(opened(place), jobs))


def in_folder(place: str) -> StoreBackend:
    return SQLiteBackend(Path(place) / "taskmq.db")


def on_server(place: str) -> StoreBackend:
    return RedisBackend(place)


@register_handler("noop")
def noop(job: Job) -> None:
    """Do nothing."""


def lap(backend: StoreBackend, jobs: int) -> Lap:
    """Enqueue in batches, drain with taskmq's own worker, then enqueue some one by one."""
    _ = backend.store  # Whoever measures the core has it open, too.
    watch = Stopwatch()
    for size in batches(jobs):
        backend.insert_jobs([None] * size, handler="noop")
    enqueued = watch.split()
    with TemporaryDirectory() as folder, chdir(folder), rare_collections():  # where its worker notes that it is alive
        tally = Worker(backend=backend, max_workers=10).start(until_idle=True)
    drained = watch.split()
    done(NAME, jobs, tally.succeeded)
    for _ in range(singles(jobs)):
        backend.insert_job(None, handler="noop")
    single = watch.split()
    backend.close()
    return Lap(jobs / enqueued, jobs / drained, singles(jobs) / single)
