"""Jobs as they are."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from taskmq.job import Job


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
