"""Schedules as their owners keep them: rows of ``lapinq_scheduled_tasks``, checked before they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from taskcore.engine.schedule_acts import extra_run
from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId

from lapinq import documents
from lapinq.errors import ScheduleNotFound
from lapinq.orders import Order
from lapinq.schedule_table import Check
from lapinq.scheduled import spec_of
from lapinq.service import Service
from lapinq.timing import Timing

Row = Mapping[str, Any]


def told(row: Row) -> str:
    """What the audit log says of a row."""
    return f"{row['cron']} ({row['zone']}) {row['task_name']} on {row['queue_name']}"


def anybody(_: Row) -> None:
    """The check where everybody may."""


_DOCUMENTS = ("args", "kwargs", "metadata")
_OF_TASKS_ALONE = ("scheduled_at", "idempotency_key")


class ScheduleRows:
    """The use cases. Whoever runs ``lapinq.scheduler`` follows the rows within a second.

    Every method raises ``StoreUnavailable`` when the database cannot be reached.
    """

    def __init__(self, service: Service) -> None:
        self._service, self._table = service, service.schedules

    async def all(self) -> Sequence[Row]:
        """Every row, the oldest first; documents are values."""
        return [_decoded(row) for row in await self._table.all()]

    async def get(self, id_: UUID) -> Row:
        """A row.

        Raises:
            ScheduleNotFound: there is none.
        """
        return _decoded(await self._stored(id_))

    async def add(self, given: Mapping[str, Any]) -> Row:
        """Add a row.

        Raises:
            InvalidInput: a value is not allowed.
        """
        return _decoded(await self._table.add(self._values(given)))

    async def change(self, id_: UUID, given: Mapping[str, Any], check: Check = anybody) -> Row:
        """Change what ``given`` names of a row, and leave what others change of it at the same time.

        Args:
            check: looks at the row as it is, and as it will be; what it raises keeps it as it is.

        Raises:
            ScheduleNotFound: there is none. InvalidInput: a value is not allowed.
        """

        def changed_of(stored: Row) -> Row:
            before = _decoded(stored)
            after = {**before, **given}
            check(before)
            check(after)
            return self._values(after)

        changed = await self._table.change(id_, changed_of)
        if changed is None:
            raise ScheduleNotFound
        return _decoded(changed)

    async def set_enabled(self, id_: UUID, enabled: bool, check: Check = anybody) -> None:
        """Pause a row, or let it go on: instants that come by meanwhile are not caught up.

        Args:
            check: looks at the row as it is; what it raises keeps it so.

        Raises:
            ScheduleNotFound: there is none.
        """
        if not await self._table.enable(id_, enabled, check):
            raise ScheduleNotFound

    async def run(self, id_: UUID, check: Check = anybody) -> UUID:
        """Put the task of a row once more, at once; its instants stay what they are. Answers the task's id.

        Args:
            check: looks at the row of which the task is made; what it raises keeps it from being put.

        Raises:
            ScheduleNotFound: there is none. InvalidInput: it cannot be followed.
        """
        row = await self._stored(id_)
        check(row)
        self._service.imports.check(row["module_path"], row["task_name"])
        (receipt,) = await self._service.store.put([extra_run(spec_of(ScheduleId(str(id_)), row))])
        return UUID(receipt.task)

    async def remove(self, id_: UUID, check: Check = anybody) -> None:
        """Remove a row.

        Args:
            check: as of ``set_enabled``.

        Raises:
            ScheduleNotFound: there is none.
        """
        if not await self._table.remove(id_, check):
            raise ScheduleNotFound

    async def _stored(self, id_: UUID) -> Row:
        if (row := await self._table.get(id_)) is None:
            raise ScheduleNotFound
        return row

    def _values(self, given: Mapping[str, Any]) -> Row:
        """The columns that are written."""
        order = Order.from_json({name: value for name, value in given.items() if name not in _OF_TASKS_ALONE})
        self._service.imports.check(order.module_path, order.task_name)
        self._service.deliveries.check(order.webhook_url)
        if not order.is_stored:
            raise InvalidInput("invalid ttl_seconds: tasks of a schedule are stored")
        order.spec(None)  # which checks what the core cannot keep
        values = {**asdict(order), **Timing.of(given).columns(), "enabled": given.get("enabled", True)}
        if not isinstance(values["enabled"], bool):
            raise InvalidInput("enabled must be true or false")
        defaults: Row = {"args": [], "kwargs": {}, "metadata": {}}
        return values | {name: documents.dump(values[name] or defaults[name], name) for name in _DOCUMENTS}


def next_run(row: Row, now: datetime | None = None) -> tuple[datetime | None, str | None]:
    """When a row puts its next task, and what keeps it from doing so, if anything does."""
    try:
        when = Timing.of(row).when
    except InvalidInput as error:
        return None, str(error)
    return (when.next_after(now or datetime.now(UTC)), None) if row["enabled"] else (None, None)


def document_of(row: Row) -> dict[str, Any]:
    """A row in JSON, with when it puts its next task, or the problem that keeps it from doing so."""
    at, problem = next_run(row)
    found = {**row, "id": str(row["id"]), "next_run_at": at, "problem": problem, "metadata": row["metadata"] or {}}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


def _decoded(row: Row) -> Row:
    return {**row, **{name: documents.load(row[name] or "null") for name in _DOCUMENTS}}
