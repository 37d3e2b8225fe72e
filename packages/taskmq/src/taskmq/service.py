"""The use cases, one method each: what a command line or an API calls between reading its input and printing.

A ``Service`` speaks to any ``QueueBackend``. What needs more than its thirteen methods (pages, bulk replay) is there on
the backends of this package, and is refused in one sentence on others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from taskcore.errors import IllegalMove
from taskcore.pagination import Page
from taskcore.states import TaskState

from taskmq.entries import Entry, entry_of
from taskmq.errors import (
    HandlerUnknown,
    HashMismatch,
    JobNotFound,
    NoHashStored,
    NotReplayable,
    NotSupported,
)
from taskmq.filters import JobFilter
from taskmq.jobs import handlers, listing
from taskmq.jobs.listing import HandlerInfo
from taskmq.options import JobOptions, more_of
from taskmq.outcomes import result_of
from taskmq.retention import states_to_purge
from taskmq.storage.base import Job, JobStatus, QueueBackend
from taskmq.storage.store_backend import Inserted, StoreBackend
from taskmq.vocabulary import CANCEL_REQUESTED, CANCELLED, CANCELLING

__all__ = [
    "Cancellation",
    "Entry",
    "HandlerInfo",
    "HandlerUnknown",
    "HashMismatch",
    "Inserted",
    "JobFilter",
    "JobNotFound",
    "NoHashStored",
    "NotReplayable",
    "NotSupported",
    "Progress",
    "Service",
]


class Cancellation(StrEnum):
    """What became of a job that was to be cancelled."""

    CANCELLED = "cancelled"
    """It will not run."""
    CANCELLING = "cancelling"
    """Its worker has been told to stop it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is. ``fraction`` goes from 0 to 1; None while its handler has not told."""

    state: str
    fraction: float | None
    note: str | None


class Service:
    """The use cases of one queue. Every method raises ``StoreUnavailable`` when the queue cannot be reached."""

    def __init__(self, backend: QueueBackend) -> None:
        self._backend = backend

    def add(self, payload: object, options: JobOptions = JobOptions()) -> Inserted:  # noqa: B008 - frozen
        """Store a job. ``payload`` is a JSON value, or text.

        Raises:
            InvalidInput: in one sentence, with nothing stored.
            NotSupported: the backend has the methods of ``QueueBackend`` alone, and does not know an option.
        """
        if isinstance(self._backend, StoreBackend):
            (inserted,) = self._backend.insert([(payload, options)])
            return inserted
        if more := more_of(options):
            self._own_backend(f"a job with {', '.join(more)}")
        job_id = self._backend.insert_job(
            payload,
            retry_policy=options.retry_policy,
            scheduled_for=options.scheduled_for,
            interval_seconds=options.interval_seconds,
            handler=options.handler,
            priority=options.priority,
        )
        return Inserted(job_id, created=True)

    def add_many(self, orders: Sequence[tuple[object, JobOptions]]) -> Sequence[Inserted]:
        """Store many jobs in one commit, all or none, and answer in the same order.

        Raises:
            InvalidInput: in one sentence that says which one it is, with nothing stored.
            NotSupported: the backend stores one at a time.
        """
        return self._own_backend("storing many jobs at once").insert(orders)

    def get(self, job_id: int) -> Job:
        """The job, dead ones included.

        Raises:
            JobNotFound: there is none.
        """
        job = self._backend.get_job(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def list(self, wanted: JobFilter) -> Page[Job]:
        """One page of jobs, newest first.

        Raises:
            InvalidInput: an unknown state, or a bad limit. BadCursor: a cursor of another listing.
            NotSupported: the backend has no listing.
        """
        found = self._own_backend("listing jobs").find(wanted.query())
        shown = tuple(found[: wanted.limit])
        return Page(shown, wanted.cursor_behind(shown[-1].id) if len(found) > len(shown) else None)

    def count(self, wanted: JobFilter) -> int | None:
        """How many jobs it finds on all pages; None where the store has not counted such.

        Raises:
            NotSupported: the backend has no listing.
        """
        return self._own_backend("counting jobs").total(wanted)

    def progress(self, job_id: int) -> Progress:
        """How far a job is.

        Raises:
            JobNotFound: there is none.
        """
        job = self.get(job_id)
        return Progress(state=job.state, fraction=job.fraction, note=job.note)

    def result(self, job_id: int) -> Any:
        """What the handler of a job returned.

        Raises:
            JobNotFound: there is none. JobFailed: it is dead or cancelled. JobNotOver: it has no result yet.
        """
        return result_of(self.get(job_id))

    def timeline(self, job_id: int) -> Sequence[Entry]:
        """What happened to a job, oldest first, beginning with "Queued"; at most its newest 100 lines after that.

        Raises:
            JobNotFound: there is none.
        """
        job = self.get(job_id)
        queued = Entry(at=job.created_at.isoformat(), message="Queued", job_id=job_id, handler=job.handler)
        return [queued, *self.logs(job_id=job_id, limit=100)]

    def logs(self, *, job_id: int | None = None, handler: str | None = None, limit: int = 50) -> Sequence[Entry]:
        """The newest ``limit`` lines of a job, a handler, or both, oldest first."""
        return [entry_of(line) for line in self._backend.get_logs(job_id=job_id, handler=handler, limit=limit)]

    def list_dead(self, limit: int = 20, offset: int = 0) -> Sequence[Job]:
        """Dead jobs, newest first."""
        return self._backend.list_dead_jobs(limit, offset)

    def replay(self, job_id: int, *, exact: bool = False) -> int:
        """Store a copy of any job, due now, and return its id; ``exact`` calls ``verify_hash`` first.

        Raises:
            JobNotFound: there is none. NotReplayable: as ``verify_hash``.
            UniqueKeyTaken: a job that is not over has its unique key.
        """
        job = self.get(job_id)
        if exact:
            self.verify_hash(job_id)
        if isinstance(self._backend, StoreBackend):
            return _or_missing(self._backend.copy_job(job_id), job_id)
        return self._backend.insert_job(
            job.payload if job.raw_payload is None else job.raw_payload,
            retry_policy=job.retry_policy,
            interval_seconds=job.interval_seconds,
            handler=job.handler,
            priority=job.priority,
        )

    def verify_hash(self, job_id: int) -> str:
        """Return the hash of the code that ran the job when this process has the same code.

        Raises:
            JobNotFound: there is none.
            NoHashStored, HandlerUnknown, HashMismatch: why the code cannot be shown to be the same.
        """
        job = self.get(job_id)
        if not job.handler_hash:
            raise NoHashStored("Original job has no handler hash stored. Cannot perform exact replay.")
        current = handlers.get_handler_hash(job.handler)
        if current is None:
            raise HandlerUnknown(job.handler)
        if current != job.handler_hash:
            raise HashMismatch(job.handler_hash, current)
        return current

    def replay_dead(self, job_id: int) -> int:
        """Move a dead job back to the queue under a new id, and return that.

        Raises:
            JobNotFound: no dead job has this id. UniqueKeyTaken: a job that is not over has its unique key.
        """
        return _or_missing(self._backend.replay_dead_job(job_id), job_id, "the dead jobs")

    def cancel(self, job_id: int, *, running: bool = False) -> Cancellation:
        """Cancel a pending job; with ``running`` also one that runs, which its worker stops within about a second.

        Coroutines are cancelled and child processes ended. A plain function is asked, see ``Job.cancelled``; one that
        does not look is abandoned after two seconds. A periodic job does not run again.

        Raises:
            JobNotFound: there is none. IllegalMove: it is over, or running without being asked for.
            NotSupported: ``running``, and the backend cannot stop jobs.
        """
        job = self.get(job_id)
        if running and job.status is JobStatus.RUNNING:
            return self._stop(job)
        if job.status is not JobStatus.PENDING:
            raise IllegalMove(job.state, "cancel", " or ".join(("pending", "running")[: 1 + running]))
        self._backend.update_status(job_id, JobStatus.FAILED, job.retries, CANCELLED)
        return Cancellation.CANCELLED

    def _stop(self, job: Job) -> Cancellation:
        backend = self._own_backend("stopping a job that runs")
        match backend.cancel_job(job.id):
            case TaskState.CANCELLED:
                return Cancellation.CANCELLED
            case TaskState.RUNNING:
                if job.state != CANCELLING:
                    backend.add_log(job.id, "WARNING", CANCEL_REQUESTED)
                return Cancellation.CANCELLING
            case None:
                raise JobNotFound(job.id)
            case over:
                raise IllegalMove(over, "cancel", "pending or running")

    def retry(self, job_id: int) -> None:
        """Let a job that failed run again, under its id and with all its attempts; a dead one leaves the dead list.

        A job that is pending already stays as it is, so that asking twice is as good as once.

        Raises:
            JobNotFound: there is none. IllegalMove: it is running, or has succeeded.
            UniqueKeyTaken: another job has got its unique key since.
        """
        job = self.get(job_id)
        if job.status is JobStatus.PENDING:
            return
        if job.status is not JobStatus.FAILED:
            raise IllegalMove(job.state, "retry", TaskState.FAILED)
        if isinstance(self._backend, StoreBackend):
            self._backend.retry_job(job_id)
        else:
            self._backend.update_status(job_id, JobStatus.PENDING, job.retries + 1, "Retry requested")

    def delete(self, job_id: int) -> None:
        """Remove a job and its logs.

        Raises:
            JobNotFound: there is none. IllegalMove: it is running. NotSupported: the backend removes nothing.
        """
        backend = self._own_backend("deleting a job")
        if not backend.delete_job(job_id):
            raise IllegalMove(self.get(job_id).state, "delete", "not running")

    def purge(self, state: str | None = None, *, older_than: timedelta, most: int | None = None) -> int:
        """Remove jobs that ended longer ago than that, with their logs, a few hundred a step; tell how many.

        Args:
            state: success, dead, cancelled, or failed for the last two; None for all that are over.
            most: at most so many, oldest first; None for all.

        Raises:
            InvalidInput: jobs in such a state are not over. NotSupported: the backend removes nothing.
        """
        return self._own_backend("purging jobs").purge(states_to_purge(state), older_than, most)

    def handlers(self) -> Sequence[HandlerInfo]:
        """The handlers that this process has registered, by name."""
        return listing.registered()

    def _own_backend(self, what: str) -> StoreBackend:
        if isinstance(self._backend, StoreBackend):
            return self._backend
        raise NotSupported(f"{type(self._backend).__name__} has the methods of QueueBackend alone; {what} needs more")


def _or_missing(found: int | None, job_id: int, where: str = "the queue") -> int:
    if found is None:
        raise JobNotFound(job_id, where)
    return found
