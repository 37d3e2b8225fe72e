"""What a job is, as its handler and everybody else who reads it sees it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
        state: finer than ``status``: pending, waiting (for jobs that it depends on), scheduled, retrying, running,
            cancelling, success, dead or cancelled.
        return_value: what the handler returned, as a value.
        attempts: how often it was handed to a worker, also by one that gave it back before it began.
        error_type: the class name of the last error.
        worker: the last worker that had it.
        queue: where it waits.
        max_retries: attempts in all, where the job says; None leaves it to the worker.
        started_at, finished_at: of the last attempt.
        fraction, note: the progress that its handler told of last.
        timeout, expires_at, unique_key, depends_on: as in ``taskmq.options.JobOptions``.
        schedule: the id of the schedule that stored it.
        tries: how often it was begun for this run: what ``max_retries`` limits.
        was_tried: whether ``started_at`` and ``finished_at`` are of a try, not of an attempt that was given back.
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
    queue: str = "default"
    max_retries: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fraction: float | None = None
    note: str | None = None
    timeout: timedelta | None = None
    expires_at: datetime | None = None
    unique_key: str | None = None
    depends_on: tuple[int, ...] = ()
    schedule: str | None = None
    tries: int = 0
    was_tried: bool = False
    context: TaskContext | None = field(default=None, repr=False, compare=False)

    def progress(self, fraction: float, note: object = None) -> None:
        """Tell how far the handler is, from 0 to 1. Outside of a worker, as in a unit test, this does nothing."""
        if self.context is not None:
            self.context.progress(fraction, note)

    def log(self, message: object, level: str = "INFO") -> None:
        """Leave a line in the job's log: the text of ``message``. Outside of a worker this does nothing."""
        if self.context is not None:
            self.context.log(message, level)

    @property
    def cancelled(self) -> bool:
        """Whether the handler should stop: somebody cancelled the job, it is over its time, or its worker shuts down
        or lost it. Coroutines and child processes are interrupted anyway; a plain function has to look."""
        return self.context is not None and self.context.cancelled

    def raise_if_cancelled(self) -> None:
        """Leave the handler here when it should stop.

        Raises:
            TaskCancelled, TaskTimeout, or another ``TaskcoreError``: why; it also tells what becomes of the job.
        """
        if self.context is not None:
            self.context.raise_if_cancelled()
