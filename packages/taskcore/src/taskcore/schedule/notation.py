"""How cron expressions are written.

croniter reads the single tokens. Lists, ranges and the meeting of the two day fields are ours, because
croniter takes ``5-5`` for the whole hour, loses count in ``23-5/3`` and refuses to mix ``2#1`` with ``4``.
"""

import re
from functools import lru_cache
from itertools import product
from typing import Literal, NamedTuple

from croniter import croniter

from taskcore.errors import BadSchedule
from taskcore.schedule.crontab import LAST, Crontab, Days

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
    if not tab.has_a_date():
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


def _read(field: _Field, text: str, expression: str) -> Days:
    found = Days()
    for item in text.split(","):
        try:
            found |= _item(field, item)
        except (ValueError, LookupError, TypeError) as error:
            raise BadSchedule(
                f"cron expression {expression!r}: {item!r} is no {field.name}; expected {field.hint}"
            ) from error
    return found


def _item(field: _Field, item: str) -> Days:
    """One item of a list."""
    if not _ITEM.fullmatch(item) or _RANDOM.match(item):  # croniter's R would differ from process to process
        raise ValueError(item)
    if span := _RANGE.fullmatch(item):
        return Days(_span(field, _number(field, span[1]), _number(field, span[2]), int(span[3] or 1)))
    if field is DAY:
        if item == "lw":
            return Days(nearest=frozenset({LAST}))
        if near := _NEAREST.fullmatch(item):
            return Days(nearest=frozenset({_number(field, near[1] or near[2])}))
    if field is WEEKDAY and (last := _LAST.fullmatch(item)):
        return Days(nth=frozenset({(_number(field, last[1] or last[2]) % 7, LAST)}))
    return _token(field, item)


def _span(field: _Field, low: int, high: int, step: int) -> frozenset[int]:
    """From ``low`` to ``high``, around the end of the field when ``high`` is the smaller one."""
    if high < low:
        high += field.size
    return frozenset(field.first + (number - field.first) % field.size for number in range(low, high + 1, step))


def _number(field: _Field, text: str) -> int:
    if field is WEEKDAY and text in ("7", "07"):
        return 7  # Sunday at the end of a range; croniter would make it 0, its beginning
    (number,) = _token(field, text).numbers
    return number


def _token(field: _Field, text: str) -> Days:
    """What croniter knows of a single token: a number, a name, ``*``, a step, ``L`` or ``#``."""
    columns = ["*"] * len(_FIELDS)
    place = _FIELDS.index(field)
    columns[place] = text
    expanded, nth = croniter.expand(" ".join(columns))
    if nth:
        return Days(nth=frozenset((int(day), int(number)) for day, numbers in nth.items() for number in numbers))
    values = expanded[place]
    if values == ["*"]:
        return Days(frozenset(range(field.first, field.first + field.size)))
    return Days(frozenset(int(value) for value in values if value != "l"), last="l" in values)
