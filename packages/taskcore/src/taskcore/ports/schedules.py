"""What a schedule store owes its callers. Time, commits, errors: as in ``taskcore.ports.tasks``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from taskcore.ids import ScheduleId
from taskcore.models import Advance, FireRecord, ScheduleRecord, ScheduleSpec


@runtime_checkable
class ScheduleStore(Protocol):
    """Schedules, how far each was followed, and the record of its due instants."""

    async def now(self) -> datetime:
        """The store's own time."""
        ...

    async def save_schedule(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        """Add a schedule, or replace the one with its id. ``next_at`` is its first instant after ``cursor``.

        Saving the spec that is stored already changes nothing: neither cursor nor version.
        """
        ...

    async def replace_schedule(
        self, spec: ScheduleSpec, cursor: datetime, version: int | None
    ) -> ScheduleRecord | None:
        """``save_schedule``, if the schedule with this id has still the ``version`` that was seen, or there is still
        none where that is None. Otherwise None, and no effect."""
        ...

    async def remove_schedule(self, schedule: ScheduleId) -> bool:
        """Remove a schedule; its fires go with it, its tasks stay. False when there was none."""
        ...

    async def schedules(self) -> Sequence[ScheduleRecord]:
        """All schedules, by id."""
        ...

    async def due_schedules(self, limit: int) -> Sequence[ScheduleRecord]:
        """Schedules that are not paused and whose ``next_at`` is reached, longest due first."""
        ...

    async def advance(self, step: Advance) -> Sequence[FireRecord] | None:
        """Put the step's tasks, cancel its ``cancel`` list as ``TaskQueue.cancel`` does, record its instants and move
        the cursor, all in one commit; answer the records.

        None, and no effect, when the schedule is gone or its version is not ``step.version`` any more: that is what
        makes each instant fire once however many schedulers see it.
        """
        ...

    async def fires(self, schedule: ScheduleId, limit: int = 100) -> Sequence[FireRecord]:
        """The newest ``limit`` records, newest first; older ones than the newest ``KEPT_FIRES`` are gone."""
        ...
