"""What a schedule is, how far it has been followed, and what became of its due instants."""

from dataclasses import dataclass, field
from datetime import datetime

from taskcore.ids import ScheduleId, TaskId
from taskcore.models.task import MAX_NAME, TaskSpec, check_name
from taskcore.schedule import Misfire, Overlap, Schedule

MAX_ID = MAX_NAME - 40
"""Leaves room for an instant: together they are the idempotency key of a fire."""

KEPT_FIRES = 10_000
"""Records of due instants that are kept of a schedule, the newest: one of every second would fill any disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """An order: put ``task`` at every instant of ``when``.

    Attributes:
        misfire: what to do about instants that nobody was there to see.
        overlap: what to do when the task of an earlier instant is not finished.
        paused: instants that come by are not accounted at all, and not caught up afterwards.

    Raises:
        InvalidInput: the id is no name.
    """

    id: ScheduleId
    when: Schedule
    task: TaskSpec
    misfire: Misfire = field(default_factory=Misfire)
    overlap: Overlap = Overlap.ALLOW
    paused: bool = False

    def __post_init__(self) -> None:
        check_name("id", self.id, MAX_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """A schedule as the store knows it.

    Attributes:
        cursor: every due instant up to and including this one is accounted for.
        next_at: the first due instant after ``cursor``; None when there is none.
        version: grows with every write; who writes must have seen the present one.
    """

    spec: ScheduleSpec
    cursor: datetime
    next_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRecord:
    """What became of one due instant, or of ``count`` instants up to ``last`` that were skipped together.

    Attributes:
        task: the task that was put for it.
        skipped: the policy that decided against one, as in "misfire=coalesce" or "overlap=skip".
    """

    schedule: ScheduleId
    instant: datetime
    last: datetime
    count: int = 1
    task: TaskId | None = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """One step of a schedule: the tasks it puts, the instants it accounts for, and where it stands afterwards.

    ``tasks`` pairs the instant with the order that it fires; ``skipped`` holds the rest.
    """

    schedule: ScheduleId
    version: int
    cursor: datetime
    next_at: datetime | None
    tasks: tuple[tuple[datetime, TaskSpec], ...] = ()
    skipped: tuple[FireRecord, ...] = ()
    cancel: tuple[TaskId, ...] = ()
