"""What a cron expression means on a wall clock and a calendar; ``cron`` adds the zone, ``notation`` the reading."""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import NamedTuple

CYCLE_YEARS = 400  # the calendar repeats itself after so many years, weekdays included
LAST = 0  # stands where days and weeks of a month are counted from 1


class Month(NamedTuple):
    """Days are 1 to ``length``; weekdays as in cron, Sunday is 0."""

    length: int
    first_weekday: int

    def weekday(self, day: int) -> int:
        return (self.first_weekday + day - 1) % 7

    def nearest_weekday(self, day: int) -> int:
        """The day from Monday to Friday that is nearest to ``day`` and in the same month."""
        day = self.length if day == LAST else min(day, self.length)
        weekday = self.weekday(day)
        if weekday == 6:
            return day - 1 if day > 1 else day + 2
        if weekday == 0:
            return day + 1 if day < self.length else day - 2
        return day


@dataclass(frozen=True, slots=True)
class Days:
    """What a day field names.

    Attributes:
        last: the last day of the month.
        nearest: the working days nearest to these; ``LAST`` is the last working day.
        nth: pairs of a weekday and its number in the month; ``LAST`` is the last one.
    """

    numbers: frozenset[int] = frozenset()
    last: bool = False
    nearest: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()

    def __or__(self, other: "Days") -> "Days":
        return Days(
            self.numbers | other.numbers, self.last or other.last, self.nearest | other.nearest, self.nth | other.nth
        )

    def of_month(self, month: Month) -> set[int]:
        """The days of ``month`` whose number this field names."""
        days = {day for day in self.numbers if day <= month.length} | set(map(month.nearest_weekday, self.nearest))
        return days | {month.length} if self.last else days

    def of_weeks(self, month: Month) -> set[int]:
        """The days of ``month`` whose weekday this field names."""
        return {day for day in range(1, month.length + 1) if self._has_weekday(month, day)}

    def _has_weekday(self, month: Month, day: int) -> bool:
        weekday = month.weekday(day)
        if weekday in self.numbers or (weekday, (day + 6) // 7) in self.nth:
            return True
        return day + 7 > month.length and (weekday, LAST) in self.nth


@dataclass(frozen=True, slots=True, eq=False)
class Crontab:
    """A parsed expression.

    Attributes:
        minutes: of the day, ascending. seconds: of the minute, ascending.
        either: both day fields are restricted, so that one of them is enough.
        open_ended: minute or hour begins with ``*`` or with an open step such as ``5/15``.
    """

    minutes: tuple[int, ...]
    seconds: tuple[int, ...]
    months: frozenset[int]
    days: Days
    weekdays: Days
    either: bool
    open_ended: bool

    def after(self, wall: datetime) -> datetime | None:
        """The first time that is named and later than ``wall``, a naive datetime; None when the calendar ends."""
        if wall.day in _days(self, wall.year, wall.month):
            later = self._time_after(wall.hour * 60 + wall.minute, wall.second)
            if later is not None:
                return wall.replace(hour=later[0] // 60, minute=later[0] % 60, second=later[1], microsecond=0, fold=0)
        day = self._day_after(wall)
        if day is None:
            return None
        return day.replace(hour=self.minutes[0] // 60, minute=self.minutes[0] % 60, second=self.seconds[0])

    def has_a_date(self) -> bool:
        """Whether any date satisfies it."""
        return any(_days(self, 2000 + year, month) for year, month in product(range(CYCLE_YEARS), self.months))

    def _time_after(self, minute: int, second: int) -> tuple[int, int] | None:
        place = bisect_left(self.minutes, minute)
        if place < len(self.minutes) and self.minutes[place] == minute:
            within = bisect_right(self.seconds, second)
            if within < len(self.seconds):
                return minute, self.seconds[within]
            place += 1
        return (self.minutes[place], self.seconds[0]) if place < len(self.minutes) else None

    def _day_after(self, wall: datetime) -> datetime | None:
        for year, month in _months_from(wall.year, wall.month):
            if month not in self.months:
                continue
            days = _days(self, year, month)
            place = bisect_right(days, wall.day) if (year, month) == (wall.year, wall.month) else 0
            if place < len(days):
                return datetime(year, month, days[place])  # noqa: DTZ001 - a wall clock has no zone
        return None


def _months_from(year: int, month: int) -> Iterator[tuple[int, int]]:
    last = min(year + CYCLE_YEARS, 9999)
    for number in range(year * 12 + month - 1, last * 12 + 12):
        yield number // 12, number % 12 + 1


@lru_cache(maxsize=4096)
def _days(tab: Crontab, year: int, month: int) -> tuple[int, ...]:
    """The days of one month that ``tab`` names, ascending."""
    if month not in tab.months:
        return ()
    first, length = monthrange(year, month)
    days = Month(length, (first + 1) % 7)
    by_number, by_weekday = tab.days.of_month(days), tab.weekdays.of_weeks(days)
    return tuple(sorted(by_number | by_weekday if tab.either else by_number & by_weekday))
