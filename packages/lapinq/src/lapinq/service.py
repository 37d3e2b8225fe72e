"""The use cases, one method each: what an API, a page or a command line calls between reading its input and answering.

Every method raises ``StoreUnavailable`` when the database cannot be reached.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from taskcore.engine.intake import Intake
from taskcore.errors import IllegalMove, InvalidInput, TaskNotFound
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, Receipt, TaskQuery, TaskRecord, TaskSpec
from taskcore.pagination import Cursor, Page, checked_limit
from taskcore.states import AT_REST, TaskState

from lapinq import wiring
from lapinq.errors import NotFailed, NotFinished, NotPending
from lapinq.imports import Imports
from lapinq.numbers import QueueStats, at_most, stats_of
from lapinq.orders import BATCH, Order
from lapinq.schedule_table import ScheduleTable
from lapinq.settings import Settings
from lapinq.tables import Filter, Tables
from lapinq.task import Task, task_of
from lapinq.vocabulary import FINISHED, STATES, STATUS, terms_of
from lapinq.webhooks.deliveries import Deliveries, Delivery

READ = 10_000
"""Tasks that are read for no other reason than to say how many there are."""
SWEPT = 1_000
"""Tasks that one statement of a sweep ends or removes."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an order. ``task`` is None when its TTL is 0; ``created`` is False when its idempotency key is
    that of ``task``."""

    task: UUID | None
    created: bool


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: pending tasks that expired, and finished ones that were removed."""

    expired: int
    removed: int


NOT_STORED = Placed(None, True)
Put = Callable[[Sequence[TaskSpec]], Awaitable[Sequence[Receipt]]]


class Service:
    """The use cases on one database.

    Args:
        imports: what may be enqueued.
        deliveries: of webhooks.
    """

    def __init__(self, store: wiring.Store, tables: Tables, imports: Imports, deliveries: Deliveries) -> None:
        self.store = store
        self.tables = tables
        self.schedules = ScheduleTable(tables)
        self.imports = imports
        self.deliveries = deliveries
        self._intake = Intake(store.put)

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

    # Putting

    async def enqueue(self, order: Order) -> UUID | None:
        """Store a task, and return its id; None when its TTL is 0, for then nothing is stored.

        Raises:
            NotImportable: no worker would run it. InvalidInput: a value is not allowed.
        """
        return (await self.place(order)).task

    async def place(self, order: Order) -> Placed:
        """Store a task, unless its idempotency key is taken; in one commit with others that come at the same time.

        Raises: as ``enqueue``.
        """
        now = await self.now() if order.ttl_seconds else None
        (spec,) = self._specs([order], now)
        return NOT_STORED if spec is None else _placed(await self._intake.put(spec))

    async def enqueue_batch(self, orders: Sequence[Order]) -> Sequence[UUID]:
        """Store tasks in one commit, all or none, and return the ids of those with a TTL other than 0.

        Raises:
            InvalidInput: one of them is refused, the message says which; or there are more than ``BATCH``.
        """
        if len(orders) > BATCH:
            raise InvalidInput(f"batch limit is {BATCH} tasks")
        return [placed.task for placed in await self.place_each(orders) if placed.task is not None]

    async def place_each(self, orders: Sequence[Order]) -> Sequence[Placed]:
        """``place`` for any number of tasks: in one commit, all or none.

        Raises: as ``enqueue_batch``.
        """
        return await self._put(orders)

    async def enqueue_within(self, connection: Any, orders: Sequence[Order]) -> Sequence[UUID | None]:
        """Store tasks in the transaction that ``connection`` has open on this database: they exist once it commits.

        Args:
            connection: of asyncpg, or an ``AsyncConnection`` or ``AsyncSession`` of SQLAlchemy.

        Raises: as ``enqueue_batch``. InvalidInput: no transaction is open there, or it is something else.
        """

        async def put(specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
            return await self.store.put_within(connection, specs)

        return [placed.task for placed in await self._put(orders, put)]

    async def _put(self, orders: Sequence[Order], put: Put | None = None) -> Sequence[Placed]:
        now = await self.now() if any(order.ttl_seconds for order in orders) else None
        specs = self._specs(orders, now)
        receipts = iter(await (put or self.store.put)([spec for spec in specs if spec is not None]))
        return [NOT_STORED if spec is None else _placed(next(receipts)) for spec in specs]

    def _specs(self, orders: Sequence[Order], now: datetime | None) -> Sequence[TaskSpec | None]:
        specs = list[TaskSpec | None]()
        checked = set[tuple[str, str]]()
        for place, order in enumerate(orders):
            try:
                if (names := (order.module_path, order.task_name)) not in checked:
                    self.imports.check(*names)
                    checked.add(names)
                self.deliveries.check(order.webhook_url)
                spec = order.spec(now)
            except InvalidInput as error:
                error.args = (f"task {place}: {error}",) if len(orders) > 1 else error.args
                raise
            specs.append(spec if order.is_stored else None)
        return specs

    # Reading

    async def get(self, task: UUID) -> Task:
        """The task.

        Raises:
            TaskNotFound: there is none.
        """
        return task_of(await self._record(task))

    async def result(self, task: UUID) -> Task:
        """A task that has completed or failed.

        Raises:
            TaskNotFound: there is none. NotFinished: it is something else; the error says what.
        """
        found = await self.get(task)
        if found.status not in FINISHED:
            raise NotFinished(found.status)
        return found

    async def list(self, wanted: Filter | None = None, *, limit: int = 50, cursor: str | None = None) -> Page[Task]:
        """One page of tasks, newest first; more than 1,000 are never on it.

        Raises:
            InvalidInput: a bad limit. BadCursor: a cursor of another listing.
        """
        wanted = wanted or Filter()
        limit = checked_limit(limit)
        after = None if cursor is None else TaskId(str(Cursor.decode(cursor, asdict(wanted)).key[0]))
        found = await self.records(wanted, after, limit + 1)
        next_cursor = Cursor((found[limit - 1].id,)).encode(asdict(wanted)) if len(found) > limit else None
        return Page(tuple(map(task_of, found[:limit])), next_cursor)

    async def failed(self, queue: str | None = None, *, limit: int = 50, cursor: str | None = None) -> Page[Task]:
        """One page of failed tasks, newest first: the dead letter queue.

        Raises: as ``list``.
        """
        return await self.list(Filter(queue=queue, status="failed"), limit=limit, cursor=cursor)

    async def total(self, wanted: Filter) -> int | None:
        """How many tasks meet a filter; None where more than ``READ`` would have to be read to tell."""
        if wanted.is_hopeless:
            return 0
        number = at_most(await self.queues(), wanted)
        if not wanted.has_patterns:
            return number
        return None if number > READ else await self.tables.count(wanted)

    async def count(self, wanted: Filter) -> int:
        """How many tasks meet a filter, however long it takes to tell."""
        if not wanted.is_hopeless and wanted.has_patterns:
            return await self.tables.count(wanted)
        return await self.total(wanted) or 0

    async def survey(self, wanted: Filter) -> Mapping[str, int]:
        """How many tasks of each queue meet a filter."""
        return {} if wanted.is_hopeless else await self.tables.survey(wanted)

    async def attempts(self, task: UUID) -> Sequence[Attempt]:
        """The executions of a task, first to last; the newest hundred at least.

        Raises:
            TaskNotFound: there is none.
        """
        return await self.store.attempts((await self._record(task)).id)

    async def logs(self, task: UUID, limit: int = 100) -> Sequence[LogLine]:
        """The newest lines that a task has left, oldest first.

        Raises:
            TaskNotFound: there is none.
        """
        return await self.store.logs((await self._record(task)).id, limit=limit)

    async def webhooks(self, task: UUID) -> Sequence[Delivery]:
        """The deliveries of a task's webhook, first to last: one for each time that it came to an end.

        Raises:
            TaskNotFound: there is none.
        """
        return await self.deliveries.of_task((await self._record(task)).id)

    async def queues(self) -> Sequence[QueueStats]:
        """The queues that hold any task, by name."""
        return stats_of(await self.store.counts())

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
        await self.tables.end_overdue()
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

    async def _id(self, task: UUID) -> TaskId:
        return (await self.tables.task_ids([task]))[task]

    async def _record(self, task: UUID) -> TaskRecord:
        record = await self.store.get(await self._id(task))
        if record is None:
            raise TaskNotFound(str(task))
        return record

    async def records(self, wanted: Filter, after: TaskId | None, limit: int) -> Sequence[TaskRecord]:
        """The core's records of tasks that meet a filter, newest first, those behind ``after``."""
        if wanted.is_hopeless:
            return ()
        if (wanted.queue or wanted.status) and not at_most(await self.queues(), wanted):
            return ()
        if wanted.has_patterns:
            return await self.tables.search(wanted, after=after, limit=limit)
        states = STATES[wanted.status] if wanted.status else frozenset()
        return await self.store.find(TaskQuery(states=states, queue=wanted.queue or None, after=after, limit=limit))


def _placed(receipt: Receipt) -> Placed:
    return Placed(UUID(receipt.task), receipt.created)
