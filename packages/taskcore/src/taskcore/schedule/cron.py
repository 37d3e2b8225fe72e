"""Cron schedules in a time zone, under a written policy for the nights when the clocks change.

An expression is *interval-like* when its minute or hour field begins with ``*`` or with an open step such as
``5/15`` (Debian cron's rule): it follows elapsed time, so it fires at every instant at which the wall clock shows a
time it names. All others are *fixed-time*, and answer two questions of their own:

- the clocks go forward over the time (gap): ``run_after``, at the first instant after the gap, or ``skip``;
- the clocks go back over the time (fold): the ``first`` time, the ``second`` or ``both``.

Two times that meet on one instant are one fire.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from taskcore.clock import aware
from taskcore.errors import BadSchedule
from taskcore.schedule.crontab import Crontab
from taskcore.schedule.notation import SecondsField, parse

Gap = Literal["run_after", "skip"]
Fold = Literal["first", "second", "both"]

MAX_LENGTH = 500
_FOLDS: dict[Fold, tuple[Literal[0, 1], ...]] = {"first": (0,), "second": (1,), "both": (0, 1)}
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """The instants that a cron expression names in a zone.

    Five fields, macros, names, ranges (also around the end, ``FRI-MON``), steps, ``L``, ``LW``, ``15W``, ``5L`` and
    ``5#2``; Sunday is 0 and 7. When both day fields are restricted either is enough; a day field that
    begins with ``*`` (``*/2`` too) is not restricted, and both must hold.

    Attributes:
        zone: an IANA name such as ``Europe/Rome``.
        seconds: where the sixth field stands; None when there is none.

    Raises:
        BadSchedule: the expression, the zone or a policy is unknown, or no date satisfies the expression.
    """

    expression: str
    zone: str = "UTC"
    gap: Gap = field(default="run_after", kw_only=True)
    fold: Fold = field(default="first", kw_only=True)
    seconds: SecondsField = field(default=None, kw_only=True)
    _tab: Crontab = field(init=False, repr=False, compare=False)
    _info: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check("gap", self.gap, get_args(Gap))
        _check("fold", self.fold, get_args(Fold))
        _check("seconds", self.seconds, ("first", "last", None))
        if not isinstance(self.expression, str) or len(self.expression) > MAX_LENGTH:
            raise BadSchedule(
                f"a cron expression is text of up to {MAX_LENGTH} characters, got {self.expression!r:.80}"
            )
        object.__setattr__(self, "_tab", parse(self.expression, self.seconds))
        object.__setattr__(self, "_info", _zone(self.zone))

    def next_after(self, instant: datetime) -> datetime | None:
        """The first fire later than ``instant``, in UTC; None when the calendar ends before it.

        Raises:
            NaiveTime: ``instant`` has no zone.
        """
        instant = aware(instant, "instant")
        try:
            fires = [self._next(instant, fold) for fold in self._folds_near(instant)]
        except OverflowError:  # the year 10000 in some zone
            return None
        return min((fire for fire in fires if fire is not None), default=None)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that ``from_dict`` reads."""
        names = ("expression", "zone", "gap", "fold", "seconds")
        return {"kind": "cron"} | {name: getattr(self, name) for name in names}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The schedule that ``to_dict`` wrote."""
        return cls(**{name: value for name, value in data.items() if name != "kind"})

    def _folds_near(self, instant: datetime) -> tuple[Literal[0, 1], ...]:
        folds = _FOLDS["both" if self._tab.open_ended else self.fold]
        if len(folds) == 1 or _fall_back(self._info, instant.date()):
            return folds
        return folds[:1]

    def _next(self, instant: datetime, fold: Literal[0, 1]) -> datetime | None:
        """The next fire, when each repeated time counts only the first (0) or the second (1) time it is shown.

        Counted so, later wall times never come earlier, and the first hit is the answer.
        """
        wall: datetime | None = self._wall(instant)
        if fold and wall is not None:
            wall -= _fall_back(self._info, instant.date())  # earlier times may be shown again
        while wall is not None and (wall := self._tab.after(wall)) is not None:
            fire = self._instant(wall, fold)
            if fire is not None and fire > instant:
                return fire
        return None

    def _instant(self, wall: datetime, fold: Literal[0, 1]) -> datetime | None:
        """When the clocks show ``wall``, or what the policy puts in its place."""
        instant = wall.replace(tzinfo=self._info, fold=fold).astimezone(UTC)
        if self._wall(instant) == wall:
            return instant
        if self.gap == "skip" or self._tab.open_ended:
            return None
        return self._end_of_gap(wall)

    def _end_of_gap(self, wall: datetime) -> datetime:
        """The first instant at which the clocks are past ``wall``, which they never show."""
        # In a gap the two readings (PEP 495) lie on either side of it.
        before = wall.replace(tzinfo=self._info, fold=1).astimezone(UTC)
        after = wall.replace(tzinfo=self._info, fold=0).astimezone(UTC)
        width = int((after - before).total_seconds())
        second = timedelta(seconds=1)
        return before + second * bisect_left(range(width), True, key=lambda n: self._wall(before + second * n) > wall)

    def _wall(self, instant: datetime) -> datetime:
        return instant.astimezone(self._info).replace(tzinfo=None)


@lru_cache(maxsize=4096)
def _fall_back(zone: ZoneInfo, day: date) -> timedelta:
    """How far clocks go back between the day before ``day`` and the day after it, in UTC; mostly zero.

    Hourly samples are enough: what a transition changes stays for weeks. Days, because a place that moves over
    the date line lives nearly a whole day twice.
    """
    start = datetime.combine(day, time(), UTC) - 24 * _HOUR
    offsets = [(start + _HOUR * hour).astimezone(zone).utcoffset() or timedelta(0) for hour in range(73)]
    return max(highest - offset for highest, offset in zip(accumulate(offsets, max), offsets, strict=True))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError, TypeError) as error:
        raise BadSchedule(f"time zone {name!r:.80} is unknown; expected an IANA name such as 'Europe/Rome'") from error


def _check(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise BadSchedule(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r:.80}")
