"""Schedules: when they fire, what became of it, and a week of what comes next."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from starlette.exceptions import HTTPException

from taskcore.auth.permissions import Verb
from taskcore.errors import InvalidInput
from taskcore.ui.models.schedules import Occurrence, SchedulePage, ScheduleRow
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part
from taskcore.ui.stores.describing import span
from taskcore.ui.targets import may

DAYS = (1, 3, 7)
MOST = 500
"""Instants of one schedule in a calendar."""
CROWD = 5
"""So many schedules of one queue at one instant are worth a warning."""


async def schedules(visit: Visit) -> Show:
    """All that the visitor may see."""
    page, rows = await _seen(visit)
    return Show(
        template="schedules.html",
        title="Schedules",
        model={"schedules": rows, "leader": page.leader},
        also={"page": page, "may_write": _may_write(visit)},
    )


async def schedule(visit: Visit) -> Show:
    """One schedule with its instants."""
    assert visit.source.schedules is not None  # noqa: S101 - or the page would not exist
    detail = await visit.source.schedules.get(visit.param("schedule"))
    if detail is None or not may(visit, Verb.VIEW, detail.row):
        raise HTTPException(404, f"There is no schedule {visit.param('schedule')!r:.200}. It may have been removed.")
    return Show(
        template="schedule.html",
        title=detail.row.name,
        model={"schedule": detail},
        also={"row": detail.row, "may_write": _may_write(visit) and may(visit, Verb.ENQUEUE, detail.row)},
        crumbs=(("Schedules", visit.url("schedules")),),
    )


async def calendar(visit: Visit) -> Show:
    """Some days from ``from`` on, hour by hour, in UTC; ``at`` lists one hour."""
    assert visit.source.schedules is not None  # noqa: S101 - or the page would not exist
    days, first = _days(visit.query.get("days", "7")), _day(visit.query.get("from", ""), visit.now)
    _, rows = await _seen(visit)
    known = {row.id: row for row in rows}
    until = first + timedelta(days=days)
    found = await visit.source.schedules.occurrences(first, until, MOST)
    found = [each for each in found if each.schedule in known]
    single = [each for each in found if each.every is None]
    cells = Counter(each.at.replace(minute=0, second=0, microsecond=0) for each in single)
    at = visit.query.get("at", "")
    return Show(
        template="calendar.html",
        title="Calendar of schedules",
        model={"occurrences": found},
        also={
            "known": known,
            "days": [first + timedelta(days=day) for day in range(days)],
            "cells": cells,
            "most": max(cells.values(), default=1),
            "bands": [each for each in found if each.every is not None],
            "chosen": [each for each in single if each.at.isoformat().startswith(at)] if len(at) >= 13 else [],
            "at": at,
            "crowds": _crowds(single, known),
            "previous": visit.here(**{"from": f"{first - timedelta(days=days):%Y-%m-%d}", "at": None}),
            "following": visit.here(**{"from": f"{until:%Y-%m-%d}", "at": None}),
            "hours": range(24),
            "hour": timedelta(hours=1),
            "span": span,
        },
        crumbs=(("Schedules", visit.url("schedules")),),
    )


async def _seen(visit: Visit) -> tuple[SchedulePage, Sequence[ScheduleRow]]:
    assert visit.source.schedules is not None  # noqa: S101 - or the page would not exist
    page = await visit.source.schedules.list()
    return page, [row for row in page.rows if may(visit, Verb.VIEW, row)]


def _may_write(visit: Visit) -> bool:
    return visit.site.has(Part.EDITOR) and visit.reader.may_anywhere(Verb.ENQUEUE)


def _days(text: str) -> int:
    if text not in {str(days) for days in DAYS}:
        raise InvalidInput(f"days must be one of {', '.join(map(str, DAYS))}, got {text!r:.40}")
    return int(text)


def _day(text: str, now: datetime) -> datetime:
    """The beginning of a day in UTC; today when nobody said."""
    if not text:
        return datetime.combine(now.date(), time(), UTC)
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput(f"from must be a day such as 2026-11-29, got {text!r:.40}") from None
    if not 1970 <= day.year <= 9000:
        raise InvalidInput(f"from must be a day from 1970 to 9000, got {text!r:.40}")
    return day


def _crowds(found: Sequence[Occurrence], known: Mapping[str, ScheduleRow]) -> list[str]:
    """Instants at which many schedules of one queue fire together, as a daily time."""
    together: dict[tuple[datetime, str], set[str]] = defaultdict(set)
    for each in found:
        together[each.at, known[each.schedule].queue].add(each.schedule)
    crowded = {(at.strftime("%H:%M"), queue, len(ids)) for (at, queue), ids in together.items() if len(ids) >= CROWD}
    return [f"{n} schedules fire at {at} UTC on queue {queue}" for at, queue, n in sorted(crowded)[:5]]


PAGES = (
    Page(name="schedules", path="/schedules", view=schedules, part=Part.SCHEDULES),
    Page(name="calendar", path="/schedules/calendar", view=calendar, part=Part.SCHEDULES),
    Page(name="schedule", path="/schedules/{schedule}", view=schedule, part=Part.SCHEDULES),
)
