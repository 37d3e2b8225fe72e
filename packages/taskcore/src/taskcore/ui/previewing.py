"""When a schedule would fire, before anybody saves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from taskcore.errors import BadSchedule
from taskcore.schedule import Cron
from taskcore.schedule.cron import Fold, Gap
from taskcore.ui.stores.describing import described, oddities
from taskcore.ui.stores.schedules import instants

RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An instant, and what the clocks of the schedule's zone show then."""

    at: datetime
    local: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The next instants of a schedule, in words and one by one; ``problem`` says why there are none."""

    words: str = ""
    zone: str = "UTC"
    runs: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def preview(when: Cron, now: datetime, count: int = RUNS) -> Preview:
    """What a schedule will do from ``now`` on, and what is odd about it where clocks change."""
    zone = ZoneInfo(when.zone)
    runs = tuple(Run(at=at, local=_local(at, zone)) for at in islice(instants(when, now), count))
    return Preview(words=described(when), zone=when.zone, runs=runs, notes=tuple(oddities(when, now)))


def preview_of(values: Mapping[str, str], now: datetime) -> Preview:
    """The same of what a form holds."""
    try:
        return preview(when_of(values), now)
    except BadSchedule as error:
        return Preview(zone=values.get("zone", ""), problem=str(error))


def when_of(values: Mapping[str, str]) -> Cron:
    """The instants that a form describes.

    Raises:
        BadSchedule: it describes none.
    """
    gap: Gap = values.get("gap", "run_after")  # type: ignore[assignment]  # which Cron checks
    fold: Fold = values.get("fold", "first")  # type: ignore[assignment]
    return Cron(values.get("cron", ""), values.get("zone") or "UTC", gap=gap, fold=fold)


@cache
def zones() -> tuple[str, ...]:
    """The names of time zones that people choose from; others are understood too."""
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}"
