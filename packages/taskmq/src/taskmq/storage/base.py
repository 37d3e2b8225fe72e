"""What a job is, and what a place that keeps jobs must do."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from taskcore.engine.context import TaskContext


class JobStatus(Enum):
    """Where a job is in its life."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Job:
    """A job as it was when it was read. Handlers are called with one.

    Attributes:
        payload: the decoded value where the stored text is JSON, else the text itself.
        retries: further attempts that were granted so far.
        error_log: the text of the last error.
        retry_policy: "fixed", "exponential" or "none".
        scheduled_for: not before this instant.
        interval_seconds: the job runs again and again, this far apart.
        locked_by: the worker that runs it now, until ``lock_expires_at`` unless it renews.
        result: ``str`` of what the handler returned.
        priority: higher first.
        handler_hash: SHA-256 of the source of the handler that ran it.
        raw_payload: the stored text.
        state: finer than ``status``: pending, scheduled, retrying, running, success, dead or cancelled.
        return_value: what the handler returned, as a value.
        attempts: how often it was handed to a worker.
        error_type: the class name of the last error.
        worker: the last worker that had it.
        started_at, finished_at: of the last attempt.
        fraction, note: the progress that its handler told of last.
    """

    id: int
    status: JobStatus = JobStatus.PENDING
    payload: Any = None
    created_at: datetime = field(default_factory=_now)
    retries: int = 0
    error_log: str | None = None
    retry_policy: str = "exponential"
    scheduled_for: datetime = field(default_factory=_now)
    interval_seconds: int | None = None
    handler: str | None = None
    locked_by: str | None = None
    lock_expires_at: datetime | None = None
    result: Any = None
    priority: int = 0
    handler_hash: str | None = None
    raw_payload: str | None = None
    state: str = "pending"
    return_value: Any = None
    attempts: int = 0
    error_type: str | None = None
    worker: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fraction: float | None = None
    note: str | None = None
    context: TaskContext | None = field(default=None, repr=False, compare=False)

    def progress(self, fraction: float, note: str | None = None) -> None:
        """Tell how far the handler is, from 0 to 1. Outside of a worker, as in a test of the handler, this does nothing."""
        if self.context is not None:
            self.context.progress(fraction, note)

    def log(self, message: str, level: str = "INFO") -> None:
        """Leave a line in the job's log. Outside of a worker this does nothing."""
        if self.context is not None:
            self.context.log(message, level)

    @property
    def cancelled(self) -> bool:
        """Whether the handler should stop: its worker shuts down, or lost the job."""
        return self.context is not None and self.context.cancelled


class QueueBackend(ABC):
    """A place that keeps jobs. ``Worker(backend=...)`` takes any subclass.

    Ids that do not exist are ignored by methods that return None.
    """

    @abstractmethod
    def insert_job(
        self,
        payload: Any,
        retry_policy: str = "exponential",
        scheduled_for: datetime | None = None,
        interval_seconds: int | None = None,
        handler: str | None = None,
        priority: int = 0,
    ) -> int:
        """Store a job, and return its id: 1 for the first one, and never one that was used before."""

    @abstractmethod
    def fetch_job(self, worker_id: str, lock_timeout: int = 30) -> Job | None:
        """Hand out the best due job to this worker alone, for ``lock_timeout`` seconds; None when nothing is due."""

    @abstractmethod
    def update_status(
        self,
        job_id: int,
        status: JobStatus,
        retries: int = 0,
        error_log: str | None = None,
        result: Any = None,
        handler_hash: str | None = None,
    ) -> None:
        """Tell what became of a job."""

    @abstractmethod
    def move_to_dlq(self, job_id: int, error_log: str | None = None) -> None:
        """Make a job dead."""

    @abstractmethod
    def list_dead_jobs(self, limit: int = 100, offset: int = 0) -> list[Job]:
        """Dead jobs, newest first."""

    @abstractmethod
    def replay_dead_job(self, job_id: int) -> int | None:
        """Store a dead job anew, take it off the dead list, and return the new id; None when no dead job has this id."""

    @abstractmethod
    def get_job(self, job_id: int) -> Job | None:
        """The job, or None."""

    @abstractmethod
    def add_log(self, job_id: int, level: str, message: str, handler: str | None = None) -> None:
        """Add a line to a job's log, stamped now."""

    @abstractmethod
    def get_logs(self, job_id: int | None = None, handler: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The newest ``limit`` lines, oldest first, as dicts of job_id, handler, level, message and timestamp."""

    @abstractmethod
    def requeue_expired_locks(self) -> None:
        """Take jobs back from workers whose lock ran out."""

    @abstractmethod
    def reschedule_periodic_jobs(self) -> None:
        """Make periodic jobs that succeeded pending again, for their next instant."""

    @abstractmethod
    def get_queue_depth(self) -> int:
        """How many jobs are pending, later ones included."""

    @abstractmethod
    def check_health(self) -> bool:
        """Whether the place can be reached."""
