"""Jobs as they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel
from taskcore.models import Attempt, TaskRecord

from taskmq.job import Job
from taskmq.vocabulary import terms_of


class JobShown(BaseModel):
    """A job as it is now. ``status`` is PENDING, RUNNING, SUCCESS or FAILED; ``state`` says it finer."""

    id: int
    status: str
    state: str
    handler: str | None
    priority: int
    payload: Any
    result: Any
    error_log: str | None
    retries: int
    retry_policy: str
    interval_seconds: int | None
    created_at: datetime
    scheduled_for: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(**_shown(cls, job))


class JobListed(JobShown):
    """A job of a list."""

    queue: str
    attempts: int
    error_type: str | None
    worker: str | None
    schedule: str | None
    started_at: datetime | None
    finished_at: datetime | None


class AttemptShown(BaseModel):
    """One attempt. ``ended`` is how, in a word; null while it goes on. ``error`` is its type and text."""

    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    ended: str | None
    error_type: str | None
    error: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        error = attempt.error
        return cls(
            number=attempt.number,
            worker=attempt.worker,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            ended=None if attempt.ended is None else attempt.ended.value,
            error_type=None if error is None else error.type,
            error=None if error is None else error.message,
        )


class LineShown(BaseModel):
    """A line of a job's log or history."""

    at: datetime
    level: str
    message: str

    @classmethod
    def of(cls, line: dict[str, Any]) -> Self:
        return cls(at=line["timestamp"], level=line["level"], message=line["message"])


class JobDetail(JobListed):
    """Everything about a job. ``timeout`` and ``retry_delay`` are seconds; null leaves them to worker and handler."""

    handler_hash: str | None
    max_retries: int | None
    retry_delay: float | None
    timeout: float | None
    expires_at: datetime | None
    concurrency_key: str | None
    concurrency_limit: int
    unique_key: str | None
    depends_on: list[int]
    fraction: float | None
    note: str | None
    lock_expires_at: datetime | None
    attempt_list: list[AttemptShown]
    timeline: list[LineShown]

    @classmethod
    def told(
        cls, job: Job, record: TaskRecord, attempts: Sequence[Attempt], timeline: Sequence[dict[str, Any]]
    ) -> Self:
        terms = terms_of(record.meta)
        queued = LineShown(at=record.created_at, level="INFO", message="Queued")
        return cls(
            **_shown(JobListed, job),
            handler_hash=job.handler_hash,
            max_retries=terms.max_retries,
            retry_delay=terms.retry_delay,
            timeout=None if record.timeout is None else record.timeout.total_seconds(),
            expires_at=record.expires_at,
            concurrency_key=record.concurrency_key,
            concurrency_limit=record.concurrency_limit,
            unique_key=job.unique_key,
            depends_on=list(job.depends_on),
            fraction=job.fraction,
            note=job.note,
            lock_expires_at=job.lock_expires_at,
            attempt_list=[AttemptShown.of(attempt) for attempt in attempts],
            timeline=[queued, *map(LineShown.of, timeline)],
        )


class Progress(BaseModel):
    """How far a job is: ``fraction`` from 0 to 1 and ``note`` are what its handler told last."""

    job_id: int
    state: str
    fraction: float | None
    note: str | None
    attempts: int
    started_at: datetime | None
    finished_at: datetime | None


class Result(BaseModel):
    """What the handler returned."""

    job_id: int
    state: str
    result: Any


class NoResult(BaseModel):
    """Why there is none: the job is not over, or did not succeed. ``state`` says which."""

    detail: str
    state: str


def _shown(model: type[BaseModel], job: Job) -> dict[str, Any]:
    """The fields of a job that a model has. ``status`` is a word."""
    return {name: getattr(job, name) for name in model.model_fields} | {"status": job.status.value}
