"""What is due, and what becomes of due instants that nobody was there to see.

Every due instant is accounted for exactly once: it fires, or it lies in a stretch that is skipped for a stated reason.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Literal, Protocol, get_args

from taskcore.clock import aware, from_micros, to_micros
from taskcore.errors import BadSchedule
from taskcore.schedule.interval import LONGEST

MAX_RUNS = 1_000
MAX_COUNT = 10_000

MisfirePolicy = Literal["coalesce", "all", "skip"]


class Instants(Protocol):
    """Anything that knows its next instant: ``Cron``, ``Every``, ``Once``."""

    def next_after(self, instant: datetime) -> datetime | None:
        """The first one later than ``instant``, in UTC, or None."""
        ...


class Overlap(StrEnum):
    """What to do when an instant comes and the task of an earlier one is not finished."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE_ONE = "queue_one"
    CANCEL_OTHER = "cancel_other"


@dataclass(frozen=True, slots=True)
class Misfire:
    """What to do with instants that are seen more than ``grace`` late.

    ``coalesce`` lets one run, at the newest due instant, stand for all that is due. ``all`` runs each, but of a long
    backlog only the newest ``MAX_RUNS``. ``skip`` runs none of them. Instants that are seen in time all run.

    Raises:
        BadSchedule: a field is out of its range.
    """

    grace: timedelta = timedelta(seconds=60)
    policy: MisfirePolicy = "coalesce"

    def __post_init__(self) -> None:
        if not isinstance(self.grace, timedelta) or not timedelta(0) <= self.grace <= LONGEST:
            raise BadSchedule(f"misfire grace must be a timedelta from zero to 100 years, got {self.grace!r:.80}")
        if self.policy not in get_args(MisfirePolicy):
            raise BadSchedule(f"misfire policy must be 'coalesce', 'all' or 'skip', got {self.policy!r:.80}")


class Outcome(StrEnum):
    FIRED = "fired"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Fire:
    """One due instant that fires, or all due instants from ``instant`` to ``last`` that are skipped.

    Attributes:
        reason: why they are skipped: ``misfire=coalesce``, ``misfire=skip`` or ``misfire=limit``.
        count: how many they are; ``MAX_COUNT`` stands for that many or more.
    """

    instant: datetime
    last: datetime
    outcome: Outcome = Outcome.FIRED
    reason: str | None = None
    count: int = 1


def due_fires(schedule: Instants, since: datetime, now: datetime, misfire: Misfire) -> list[Fire]:
    """Account for the instants after ``since`` up to and including ``now``, oldest first.

    Raises:
        NaiveTime: ``since`` or ``now`` has no zone.
    """
    since, now = aware(since, "since"), aware(now, "now")
    in_time = max(since, now - misfire.grace - timedelta.resolution)
    oldest = schedule.next_after(since)
    is_late = oldest is not None and oldest <= in_time
    if is_late and misfire.policy == "coalesce":
        return _account(schedule, since, now, 1, "misfire=coalesce")
    late_runs, reason = (0, "misfire=skip") if misfire.policy == "skip" else (MAX_RUNS, "misfire=limit")
    late = _account(schedule, since, in_time, late_runs, reason) if is_late else []
    return late + _account(schedule, in_time, now, MAX_RUNS, "misfire=limit")


def _account(schedule: Instants, since: datetime, until: datetime, runs: int, reason: str) -> list[Fire]:
    """Fire the newest ``runs`` instants of ``(since, until]`` and skip the others in one stretch."""
    most = MAX_COUNT + runs
    oldest = list(islice(_between(schedule, since, until), most))
    newest = oldest if len(oldest) < most else list(_newest(schedule, since, until, runs + 1))[::-1]
    fired = [Fire(instant, instant) for instant in newest[max(0, len(newest) - runs) :]]
    if len(oldest) <= runs:
        return fired
    return [Fire(oldest[0], newest[-runs - 1], Outcome.SKIPPED, reason, len(oldest) - runs), *fired]


def _between(schedule: Instants, since: datetime, until: datetime) -> Iterator[datetime]:
    instant = schedule.next_after(since)
    while instant is not None and instant <= until:
        yield instant
        instant = schedule.next_after(instant)


def _newest(schedule: Instants, since: datetime, until: datetime, limit: int) -> Iterator[datetime]:
    """The last ``limit`` instants, newest first, without a walk through all that lie before them."""
    start = to_micros(since)
    for _ in range(limit):
        # The first moment from which nothing more comes up to ``until`` is the last instant itself.
        ahead = range(start, to_micros(until))
        place = bisect_left(ahead, True, key=lambda micros: _is_over(schedule, micros, until))
        until = from_micros(start + place)
        if until <= since:
            return
        yield until
        until -= timedelta.resolution


def _is_over(schedule: Instants, micros: int, until: datetime) -> bool:
    following = schedule.next_after(from_micros(micros))
    return following is None or following > until
