"""Handlers that child processes import by their names."""

import os
import time
from pathlib import Path

from taskmq.errors import NoRetry, RetryLater
from taskmq.job import Job


def pid(job: Job) -> int:
    """Tell of everything that a job can, and say where it ran."""
    job.progress(0.5, "half")
    job.log("from a child")
    assert not job.cancelled
    return os.getpid()


async def twice(job: Job) -> int:
    return 2 * int(job.payload)


def sleeps(job: Job) -> None:
    """Sleep for a minute; leave a file when it is interrupted."""
    begun = Path(job.payload) / f"{job.id}.begun"
    begun.touch()
    try:
        time.sleep(60)
    finally:
        begun.rename(begun.with_suffix(".tidy" if job.cancelled else ".rude"))


def dies(job: Job) -> None:
    os._exit(3)


def gives_up(job: Job) -> None:
    raise NoRetry("pointless")


def asks_again(job: Job) -> None:
    raise RetryLater(50, "not yet")
