"""Schedules: the rows of ``lapinq_scheduled_tasks``, which everybody may write, as schedules of the core.

A row that comes or changes waits for its next instant; one that is not enabled is paused. What was missed while no
scheduler was there becomes one task, unless the row says otherwise. However many processes follow the table, each
instant puts one task.
"""

import logging
from collections.abc import Mapping
from typing import Any

from taskcore.engine.scheduler import Scheduler
from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId
from taskcore.models import ScheduleSpec

from lapinq import documents
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.timing import Timing

log = logging.getLogger("lapinq.scheduler")

Row = Mapping[str, Any]

_DOCUMENTS = ("args", "kwargs", "metadata")


class ScheduledTasks:
    """``tick`` brings the core's schedules to what the table says, and puts what is due."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._scheduler = Scheduler(service.store)
        self._refused: dict[str, Row] = {}

    async def tick(self) -> int:
        """One round; answers how many tasks it put."""
        await self.follow()
        put = await self._scheduler.tick()
        if put:
            await self._service.schedules.note_triggers()
        return put

    async def follow(self) -> None:
        """Add, change and remove the core's schedules as the rows say."""
        rows = {str(row["id"]): row for row in await self._service.schedules.all()}
        stored = {record.spec.id: record.spec for record in await self._service.store.schedules()}
        now = await self._service.now()
        for id_, row in rows.items():
            spec = self._spec(id_, row)
            if spec is not None and spec != stored.get(spec.id):
                await self._service.store.save_schedule(spec, now)
        for gone in stored.keys() - {id_ for id_ in rows if id_ not in self._refused}:
            await self._service.store.remove_schedule(gone)

    def _spec(self, id_: str, row: Row) -> ScheduleSpec | None:
        """The core's schedule; None for a row that cannot be followed, of which the log tells once."""
        try:
            spec = spec_of(ScheduleId(id_), row)
            self._service.imports.check(row["module_path"], row["task_name"])
        except InvalidInput as error:
            if self._refused.get(id_) != row:
                log.warning("skipping scheduled task %s (%s): %s", id_, row["task_name"], error)
            self._refused[id_] = row
            return None
        self._refused.pop(id_, None)
        return spec


def spec_of(id_: ScheduleId, row: Row) -> ScheduleSpec:
    """The core's schedule for a row.

    Raises:
        InvalidInput: the row cannot be followed.
    """
    order = Order.from_json({**row, **{name: documents.load(row[name] or "null") for name in _DOCUMENTS}})
    timing = Timing.of(row)
    return ScheduleSpec(
        id=id_,
        when=timing.when,
        task=order.spec(None),
        misfire=timing.misfires,
        overlap=timing.overlaps,
        paused=not row["enabled"],
    )
