"""When something is due: cron, every so often, once; and what becomes of instants that were missed.

A schedule is an immutable value whose ``next_after`` answers aware UTC instants, and which turns into a JSON
object and back.
"""

from collections.abc import Mapping
from typing import Any

from taskcore.errors import BadSchedule, NaiveTime
from taskcore.schedule.cron import Cron
from taskcore.schedule.interval import Every, Once
from taskcore.schedule.misfire import Fire, Misfire, Outcome, Overlap, due_fires

Schedule = Cron | Every | Once

_KINDS: dict[object, type[Schedule]] = {"cron": Cron, "every": Every, "once": Once}


def schedule_from_dict(data: Mapping[str, Any]) -> Schedule:
    """The schedule whose ``to_dict`` gave ``data``.

    Raises:
        BadSchedule: ``data`` describes no schedule. NaiveTime: an instant in it has no zone.
    """
    try:
        return _KINDS[data["kind"]].from_dict(data)
    except (BadSchedule, NaiveTime):
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadSchedule(f"expected a schedule as to_dict() writes it, got {data!r:.200}") from error


__all__ = [
    "Cron",
    "Every",
    "Fire",
    "Misfire",
    "Once",
    "Outcome",
    "Overlap",
    "Schedule",
    "due_fires",
    "schedule_from_dict",
]
