"""Schedules without a calendar: every so often, and once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from taskcore.clock import aware
from taskcore.errors import BadSchedule

SHORTEST = timedelta(milliseconds=1)
LONGEST = timedelta(days=36_525)


@dataclass(frozen=True, slots=True)
class Every:
    """``anchor``, and every whole ``interval`` after it, in elapsed time; never before ``anchor``.

    Raises:
        BadSchedule: the interval is not from a millisecond to a hundred years. NaiveTime: ``anchor`` has no zone.
    """

    interval: timedelta
    anchor: datetime

    def __post_init__(self) -> None:
        if not isinstance(self.interval, timedelta) or not SHORTEST <= self.interval <= LONGEST:
            raise BadSchedule(f"interval must be a timedelta from 1 ms to 100 years, got {self.interval!r:.80}")
        object.__setattr__(self, "anchor", aware(self.anchor, "anchor"))

    def next_after(self, instant: datetime) -> datetime | None:
        """The first fire later than ``instant``, in UTC; None when the calendar ends before it."""
        instant = aware(instant, "instant")
        if instant < self.anchor:
            return self.anchor
        try:
            return self.anchor + self.interval * ((instant - self.anchor) // self.interval + 1)
        except OverflowError:
            return None

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that ``from_dict`` reads."""
        return {"kind": "every", "seconds": self.interval.total_seconds(), "anchor": self.anchor.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The schedule that ``to_dict`` wrote."""
        return cls(timedelta(seconds=data["seconds"]), datetime.fromisoformat(data["anchor"]))


@dataclass(frozen=True, slots=True)
class Once:
    """One instant.

    Raises:
        NaiveTime: ``at`` has no zone.
    """

    at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", aware(self.at, "at"))

    def next_after(self, instant: datetime) -> datetime | None:
        """``at`` while it is later than ``instant``, else None."""
        return self.at if aware(instant, "instant") < self.at else None

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that ``from_dict`` reads."""
        return {"kind": "once", "at": self.at.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The schedule that ``to_dict`` wrote."""
        return cls(datetime.fromisoformat(data["at"]))
