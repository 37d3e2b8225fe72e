"""What a test opens: for as long as it is open, all backends of this process share one memory."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Any, overload
from unittest.mock import patch

from taskcore.testing.clock import FakeClock

from taskmq import vocabulary
from taskmq.errors import JobFailed
from taskmq.job import Job, JobStatus
from taskmq.storage.store_backend import Inserted, StoreBackend
from taskmq.testing.memory import GoingClock, Sandbox

_NOW = timedelta(0)

PAUSE = 0.002
"""Seconds between two looks at a job that another thread of this process runs."""


class CapturedJobs(Sequence[Job]):
    """The jobs that were asked for so far, in that order."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def of(self, handler: str | None) -> list[Job]:
        """Those of one handler."""
        return [job for job in self if job.handler == handler]

    @overload
    def __getitem__(self, place: int) -> Job: ...
    @overload
    def __getitem__(self, place: slice) -> list[Job]: ...
    def __getitem__(self, place: int | slice) -> Job | list[Job]:
        return self._sandbox.jobs[place]

    def __len__(self) -> int:
        return len(self._sandbox.jobs)

    def __repr__(self) -> str:
        return repr(self._sandbox.jobs)


@contextmanager
def sandbox(clock: FakeClock | None = None, **options: Any) -> Iterator[Sandbox]:
    """Nothing runs until ``run`` or ``advance`` of what this yields.

    Args:
        clock: by default one that begins at the present, as programs read the time themselves when they ask for a job
            in an hour.
        options: of the workers that run the jobs, as in ``Worker``.
    """
    place = Sandbox(clock, **options)
    shared = property(lambda _: place._memory)
    with patch.object(StoreBackend, "store", shared), patch.object(vocabulary, "clock", place.clock):
        yield place


@contextmanager
def captured_jobs() -> Iterator[CapturedJobs]:
    """Nothing runs and nothing is stored: what is asked for is checked as always, and noted."""
    with sandbox() as place:
        yield CapturedJobs(place)


@contextmanager
def eager(*, raises: bool = True, **options: Any) -> Iterator[Sandbox]:
    """Each job that is due at once has run when ``insert_job`` returns; jobs that its handler asks for, too.

    Retries follow without waiting: the sandbox's time is turned forward instead, beside which it goes on as ever. Jobs
    for later stay until ``advance``.

    Args:
        raises: ``insert_job`` raises ``JobFailed`` when a job ends dead; otherwise tests look at ``Sandbox.jobs``.
        options: of the workers that run the jobs, as in ``Worker``.
    """
    with sandbox(GoingClock(), **({"max_workers": 50} | options)) as place, _running_at_once(place, raises):
        yield place


@contextmanager
def _running_at_once(place: Sandbox, raises: bool) -> Iterator[None]:
    def at_once(method: Callable[..., Any], ids_of: Callable[[Any], list[int]]) -> Callable[..., Any]:
        @wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)
            for job_id in ids_of(answer):
                _run_to_the_end(place, job_id, raises)
            return answer

        return call

    def inserted(answer: list[Inserted]) -> list[int]:
        return [each.job_id for each in answer]

    with (
        patch.object(StoreBackend, "insert_job", at_once(StoreBackend.insert_job, lambda answer: [answer])),
        patch.object(StoreBackend, "insert_jobs", at_once(StoreBackend.insert_jobs, list)),
        patch.object(StoreBackend, "insert", at_once(StoreBackend.insert, inserted)),
    ):
        yield


def _run_to_the_end(place: Sandbox, job_id: int, raises: bool) -> None:
    """Until the job is over, or waits for what does not come by itself: its time, another job, its queue, a slot."""
    place.run()
    attempts = 0
    while (job := place.get_job(job_id)) is not None:
        if job.status is JobStatus.FAILED and raises:
            raise JobFailed(job)
        if job.state == "retrying" and job.attempts > attempts:
            attempts = job.attempts
            place.clock.advance(max(job.scheduled_for - place.clock.now(), _NOW))
            place.run()
        elif job.status is JobStatus.RUNNING:
            time.sleep(PAUSE)  # The handler that asked for it is run by a worker that has taken this one, too.
        else:
            return
