"""Schedules as the pages show and change them: rows of ``lapinq_scheduled_tasks``, and what became of their
instants."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId
from taskcore.ui.models import Action, ActionResult, Order
from taskcore.ui.models.schedules import Occurrence, ScheduleDetail, SchedulePage, ScheduleRow
from taskcore.ui.source import ActionPart, SchedulePart
from taskcore.ui.stores.describing import described, oddities
from taskcore.ui.stores.schedules import UPCOMING, instants, occurrences_of

from lapinq.errors import ScheduleNotFound
from lapinq.schedule_rows import Row, ScheduleRows, next_run
from lapinq.scheduler import LEADER
from lapinq.service import Service
from lapinq.timing import Timing
from lapinq.vocabulary import name_of

CHANGES = frozenset({Action.RUN_SCHEDULE, Action.PAUSE_SCHEDULE, Action.RESUME_SCHEDULE, Action.REMOVE_SCHEDULE})
GONE = "it is not there any more"


@dataclass(frozen=True, slots=True)
class ShownSchedules:
    """The part for schedules. Whoever runs a scheduler follows the rows within a second; until then ``stored``, the
    core's own, knows nothing of them."""

    stored: SchedulePart
    service: Service

    async def list(self) -> SchedulePage:
        known = {row.id: row for row in (await self.stored.list()).rows}
        rows = await ScheduleRows(self.service).all()
        now = await self.service.now()
        shown = tuple(_shown(row, known.get(str(row["id"])), now) for row in rows)
        leads = await self.service.schedules.leader(LEADER) if any(row["enabled"] for row in rows) else ""
        return SchedulePage(rows=shown, leader=leads)

    async def get(self, schedule: str) -> ScheduleDetail | None:
        row = await row_of(self.service, schedule)
        if row is None:
            return None
        now, stored = await self.service.now(), await self.stored.get(schedule)
        timing = _timing(row)
        return ScheduleDetail(
            row=_shown(row, None if stored is None else stored.row, now),
            upcoming=tuple(islice(instants(timing.when, now), UPCOMING)) if timing else (),
            history=() if stored is None else stored.history,
            notes=tuple(oddities(timing.when, now)) if timing else (),
        )

    async def occurrences(self, since: datetime, until: datetime, limit: int) -> Sequence[Occurrence]:
        rows = [row for row in await ScheduleRows(self.service).all() if row["enabled"]]
        found = [each for row in rows for each in _occurrences(row, since, until, limit)]
        return sorted(found, key=lambda each: (each.at, each.schedule))


@dataclass(frozen=True, slots=True)
class ScheduleDeeds:
    """The part for actions: those on schedules change rows, ``others`` does the rest."""

    others: ActionPart
    service: Service

    async def act(self, order: Order) -> ActionResult:
        if order.action not in CHANGES:
            return await self.others.act(order)
        notes, skipped = list[str](), dict[str, str]()
        for target in order.targets:
            try:
                notes.append(await self._one(order.action, (await self._row(target))["id"]))
            except ScheduleNotFound:
                skipped[target] = GONE
            except InvalidInput as error:
                skipped[target] = str(error)
        return ActionResult(done=len(notes), skipped=skipped, note="; ".join(filter(None, notes)))

    async def _row(self, schedule: str) -> Row:
        row = await row_of(self.service, schedule)
        if row is None:
            raise ScheduleNotFound
        return row

    async def _one(self, action: Action, row: UUID) -> str:
        rows = ScheduleRows(self.service)
        match action:
            case Action.RUN_SCHEDULE:
                return f"task {await rows.run(row)}"
            case Action.REMOVE_SCHEDULE:
                await rows.remove(row)
            case _:
                await rows.set_enabled(row, action is Action.RESUME_SCHEDULE)
        return ""


async def row_of(service: Service, schedule: str) -> Row | None:
    """The row with this id, if that is one."""
    with suppress(ScheduleNotFound, ValueError):
        return await ScheduleRows(service).get(UUID(schedule))
    return None


def _shown(row: Row, followed: ScheduleRow | None, now: datetime) -> ScheduleRow:
    timing = _timing(row)
    next_at, problem = next_run(row, now)
    return ScheduleRow(
        id=str(row["id"]),
        name=row["task_name"],
        task=name_of(row["module_path"], row["task_name"]),
        queue=row["queue_name"],
        trigger=row["cron"],
        words=described(timing.when) if timing else "",
        zone=row["zone"],
        next_at=next_at,
        paused=not row["enabled"],
        misfire=row["misfire"],
        overlap=row["overlap"],
        recent=() if followed is None else followed.recent,
        problem=problem or "",
    )


def _timing(row: Mapping[str, object]) -> Timing | None:
    """When a row is due; None for one that cannot be followed."""
    with suppress(InvalidInput):
        return Timing.of(row)
    return None


def _occurrences(row: Row, since: datetime, until: datetime, limit: int) -> Iterator[Occurrence]:
    if timing := _timing(row):
        yield from occurrences_of(ScheduleId(str(row["id"])), timing.when, since, until, limit)
