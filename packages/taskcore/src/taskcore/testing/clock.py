"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class FakeClock:
    """A ``Clock`` whose two kinds of time go on by ``advance``; ``jump`` moves the wall clock alone, either way."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta | float) -> datetime:
        """Let time pass, given as a span or in seconds, and return the new wall-clock time."""
        span = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if span < timedelta(0):
            raise ValueError(f"time does not pass backwards, got {span}; use jump() to set the wall clock back")
        self._now += span
        self._monotonic += span.total_seconds()
        return self._now

    def jump(self, by: timedelta | float) -> datetime:
        """Set the wall clock forward or back, as an operator or NTP does, and return the new time."""
        self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self._now
