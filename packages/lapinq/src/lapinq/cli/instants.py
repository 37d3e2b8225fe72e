"""The instants of a schedule: which come, what became of those that came, and how people read them."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId
from taskcore.models import FireRecord

from lapinq.cli.output import Column, Document
from lapinq.cli.text import ago
from lapinq.schedule_rows import Row
from lapinq.service import Service
from lapinq.timing import Timing

NEXT_COLUMNS = (
    Column("at", "When", lambda run: in_zone(run["at"], run["zone"])),
    Column("in", "In", lambda run: ago(datetime.fromisoformat(run["at"]), datetime.now(UTC)).removeprefix("in ")),
    Column("zone", "Zone", only_piped=True),
    Column("schedule", "Schedule", lambda run: f"…{run['schedule'].replace('-', '')[-8:]}"),
    Column("task_name", "Task"),
)


@dataclass(frozen=True, slots=True)
class Coming:
    """What a row says of its instants.

    Attributes:
        runs: the next ones, also those of a row that is paused.
        notes: what is odd about them where the clocks of the zone change.
        fires: what became of the last ones, the newest first.
    """

    runs: Sequence[Document] = ()
    notes: Sequence[str] = ()
    fires: Sequence[Document] = ()

    @property
    def document(self) -> Document:
        return {"runs": [run["at"] for run in self.runs], "notes": list(self.notes), "fires": list(self.fires)}


async def coming(service: Service, row: Row, count: int) -> Coming:
    """Nothing comes of a row that cannot be followed."""
    fires = [_fire(fire) for fire in await service.store.fires(ScheduleId(str(row["id"])), count)]
    with suppress(InvalidInput):
        return _coming(row, Timing.of(row), await service.now(), count, fires)
    return Coming(fires=fires)


def _coming(row: Row, timing: Timing, now: datetime, count: int, fires: Sequence[Document]) -> Coming:
    from taskcore.ui.stores.describing import oddities
    from taskcore.ui.stores.schedules import instants

    zone = ZoneInfo(timing.zone)
    runs = [
        {
            "at": at.astimezone(zone).isoformat(timespec="seconds"),
            "in": max(0, int((at - now).total_seconds())),
            "zone": timing.zone,
            "schedule": str(row["id"]),
            "task_name": row["task_name"],
        }
        for at in islice(instants(timing.when, now), count)
    ]
    return Coming(runs, list(oddities(timing.when, now)), fires)


def _fire(fire: FireRecord) -> Document:
    return {
        "instant": fire.instant.isoformat(),
        "last": fire.last.isoformat(),
        "count": fire.count,
        "task_id": fire.task,
        "skipped": fire.skipped,
    }


def in_zone(at: str | None, zone: str) -> str:
    """``2026-10-25 02:30 CEST``: what the clocks there will show, and by which time."""
    if at is None:
        return ""
    return f"{datetime.fromisoformat(at).astimezone(_zone(zone)):%Y-%m-%d %H:%M %Z}"


def _zone(name: str) -> tzinfo:
    """UTC for what is no zone: everybody may write rows."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return UTC


def lines_of(schedule: Document, more: Coming) -> list[tuple[str, object]]:
    """All about a schedule, a line each."""
    zone: str = schedule["zone"]
    known: list[tuple[str, object]] = [
        ("ID", schedule["id"]),
        ("State", schedule["state"]),
        ("Problem", schedule["problem"]),
        ("Cron", f"{schedule['cron']} {zone}"),
        ("Task", f"{schedule['module_path']}:{schedule['task_name']}"),
        ("Queue", schedule["queue_name"]),
        ("Args", _json(schedule["args"])),
        ("Kwargs", _json(schedule["kwargs"])),
        ("Priority", schedule["priority"]),
        ("Max retry", schedule["max_retries"]),
        ("Missed", f"{schedule['misfire']}, after {schedule['grace']:g} s"),
        ("Overlap", schedule["overlap"]),
        ("Clocks", f"forward over it: {schedule['gap']}; back over it: {schedule['fold']}"),
    ]
    words = [("Next" if not place else "", in_zone(run["at"], zone)) for place, run in enumerate(more.runs)]
    notes = [("Note", note) for note in more.notes]
    fires = [("Last" if not place else "", _fired(fire, zone)) for place, fire in enumerate(more.fires)]
    return [(name, value) for name, value in [*known, *words, *notes, *fires] if value is not None]


def _fired(fire: Document, zone: str) -> str:
    what = f"task {fire['task_id']}" if fire["task_id"] else f"skipped by {fire['skipped']}"
    return f"{in_zone(fire['instant'], zone)}  {what}" + (f" ({fire['count']} instants)" if fire["count"] > 1 else "")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
