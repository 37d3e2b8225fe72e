"""Where the time comes from: the wall clock for what is stored, the monotonic clock for how long."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from taskcore.errors import NaiveTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Both kinds of time; tests hand in a fake one."""

    def now(self) -> datetime:
        """The wall-clock time, aware, in UTC. It may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment. It never goes back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def aware(at: datetime, field: str) -> datetime:
    """Return ``at`` in UTC.

    Raises:
        NaiveTime: it has no time zone.
    """
    if at.utcoffset() is None:
        raise NaiveTime(f"{field} has no time zone: {at!r}; use datetime.now(UTC) or attach a ZoneInfo")
    return at.astimezone(UTC)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 in UTC: how SQLite and Redis keep an instant exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant that ``to_micros`` was given."""
    return _EPOCH + timedelta(microseconds=micros)
