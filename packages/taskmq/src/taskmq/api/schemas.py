"""Bodies of requests and answers."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from taskmq.job import Job
from taskmq.vocabulary import MAX_INTERVAL


def _given(payload: Any) -> Any:
    if payload is None:
        raise PydanticCustomError("missing", "Missing payload")
    return payload


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    wanted = "an instant such as 2026-04-01T12:00:00Z was expected"
    if not isinstance(value, str):
        raise PydanticCustomError("datetime_type", wanted)
    try:
        at = datetime.fromisoformat(value)
        # Without a time zone it is UTC, as the documentation of the public release has it.
        return at.replace(tzinfo=UTC) if at.utcoffset() is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("datetime_parsing", wanted) from None


class AddJob(BaseModel):
    """A new job."""

    payload: Annotated[Any, BeforeValidator(_given)] = Field(
        description="Job data: an object, or any other JSON value but null.", examples=[{"key": "value"}]
    )
    handler: str = Field(min_length=1, description="Which handler runs it.", examples=["dummy"])
    priority: StrictInt = Field(0, description="0 (low), 10 (normal), 20 (high), or any other integer; higher first.")
    retry_policy: Literal["fixed", "exponential", "none"] = "fixed"
    scheduled_for: Annotated[datetime | None, BeforeValidator(_instant)] = Field(
        None, description="ISO 8601: not before then. UTC, where no time zone is given."
    )
    interval_seconds: StrictInt | None = Field(
        None, ge=1, le=MAX_INTERVAL, description="Again and again, so far apart."
    )


class JobAdded(BaseModel):
    """The job is stored."""

    status: Literal["ok"] = "ok"
    job_id: int
    payload: Any
    priority: int


class JobNumber(BaseModel):
    """Which job."""

    job_id: StrictInt = Field(examples=[123])


class JobCancelled(BaseModel):
    """The job will not run."""

    status: Literal["cancelled"] = "cancelled"
    job_id: int


class JobRetrying(BaseModel):
    """The job will run again."""

    status: Literal["retrying"] = "retrying"
    job_id: int


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
    def of(cls, job: Job) -> "JobShown":
        return cls(
            id=job.id,
            status=job.status.value,
            state=job.state,
            handler=job.handler,
            priority=job.priority,
            payload=job.payload,
            result=job.result,
            error_log=job.error_log,
            retries=job.retries,
            retry_policy=job.retry_policy,
            interval_seconds=job.interval_seconds,
            created_at=job.created_at,
            scheduled_for=job.scheduled_for,
        )


class HealthShown(BaseModel):
    """Whether the queue can be reached, and what is known of workers."""

    status: Literal["ok", "db_error"]
    worker: Literal["alive", "not_recently_alive", "unknown"] | None = None
