"""What a schedule is asked for, checked before anything is stored, and what is known of one that is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypedDict

from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId
from taskcore.models import FireRecord, ScheduleRecord, ScheduleSpec
from taskcore.schedule import Cron, Every, Misfire, Once, Overlap, Schedule
from taskcore.schedule.cron import Fold, Gap
from taskcore.schedule.misfire import MisfirePolicy

from taskmq import payload as payloads
from taskmq.job import Job
from taskmq.options import JobOptions, options_of, spec_of
from taskmq.vocabulary import MAX_INTERVAL, PERIODIC

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BY_INSTANT = {
    "scheduled_for": "the schedule says when",
    "interval_seconds": "pass every= instead",
    "expires_at": "it would be over for all runs but the first",
    "idempotency_key": "each instant has a key of its own",
    "unique_key": "pass overlap='skip' instead",
    "depends_on": "it would depend on one job for ever",
}
"""Options that a job of a schedule cannot have, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSchedule:
    """An order: store this job at every instant of ``cron``, or every so often.

    Attributes:
        id: letters, digits, dots, dashes and underscores, up to 100 of them.
        cron: five fields, or a macro such as ``@daily``.
        every: whole seconds, from ``start`` on; None is when the schedule is first saved.
        zone: the IANA time zone of ``cron``.
        gap: a time that does not exist as clocks go forward: "run_after" at the end of the gap, or "skip".
        fold: a time that comes twice as clocks go back: "first", "second" or "both".
        misfire: instants that nobody was there to see for longer than ``grace``: "coalesce" into one job, store "all"
            of them, or "skip".
        overlap: when the job of an earlier instant is not over: "allow", "skip", "queue_one" or "cancel_other".
        paused: None leaves a schedule that is there already as it is.

    Raises:
        InvalidInput: in one sentence; ``BadSchedule`` where it is about the instants.
    """

    id: str
    cron: str | None = None
    every: timedelta | None = None
    start: datetime | None = None
    payload: Any = None
    options: JobOptions = field(default_factory=JobOptions)
    zone: str = "UTC"
    gap: Gap = "run_after"
    fold: Fold = "first"
    misfire: MisfirePolicy = "coalesce"
    grace: timedelta = timedelta(seconds=60)
    overlap: str = "allow"
    paused: bool | None = None

    def __post_init__(self) -> None:
        check_id(self.id)
        _check_kind(self)
        if self.overlap not in list(Overlap):
            raise InvalidInput(f"overlap must be one of {', '.join(Overlap)}, got {self.overlap!r:.80}")
        for name, why in _BY_INSTANT.items():
            if getattr(self.options, name):
                raise InvalidInput(f"the job of a schedule cannot have {name}: {why}")
        if not (self.paused is None or isinstance(self.paused, bool)):
            raise InvalidInput(f"paused must be true, false or left out, got {self.paused!r:.80}")

    def spec(self, now: datetime) -> ScheduleSpec:
        """What the store keeps, when the schedule is first saved at ``now``.

        Raises:
            InvalidInput: the payload is not allowed. BadSchedule: the instants are not, or there are none.
        """
        return ScheduleSpec(
            id=ScheduleId(self.id),
            when=self._when(now),
            task=spec_of(self.payload, self.options, now=now),
            misfire=Misfire(grace=self.grace, policy=self.misfire),
            overlap=Overlap(self.overlap),
            paused=bool(self.paused),
        )

    def upcoming(self, after: datetime, count: int = 5) -> list[datetime]:
        """The next instants, whether the schedule is stored or not, in UTC.

        Raises:
            BadSchedule: there are none.
        """
        return list(islice(_instants(self._when(after), after), max(count, 0)))

    def _when(self, now: datetime) -> Schedule:
        if self.every is not None:
            return Every(self.every, self.start or now)
        return Cron(self.cron or "", self.zone, gap=self.gap, fold=self.fold)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleInfo:
    """A schedule as it is stored.

    Attributes:
        next_at: when it is due; None while it is paused, and when there is nothing to come.
    """

    order: JobSchedule
    next_at: datetime | None

    @property
    def id(self) -> str:
        return self.order.id

    @property
    def paused(self) -> bool:
        """Whether somebody holds it."""
        return bool(self.order.paused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What became of one due instant, or of ``count`` instants up to ``last`` that were skipped together.

    Attributes:
        job_id: the job that was stored for it.
        job: the same as it is now, unless it has been deleted.
        skipped: why there is none, as in "misfire=coalesce" or "overlap=skip".
    """

    instant: datetime
    last: datetime
    count: int = 1
    job_id: int | None = None
    job: Job | None = None
    skipped: str | None = None


def info_of(record: ScheduleRecord) -> ScheduleInfo:
    """What is told of a stored schedule."""
    spec = record.spec
    order = JobSchedule(
        id=spec.id,
        payload=payloads.from_text(spec.task.payload),
        options=options_of(spec.task),
        misfire=spec.misfire.policy,
        grace=spec.misfire.grace,
        overlap=spec.overlap.value,
        paused=spec.paused,
        **_told(spec.when),
    )
    return ScheduleInfo(order=order, next_at=None if spec.paused else record.next_at)


def fired_of(fire: FireRecord, job: Job | None) -> Fired:
    """What is told of a fire."""
    return Fired(
        instant=fire.instant,
        last=fire.last,
        count=fire.count,
        job_id=None if fire.task is None else int(fire.task),
        job=job,
        skipped=fire.skipped,
    )


def check_id(schedule: object) -> ScheduleId:
    """The id of a schedule.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(schedule, str) or not _ID.fullmatch(schedule) or schedule == PERIODIC:
        raise InvalidInput(
            f"the id of a schedule is 1 to 100 letters, digits, dots, dashes and underscores, not {PERIODIC!r}, and "
            f"begins with a letter or a digit; got {schedule!r:.120}"
        )
    return ScheduleId(schedule)


class _Told(TypedDict, total=False):
    cron: str
    zone: str
    gap: Gap
    fold: Fold
    every: timedelta
    start: datetime


def _told(when: Schedule) -> _Told:
    match when:
        case Cron():
            return {"cron": when.expression, "zone": when.zone, "gap": when.gap, "fold": when.fold}
        case Every():
            return {"every": when.interval, "start": when.anchor}
        case Once():
            raise AssertionError("nothing here saves such a schedule")


def _check_kind(order: JobSchedule) -> None:
    if (order.cron is None) == (order.every is None):
        given = "neither" if order.cron is None else "both"
        raise InvalidInput(
            f"a schedule needs cron, such as '0 3 * * *', or every, such as timedelta(minutes=5); got {given}"
        )
    if order.every is not None:
        _check_every(order.every, order.start)
        if (order.zone, order.gap, order.fold) != ("UTC", "run_after", "first"):
            raise InvalidInput("zone, gap and fold belong to cron; every counts elapsed time, so leave them out")
    elif order.start is not None:
        raise InvalidInput("start belongs to every; cron says by itself when it begins")


def _check_every(every: object, start: object) -> None:
    if not isinstance(every, timedelta) or every.microseconds or not 1 <= every.total_seconds() <= MAX_INTERVAL:
        raise InvalidInput(
            f"every must be a timedelta of whole seconds, from one to a hundred years; got {every!r:.80}"
        )
    if not (start is None or (isinstance(start, datetime) and start.utcoffset() is not None)):
        raise InvalidInput(f"start must be a datetime with a time zone, got {start!r:.80}")


def _instants(when: Schedule, after: datetime) -> Iterator[datetime]:
    at = when.next_after(after)
    while at is not None:
        yield at
        at = when.next_after(at)
