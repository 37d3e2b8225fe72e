"""Schedules of jobs."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StrictBool, StrictInt

from taskmq.api.schemas.adding import AddJob
from taskmq.api.schemas.body import Body
from taskmq.api.schemas.instants import Instant
from taskmq.api.schemas.reading import JobListed
from taskmq.job_schedule import Fired, JobSchedule, ScheduleInfo
from taskmq.vocabulary import MAX_INTERVAL

Identifier = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Misfires = Literal["coalesce", "all", "skip"]
Overlaps = Literal["allow", "skip", "queue_one", "cancel_other"]


class ScheduledJob(AddJob):
    """The job that is stored at each instant. When, the schedule says."""

    scheduled_for: None = None
    interval_seconds: None = None
    expires_at: None = None


class SaveSchedule(Body):
    """A schedule: five fields or a macro in ``cron``, or ``every`` so many seconds from ``start`` on."""

    job: ScheduledJob
    cron: str | None = Field(None, min_length=1, max_length=200, examples=["0 3 * * *"])
    zone: str = Field("UTC", min_length=1, max_length=100, description="IANA time zone of cron.")
    gap: Literal["run_after", "skip"] = "run_after"
    fold: Literal["first", "second", "both"] = "first"
    every: StrictInt | None = Field(None, ge=1, le=MAX_INTERVAL, description="Seconds.")
    start: Instant = None
    misfire: Misfires = "coalesce"
    grace: StrictInt = Field(60, ge=0, le=MAX_INTERVAL, description="Seconds by which an instant may be late.")
    overlap: Overlaps = "allow"
    paused: StrictBool | None = None

    def order(self, identifier: str) -> JobSchedule:
        """The same as the queue knows it.

        Raises:
            InvalidInput: in one sentence.
        """
        return JobSchedule(
            id=identifier,
            cron=self.cron,
            every=None if self.every is None else timedelta(seconds=self.every),
            start=self.start,
            payload=self.job.content(),
            options=self.job.options(),
            zone=self.zone,
            gap=self.gap,
            fold=self.fold,
            misfire=self.misfire,
            grace=timedelta(seconds=self.grace),
            overlap=self.overlap,
            paused=self.paused,
        )


class NewSchedule(SaveSchedule):
    """The same, with its id."""

    id: Identifier = Field(examples=["nightly"])


class ScheduleShown(BaseModel):
    """A schedule as it is stored. ``next_at`` is null while it is paused."""

    id: str
    cron: str | None
    zone: str
    gap: str
    fold: str
    every: int | None
    start: datetime | None
    misfire: str
    grace: int
    overlap: str
    paused: bool
    next_at: datetime | None
    handler: str | None
    payload: Any
    queue: str
    priority: int

    @classmethod
    def of(cls, info: ScheduleInfo) -> Self:
        order = info.order
        return cls(
            id=order.id,
            cron=order.cron,
            zone=order.zone,
            gap=order.gap,
            fold=order.fold,
            every=None if order.every is None else int(order.every.total_seconds()),
            start=order.start,
            misfire=order.misfire,
            grace=int(order.grace.total_seconds()),
            overlap=order.overlap,
            paused=info.paused,
            next_at=info.next_at,
            handler=order.options.handler,
            payload=order.payload,
            queue=order.options.queue,
            priority=order.options.priority,
        )


class FiredShown(BaseModel):
    """What became of a due instant, or of ``count`` up to ``last`` that were skipped together."""

    instant: datetime
    last: datetime
    count: int
    job_id: int | None
    job: JobListed | None
    skipped: str | None

    @classmethod
    def of(cls, fired: Fired) -> Self:
        job = None if fired.job is None else JobListed.of(fired.job)
        return cls(
            instant=fired.instant,
            last=fired.last,
            count=fired.count,
            job_id=fired.job_id,
            job=job,
            skipped=fired.skipped,
        )


class ScheduleDetail(ScheduleShown):
    """The same, with the instants to come."""

    upcoming: list[datetime]


class ScheduleRemoved(BaseModel):
    """It is gone; jobs that it stored stay."""

    status: Literal["removed"] = "removed"
    id: str


class ScheduleRun(BaseModel):
    """Its job is stored once more, due now."""

    status: Literal["ok"] = "ok"
    id: str
    job_id: int
