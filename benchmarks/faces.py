"""The same through a face: the jobs, the backend and the worker that a user of taskmq has."""

from contextlib import chdir
from pathlib import Path

from taskmq.jobs.handlers import register_handler
from taskmq.storage.base import Job
from taskmq.storage.sqlite_backend import SQLiteBackend
from taskmq.worker import Worker

from benchmarks.laps import Contender, Lap, Stopwatch, batches, done


def contenders() -> list[Contender]:
    """Every face that can be measured."""
    return [Contender("taskmq", lap)]


@register_handler("noop")
def noop(job: Job) -> None:
    """Do nothing."""


def lap(folder: str, jobs: int) -> Lap:
    """Enqueue in batches, drain with taskmq's own worker."""
    backend = SQLiteBackend(Path(folder) / "taskmq.db")
    watch = Stopwatch()
    for size in batches(jobs):
        backend.insert_jobs([None] * size, handler="noop")
    put = watch.split()
    with chdir(folder):  # where its worker notes that it is alive
        tally = Worker(backend=backend, max_workers=10).start(until_idle=True)
    drained = watch.split()
    done("taskmq", jobs, tally.succeeded)
    backend.close()
    return Lap(jobs / put, jobs / drained)
