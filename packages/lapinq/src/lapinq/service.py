"""The use cases, one method each: what an API, a page or a command line calls between reading its input and answering.

Every method raises ``StoreUnavailable`` when the database cannot be reached.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from taskcore.errors import IllegalMove, InvalidInput, TaskNotFound
from taskcore.states import AT_REST, TaskState

from lapinq import wiring
from lapinq.errors import NotFailed, NotPending
from lapinq.imports import Imports
from lapinq.putting import Putting
from lapinq.reading import Reading
from lapinq.schedule_table import ScheduleTable
from lapinq.settings import Settings
from lapinq.tables import Filter, Tables
from lapinq.vocabulary import STATUS, terms_of
from lapinq.webhooks.deliveries import Deliveries, Delivery

SWEPT = 1_000
"""Tasks that one statement of a sweep ends or removes."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: pending tasks that expired, and finished ones that were removed."""

    expired: int
    removed: int


class Service(Putting, Reading):
    """The use cases on one database. What stores tasks is in ``lapinq.putting``, what finds them in ``lapinq.reading``.

    Args:
        imports: what may be enqueued.
        deliveries: of webhooks.
    """

    def __init__(self, store: wiring.Store, tables: Tables, imports: Imports, deliveries: Deliveries) -> None:
        Putting.__init__(self, store, tables, imports, deliveries)
        Reading.__init__(self, store, tables)
        self.schedules = ScheduleTable(tables)

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Connect, and bring the tables to this release. Close it in the event loop that opened it.

        Raises:
            InvalidInput: the URL, or an import root, is none.
            StoreUnavailable: the server cannot be reached, or does not let us in.
            SchemaMismatch: the tables are of a later release.
        """
        imports = Imports.of(settings.imports)
        store, tables = await wiring.open_store(settings)
        return cls(store, tables, imports, Deliveries(settings, tables))

    async def close(self) -> None:
        await self.deliveries.close()
        await self.tables.close()
        await self.store.close()

    async def now(self) -> datetime:
        """The database's own time."""
        return await self.store.now()

    async def health(self) -> None:
        """Prove that the database answers, and that its tables fit.

        Raises:
            StoreError: they do not.
        """
        await self.store.check()

    # Changing

    async def set_progress(self, task: UUID, progress: float, message: str | None = None) -> None:
        """Say how far a task is, from 0 to 100; without a message the earlier one is cleared.

        Raises:
            TaskNotFound: there is none. InvalidInput: not from 0 to 100, or no message that can be kept.
        """
        if isinstance(progress, bool) or not isinstance(progress, int | float) or not 0 <= progress <= 100:
            raise InvalidInput("progress must be between 0 and 100")
        if not await self.tables.set_progress(await self._id(task), progress / 100, message):
            raise TaskNotFound(str(task))

    async def merge_metadata(self, task: UUID, metadata: Mapping[str, Any]) -> None:
        """Replace the keys of a task's metadata that ``metadata`` has.

        Raises:
            TaskNotFound: there is none. InvalidInput: it is no JSON.
        """

        def change(meta: str | None) -> str | None:
            terms = terms_of(meta)
            return replace(terms, metadata={**terms.metadata, **metadata}).dump()

        if not await self.tables.change_meta(await self._id(task), change):
            raise TaskNotFound(str(task))

    async def cancel(self, task: UUID) -> None:
        """Cancel a pending task.

        Raises:
            NotPending: there is no such task, or it is not pending.
        """
        record = await self.store.get(await self._id(task))
        if record is not None and record.state is TaskState.PENDING:
            (state,) = await self.store.cancel([record.id])
            if state in (TaskState.CANCELLED, TaskState.RUNNING):  # begun a moment ago: its worker is asked to stop it
                return
        raise NotPending("task not found or not pending")

    async def stop(self, task: UUID) -> str:
        """Cancel a pending task, or ask a running one to stop: "cancelled" or "cancelling".

        Raises:
            TaskNotFound: there is none. IllegalMove: it is at rest.
        """
        record = await self._record(task)
        (state,) = await self.store.cancel([record.id])
        if state is None:
            raise TaskNotFound(str(task))
        if state not in (TaskState.CANCELLED, TaskState.RUNNING) or record.state in AT_REST:
            raise IllegalMove(STATUS[state], "cancel", "pending or running")
        return "cancelling" if state is TaskState.RUNNING else "cancelled"

    async def requeue(self, task: UUID) -> None:
        """Make a failed task pending again, with all its executions before it.

        Raises:
            NotFailed: there is no such task, or it has not failed.
        """
        record = await self.store.get(await self._id(task))
        if record is None or STATUS[record.state] != "failed" or not (await self.store.replay([record.id]))[0]:
            raise NotFailed("task not found or not failed")
        await self.tables.keep_progress(record.id, record.progress, record.progress_note)

    async def webhooks(self, task: UUID) -> Sequence[Delivery]:
        """The deliveries of a task's webhook, first to last: one for each time that it came to an end.

        Raises:
            TaskNotFound: there is none.
        """
        return await self.deliveries.of_task((await self._record(task)).id)

    async def redeliver(self, task: UUID, delivery: str) -> None:
        """Deliver a webhook again that was delivered, or was given up.

        Raises:
            TaskNotFound: there is no such delivery, or it is under way.
        """
        await self.deliveries.replay((await self._record(task)).id, delivery)

    async def delete(self, wanted: Filter, *, everything: bool = False) -> int:
        """Remove every task that meets a filter, whatever its status, and answer how many. What runs is stopped by its
        worker.

        Raises:
            InvalidInput: the filter is empty, and it does not say ``everything``.
        """
        if wanted.is_empty and not everything:
            raise InvalidInput("name at least one filter, or all=true to delete every task")
        return 0 if wanted.is_hopeless else await self.tables.delete(wanted)

    # Upkeep

    async def sweep(self) -> Swept:
        """End pending tasks whose time to live is over, and remove those at rest."""
        expired = removed = 0
        while await self.tables.end_overdue(SWEPT) > 0:
            pass
        while (some := len(await self.store.expire(SWEPT))) > 0:
            expired += some
        while (some := await self.tables.delete_ended(SWEPT)) > 0:
            removed += some
        return Swept(expired, removed)

    async def archive(
        self, older_than: timedelta, batch: int = SWEPT, states: frozenset[TaskState] = frozenset(AT_REST)
    ) -> int:
        """Remove tasks at rest that finished longer ago, and answer how many."""
        removed = 0
        while (some := await self.store.prune(states, older_than, batch)) > 0:
            removed += some
        return removed
