"""Cron expressions: which times on a wall clock and calendar they name. Zones are ``cron``'s concern.

croniter reads the single tokens. Lists, ranges and the meeting of the two day fields are ours, because
croniter takes ``5-5`` for the whole hour, loses count in ``23-5/3`` and refuses to mix ``2#1`` with ``4``.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Literal, NamedTuple

from croniter import croniter

from taskcore.errors import BadSchedule

CYCLE_YEARS = 400  # the calendar repeats itself after so many years, weekdays included

SecondsField = Literal["first", "last"] | None


class _Field(NamedTuple):
    name: str
    first: int
    size: int
    hint: str


MINUTE = _Field("minute", 0, 60, "0-59")
HOUR = _Field("hour", 0, 24, "0-23")
DAY = _Field("day of month", 1, 31, "1-31, L, LW or 15W")
MONTH = _Field("month", 1, 12, "1-12 or JAN-DEC")
WEEKDAY = _Field("day of week", 0, 7, "0-7 or SUN-SAT, 5#2 or 5L")
SECOND = _Field("second", 0, 60, "0-59")
_FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY, SECOND)

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_RANGE = re.compile(r"(\w+)-(\w+)(?:/(\d+))?", re.ASCII)
_OPEN = re.compile(r"\*|\d+/", re.ASCII)
_ITEM = re.compile(r"[\w*/#?-]+", re.ASCII)
_RANDOM = re.compile(r"[hr](/|$)", re.ASCII)
_NEAREST = re.compile(r"(\d{1,2})w|w(\d{1,2})", re.ASCII)
_LAST = re.compile(r"l(\w+)|(\w+)l", re.ASCII)
_LAST_WEEKDAY = 0  # among the ``nearest`` days: no day of a month has this number


class _Month(NamedTuple):
    """Days are 1 to ``length``; weekdays as in cron, Sunday is 0."""

    length: int
    first_weekday: int

    def weekday(self, day: int) -> int:
        return (self.first_weekday + day - 1) % 7

    def nearest_weekday(self, day: int) -> int:
        """The day from Monday to Friday that is nearest to ``day`` and in the same month."""
        day = min(day or self.length, self.length)
        weekday = self.weekday(day)
        if weekday == 6:
            return day - 1 if day > 1 else day + 2
        if weekday == 0:
            return day + 1 if day < self.length else day - 2
        return day


@dataclass(frozen=True, slots=True)
class _Days:
    """What a day field names. ``nth`` pairs a weekday with its number in the month; 0 is the last one."""

    numbers: frozenset[int] = frozenset()
    last: bool = False
    nearest: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()

    def __or__(self, other: "_Days") -> "_Days":
        return _Days(
            self.numbers | other.numbers, self.last or other.last, self.nearest | other.nearest, self.nth | other.nth
        )

    def of_month(self, month: _Month) -> set[int]:
        """The days of ``month`` whose number this field names."""
        days = {day for day in self.numbers if day <= month.length} | set(map(month.nearest_weekday, self.nearest))
        return days | {month.length} if self.last else days

    def of_weeks(self, month: _Month) -> set[int]:
        """The days of ``month`` whose weekday this field names."""
        return {day for day in range(1, month.length + 1) if self._has_weekday(month, day)}

    def _has_weekday(self, month: _Month, day: int) -> bool:
        weekday = month.weekday(day)
        if weekday in self.numbers or (weekday, (day + 6) // 7) in self.nth:
            return True
        return day + 7 > month.length and (weekday, 0) in self.nth


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
    days: _Days
    weekdays: _Days
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
    days = _Month(length, (first + 1) % 7)
    by_number, by_weekday = tab.days.of_month(days), tab.weekdays.of_weeks(days)
    return tuple(sorted(by_number | by_weekday if tab.either else by_number & by_weekday))


@lru_cache(maxsize=1024)
def parse(expression: str, seconds: SecondsField = None) -> Crontab:
    """Read five fields, or six with the seconds where ``seconds`` says, or a macro such as ``@daily``.

    Raises:
        BadSchedule: it is no cron expression, or no date on the calendar satisfies it.
    """
    fields = _split(expression, seconds)
    minute, hour, day, month, weekday = fields[:5]
    hours, minutes = sorted(_numbers(HOUR, hour, expression)), sorted(_numbers(MINUTE, minute, expression))
    tab = Crontab(
        minutes=tuple(h * 60 + m for h, m in product(hours, minutes)),
        seconds=tuple(sorted(_numbers(SECOND, fields[5], expression))),
        months=_numbers(MONTH, month, expression),
        days=_read(DAY, day, expression),
        weekdays=_read(WEEKDAY, weekday, expression),
        either=day[0] not in "*?" and weekday[0] not in "*?",
        open_ended=bool(_OPEN.match(minute) or _OPEN.match(hour)),
    )
    if not any(_days(tab, 2000 + year, month) for year, month in product(range(CYCLE_YEARS), tab.months)):
        raise BadSchedule(f"cron expression {expression!r} names no date that exists; check day and month")
    return tab


def _split(expression: str, seconds: SecondsField) -> list[str]:
    """Minute, hour, day, month, weekday, second."""
    text = expression.lower().strip(" \t")
    if text.startswith("@"):
        if text not in _MACROS:
            raise BadSchedule(f"cron macro {expression!r} is unknown; known are {', '.join(_MACROS)}")
        return [*_MACROS[text].split(), "0"]
    fields = re.split(r"[ \t]+", text)
    expected = 5 if seconds is None else 6
    if len(fields) != expected or not all(fields):
        layout = {None: "no seconds", "first": "seconds first", "last": "seconds last"}[seconds]
        raise BadSchedule(
            f"cron expression {expression!r} must have {expected} fields ({layout}), it has {len(text.split())}"
        )
    if seconds is None:
        return [*fields, "0"]
    return fields if seconds == "last" else [*fields[1:], fields[0]]


def _numbers(field: _Field, text: str, expression: str) -> frozenset[int]:
    return _read(field, text, expression).numbers


def _read(field: _Field, text: str, expression: str) -> _Days:
    found = _Days()
    for item in text.split(","):
        try:
            found |= _item(field, item)
        except (ValueError, LookupError, TypeError) as error:
            raise BadSchedule(
                f"cron expression {expression!r}: {item!r} is no {field.name}; expected {field.hint}"
            ) from error
    return found


def _item(field: _Field, item: str) -> _Days:
    """One item of a list."""
    if not _ITEM.fullmatch(item) or _RANDOM.match(item):  # croniter's R would differ from process to process
        raise ValueError(item)
    if span := _RANGE.fullmatch(item):
        return _Days(_span(field, _number(field, span[1]), _number(field, span[2]), int(span[3] or 1)))
    if field is DAY:
        if item == "lw":
            return _Days(nearest=frozenset({_LAST_WEEKDAY}))
        if near := _NEAREST.fullmatch(item):
            return _Days(nearest=frozenset({_number(field, near[1] or near[2])}))
    if field is WEEKDAY and (last := _LAST.fullmatch(item)):
        return _Days(nth=frozenset({(_number(field, last[1] or last[2]) % 7, 0)}))
    return _token(field, item)


def _span(field: _Field, low: int, high: int, step: int) -> frozenset[int]:
    """From ``low`` to ``high``, around the end of the field when ``high`` is the smaller one."""
    if high < low:
        high += field.size
    return frozenset(field.first + (number - field.first) % field.size for number in range(low, high + 1, step))


def _number(field: _Field, text: str) -> int:
    if field is WEEKDAY and text == "7":
        return 7  # Sunday at the end of a range; croniter would make it 0, its beginning
    (number,) = _token(field, text).numbers
    return number


def _token(field: _Field, text: str) -> _Days:
    """What croniter knows of a single token: a number, a name, ``*``, a step, ``L`` or ``#``."""
    columns = ["*"] * len(_FIELDS)
    place = _FIELDS.index(field)
    columns[place] = text
    expanded, nth = croniter.expand(" ".join(columns))
    if nth:
        return _Days(nth=frozenset((int(day), int(number)) for day, numbers in nth.items() for number in numbers))
    values = expanded[place]
    if values == ["*"]:
        return _Days(frozenset(range(field.first, field.first + field.size)))
    return _Days(frozenset(int(value) for value in values if value != "l"), last="l" in values)
