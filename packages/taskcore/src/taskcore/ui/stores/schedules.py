"""Schedules of a ``ScheduleStore``, what became of their instants, and which come next."""

from asyncio import gather
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, pairwise

from taskcore.ids import ScheduleId
from taskcore.models import FireRecord, ScheduleRecord, TaskQuery, TaskRecord
from taskcore.ports import ScheduleStore, TaskReader
from taskcore.schedule import Cron, Schedule
from taskcore.states import phase
from taskcore.ui.models.schedules import FireRow, Occurrence, ScheduleDetail, SchedulePage, ScheduleRow
from taskcore.ui.stores.describing import described, oddities, trigger

RECENT = 10
AT_ONCE = 20
"""Schedules whose fires are asked for at the same time."""
UPCOMING = 10
HISTORY = 50
FREQUENT = timedelta(minutes=15)
"""What fires more often is told as a band, not instant by instant."""
LATE = timedelta(seconds=30)
"""A schedule that is due for so long has nobody who fires it."""
_JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StoreSchedules:
    """The part for schedules."""

    store: ScheduleStore
    tasks: TaskReader

    async def list(self) -> SchedulePage:
        now = await self.store.now()
        records = await self.store.schedules()
        rows: list[ScheduleRow] = []
        for start in range(0, len(records), AT_ONCE):
            some = records[start : start + AT_ONCE]
            fires = await gather(*(self._fires(record, RECENT, now) for record in some))
            rows += [replace(_row(record), recent=each) for record, each in zip(some, fires, strict=True)]
        late = any(_is_late(record, now) for record in records)
        return SchedulePage(rows=tuple(rows), leader=None if late else "")

    async def get(self, schedule: str) -> ScheduleDetail | None:
        record = next((each for each in await self.store.schedules() if each.spec.id == schedule), None)
        if record is None:
            return None
        now = await self.store.now()
        history = await self._fires(record, HISTORY, now)
        return ScheduleDetail(
            row=replace(_row(record), recent=history[-RECENT:]),
            upcoming=tuple(islice(instants(record.spec.when, now), UPCOMING)),
            history=history[::-1],
            notes=tuple(oddities(record.spec.when, now)),
        )

    async def occurrences(self, since: datetime, until: datetime, limit: int) -> Sequence[Occurrence]:
        records = await self.store.schedules()
        active = [record.spec for record in records if not record.spec.paused]
        found = [each for spec in active for each in occurrences_of(spec.id, spec.when, since, until, limit)]
        return sorted(found, key=lambda each: (each.at, each.schedule))

    async def _fires(self, record: ScheduleRecord, limit: int, now: datetime) -> tuple[FireRow, ...]:
        """The newest fires, oldest first, with the tasks that are left of them."""
        fires = await self.store.fires(record.spec.id, limit)
        newest = await self.tasks.find(TaskQuery(schedule=record.spec.id, limit=limit)) if fires else ()
        tasks: dict[str, TaskRecord] = {task.id: task for task in newest}
        return tuple(_fire(fire, tasks, now) for fire in reversed(fires))


def instants(when: Schedule, since: datetime) -> Iterator[datetime]:
    """Due instants from ``since`` on."""
    at = when.next_after(since - _JUST_BEFORE)
    while at is not None:
        yield at
        at = when.next_after(at)


def occurrences_of(
    schedule: ScheduleId, when: Schedule, since: datetime, until: datetime, limit: int
) -> Iterator[Occurrence]:
    """One for each instant, or a single one with ``every`` where two of the first few are close together."""
    first = list(islice(instants(when, since), 4))
    gaps = [later - earlier for earlier, later in pairwise(first)]
    if gaps and min(gaps) < FREQUENT:
        if first[0] < until:
            yield Occurrence(schedule=schedule, at=first[0], every=min(gaps))
        return
    for at in islice(instants(when, since), limit):
        if at >= until:
            return
        yield Occurrence(schedule=schedule, at=at)


def _row(record: ScheduleRecord) -> ScheduleRow:
    spec = record.spec
    return ScheduleRow(
        id=spec.id,
        name=spec.id,
        task=spec.task.name,
        queue=spec.task.queue,
        trigger=trigger(spec.when),
        words=described(spec.when),
        zone=spec.when.zone if isinstance(spec.when, Cron) else "UTC",
        next_at=None if spec.paused else record.next_at,
        paused=spec.paused,
        misfire=spec.misfire.policy,
        overlap=spec.overlap.value,
    )


def _is_late(record: ScheduleRecord, now: datetime) -> bool:
    """Whether nobody fired it, although it is due."""
    return not record.spec.paused and record.next_at is not None and now - record.next_at > LATE


def _fire(fire: FireRecord, tasks: Mapping[str, TaskRecord], now: datetime) -> FireRow:
    task = tasks.get(fire.task or "")
    return FireRow(
        instant=fire.instant,
        task=fire.task,
        phase=None if task is None else phase(task.state, task.attempt, task.run_at, now),
        skipped=fire.skipped or "",
        duration=task.finished_at - task.started_at if task and task.finished_at and task.started_at else None,
    )
