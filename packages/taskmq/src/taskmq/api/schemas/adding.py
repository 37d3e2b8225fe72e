"""Jobs that come in."""

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StrictFloat, StrictInt
from pydantic_core import PydanticCustomError

from taskmq import payload as payloads
from taskmq.api.schemas.body import Body
from taskmq.api.schemas.instants import Instant
from taskmq.options import LONGEST_DELAY, LONGEST_KEY, MOST_DEPENDENCIES, MOST_RETRIES, JobOptions
from taskmq.vocabulary import MAX_INTERVAL, QUEUE

MOST_AT_ONCE = 1_000


def _given(payload: Any) -> Any:
    if payload is None:
        raise PydanticCustomError("missing", "Missing payload")
    return payload


class AddJob(Body):
    """A new job."""

    payload: Annotated[Any, BeforeValidator(_given)] = Field(
        description="Job data: an object, or any other JSON value but null.", examples=[{"key": "value"}]
    )
    handler: str = Field(min_length=1, max_length=200, description="Which handler runs it.", examples=["dummy"])
    priority: StrictInt = Field(0, description="0 (low), 10 (normal), 20 (high), or any other integer; higher first.")
    retry_policy: Literal["fixed", "exponential", "none"] = "fixed"
    scheduled_for: Instant = Field(None, description="ISO 8601: not before then. UTC, where no time zone is given.")
    interval_seconds: StrictInt | None = Field(
        None, ge=1, le=MAX_INTERVAL, description="Again and again, so far apart."
    )
    queue: str = Field(QUEUE, min_length=1, max_length=200, description="Only workers that listen to it run the job.")
    max_retries: StrictInt | None = Field(
        None, ge=0, le=MOST_RETRIES, description="Attempts in all; null leaves it to the worker."
    )
    retry_delay: StrictInt | StrictFloat | None = Field(
        None, ge=0, le=LONGEST_DELAY, description="Seconds before the second attempt; null leaves it to the worker."
    )
    timeout: StrictInt | StrictFloat | None = Field(
        None, ge=0.001, le=LONGEST_DELAY, description="Seconds that an attempt may take; null is no limit."
    )
    expires_at: Instant = Field(None, description="ISO 8601: an attempt that has not begun by then never begins.")
    concurrency_key: str | None = Field(
        None, min_length=1, max_length=200, description="Jobs with the same key share slots, whatever their queue."
    )
    concurrency_limit: StrictInt = Field(
        1, ge=1, le=1_000_000, description="At most so many jobs with its key run at the same time."
    )
    unique_key: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_KEY,
        description="While a job with this key is not over, it is the answer.",
    )
    depends_on: list[StrictInt] = Field(
        [], max_length=MOST_DEPENDENCIES, description="Jobs that must have succeeded before this one begins."
    )
    on_dependency_failure: Literal["cancel", "run"] = Field(
        "cancel", description="What to do when one of them ends otherwise."
    )

    def options(self, idempotency_key: str | None = None) -> JobOptions:
        """How the job is to be run.

        Raises:
            InvalidInput: a value is not allowed.
        """
        return JobOptions(
            handler=self.handler,
            priority=self.priority,
            retry_policy=self.retry_policy,
            scheduled_for=self.scheduled_for,
            interval_seconds=self.interval_seconds,
            queue=self.queue,
            max_retries=self.max_retries,
            retry_delay=self.retry_delay,
            timeout=None if self.timeout is None else timedelta(seconds=self.timeout),
            expires_at=self.expires_at,
            concurrency_key=self.concurrency_key,
            concurrency_limit=self.concurrency_limit,
            idempotency_key=idempotency_key,
            unique_key=self.unique_key,
            depends_on=self.depends_on,
            on_dependency_failure=self.on_dependency_failure,
        )

    def content(self) -> Any:
        """The payload to store. Text that happens to be JSON is quoted, so that it stays a text for its handler."""
        text = self.payload
        ambiguous = isinstance(text, str) and payloads.from_text(text) != text
        return json.dumps(text, ensure_ascii=False) if ambiguous else text


class JobAdded(BaseModel):
    """The job is stored."""

    status: Literal["ok"] = "ok"
    job_id: int
    payload: Any
    priority: int


class JobOfMany(AddJob):
    """One of several new jobs."""

    idempotency_key: str | None = Field(
        None, min_length=1, max_length=200, description="While a job with this key is kept, another is not stored."
    )


class AddJobs(Body):
    """New jobs, each with options of its own."""

    jobs: list[JobOfMany] = Field(min_length=1, max_length=MOST_AT_ONCE)


class OneAdded(BaseModel):
    """What became of one of them. ``created`` is false where its key was taken: it is the job that has it."""

    job_id: int
    created: bool


class JobsAdded(BaseModel):
    """All are stored, in one commit; in the order in which they came."""

    status: Literal["ok"] = "ok"
    jobs: list[OneAdded]
