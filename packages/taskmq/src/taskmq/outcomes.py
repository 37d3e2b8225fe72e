"""What became of a job: at once, or once it is over."""

import time
from collections.abc import Callable
from math import inf
from typing import Any

from taskcore.errors import InvalidInput

from taskmq.errors import JobFailed, JobNotFound, JobNotOver, WaitTimeout
from taskmq.job import Job, JobStatus

FIRST_LOOK, LONGEST_PAUSE = 0.01, 0.25
"""Seconds between two looks, which grow from the one to the other."""


def result_of(job: Job) -> Any:
    """What its handler returned.

    Raises:
        JobFailed: it is dead or cancelled. JobNotOver: it has no result yet.
    """
    if job.status is JobStatus.FAILED:
        raise JobFailed(job)
    if job.status is not JobStatus.SUCCESS:
        raise JobNotOver(job)
    return job.return_value


def found(get: Callable[[int], Job | None], job_id: int) -> Job:
    """The job.

    Raises:
        JobNotFound: there is none.
    """
    job = get(job_id)
    if job is None:
        raise JobNotFound(job_id)
    return job


def wait(get: Callable[[int], Job | None], job_id: int, timeout: float | None) -> Job:
    """Look at a job until it has succeeded, and return it.

    Raises:
        JobNotFound: there is none, or it was removed. JobFailed: it is dead or cancelled.
        WaitTimeout: it is not over after ``timeout`` seconds. InvalidInput: it is periodic, and never over.
    """
    patience = inf if timeout is None else timeout
    deadline, pause = time.monotonic() + patience, FIRST_LOOK
    while True:
        job = found(get, job_id)
        if job.interval_seconds is not None:
            raise InvalidInput(f"job {job_id} is periodic and never over; look at its timeline instead")
        if job.status is JobStatus.FAILED:
            raise JobFailed(job)
        if job.status is JobStatus.SUCCESS:
            return job
        left = deadline - time.monotonic()
        if left <= 0:
            raise WaitTimeout(job, patience)
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
