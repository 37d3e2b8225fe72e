"""Schedules as pages show them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from taskcore.states import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRow:
    """What became of one due instant: a task with its phase, or the policy that skipped it."""

    instant: datetime
    task: str | None = None
    phase: Phase | None = None
    skipped: str = ""
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A schedule.

    Attributes:
        trigger: as it was written: "0 3 * * *", "every 30 s", "once".
        words: the same for people: "At 03:00, every day".
        recent: its last fires, oldest first, ten at the most.
        problem: why nobody can follow it, if that is so.
    """

    id: str
    name: str
    task: str
    queue: str = "default"
    group: str = ""
    trigger: str
    words: str = ""
    zone: str = "UTC"
    next_at: datetime | None = None
    paused: bool = False
    misfire: str = ""
    overlap: str = ""
    recent: tuple[FireRow, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage:
    """All schedules; ``leader`` is who fires them, None when nobody does, "" when nobody needs to."""

    rows: tuple[ScheduleRow, ...]
    leader: str | None = ""
    leader_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDetail:
    """A schedule with its next instants and its history, newest first."""

    row: ScheduleRow
    upcoming: tuple[datetime, ...] = ()
    history: tuple[FireRow, ...] = ()
    notes: tuple[str, ...] = ()
    """What is odd about the next instants, as in "02:30 does not exist on 2027-03-28; will run at 03:00"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A due instant to come. ``every`` is set once, instead of many, for what fires more often than every 15 min."""

    schedule: str
    at: datetime
    every: timedelta | None = None
