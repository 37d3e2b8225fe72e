"""Schedules in words, and what is odd about their next instants where clocks change."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from cron_descriptor import FormatError, MissingFieldError, Options, WrongArgumentError, get_description

from taskcore.schedule import Cron, Every, Schedule

AHEAD = timedelta(days=400)
"""How far clock changes are looked for."""
_DAY = timedelta(days=1)
_MOST_NOTES = 4
_MANY = 100
"""Instants around a change of clocks; what fires so often misses nothing that one would note."""
_MACROS = {
    "@yearly": "At 00:00, on day 1 of January",
    "@annually": "At 00:00, on day 1 of January",
    "@monthly": "At 00:00, on day 1 of the month",
    "@weekly": "At 00:00, only on Sunday",
    "@daily": "At 00:00, every day",
    "@midnight": "At 00:00, every day",
    "@hourly": "Every hour",
}
"""cron-descriptor does not know them."""


def trigger(when: Schedule) -> str:
    """As somebody would have written it."""
    match when:
        case Cron():
            return when.expression
        case Every():
            return f"every {span(when.interval)}"
        case _:
            return "once"


def described(when: Schedule) -> str:
    """The same for people; "" where the trigger says it all, or where nobody can say it right."""
    match when:
        case Cron():
            words = cron_words(when.expression, when.seconds)
            return f"{words} ({when.zone})" if words and when.zone != "UTC" else words
        case Every():
            return ""
        case _:
            return f"At {when.at:%Y-%m-%d %H:%M:%S} UTC"


@lru_cache(maxsize=1024)
def cron_words(expression: str, seconds: str | None = None) -> str:
    """A cron expression in English."""
    if expression.startswith("@"):
        return _MACROS.get(expression.lower(), "")
    fields = expression.split()
    if seconds == "last" and len(fields) == 6:
        fields = [fields[-1], *fields[:-1]]
    if _is_beyond_words(fields):
        return ""
    options = Options()
    options.use_24hour_time_format = True
    options.verbose = all(field.isdigit() for field in fields[-5:-3])
    try:
        return str(get_description(" ".join(fields), options))
    except (FormatError, MissingFieldError, WrongArgumentError, ValueError, IndexError, KeyError):
        return ""


def _is_beyond_words(fields: list[str]) -> bool:
    """Where cron-descriptor 2.2 says something else than ``taskcore.schedule`` does: several numbered weekdays, and
    steps of a day field, which both must hold where we and it differ."""
    if len(fields) < 5:
        return True
    day, weekday = fields[-3], fields[-1]
    restricted = day not in "*?" and weekday not in "*?"
    stepped = day.startswith("*") or weekday.startswith("*")
    return ("#" in weekday and "," in weekday) or (restricted and stepped)


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit: "30 s", "5 min", "2 h", "1 d"."""
    seconds = length.total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"


def oddities(when: Schedule, now: datetime) -> Iterator[str]:
    """What happens where the clocks of its zone change within the next year or so."""
    if not isinstance(when, Cron):
        return
    zone = ZoneInfo(when.zone)
    notes = [note for day in _changes(zone, now) for note in _notes_of(when, zone, day)]
    yield from notes[:_MOST_NOTES]


def _changes(zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """Days, by their beginning in UTC, in which the zone's offset changes."""
    days = [now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY * n for n in range(AHEAD // _DAY)]
    for day, following in pairwise(days):
        if day.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            yield day


def _notes_of(when: Cron, zone: ZoneInfo, day: datetime) -> Iterator[str]:
    """The instants that another policy for gaps and folds would add or leave out."""
    since, until = day - _DAY, day + 2 * _DAY
    runs = _within(when, since, until)
    if len(runs) >= _MANY:
        return
    gap = _within(replace(when, gap="run_after"), since, until) - _within(replace(when, gap="skip"), since, until)
    for at in sorted(gap):
        wall = at.astimezone(zone)
        what = f"will run at {wall:%H:%M}" if at in runs else "will not run"
        yield f"a time before {wall:%H:%M} does not exist on {wall:%Y-%m-%d}, as clocks go forward; {what}"
    for at in sorted(_within(replace(when, fold="both"), since, until) - runs):
        wall = at.astimezone(zone)
        which = "first" if wall.fold else "second"
        yield f"{wall:%H:%M} comes twice on {wall:%Y-%m-%d}, as clocks go back; will run the {which} time only"


def _within(when: Cron, since: datetime, until: datetime) -> set[datetime]:
    found: set[datetime] = set()
    at = when.next_after(since.astimezone(UTC))
    while at is not None and at < until and len(found) < _MANY:
        found.add(at)
        at = when.next_after(at)
    return found
