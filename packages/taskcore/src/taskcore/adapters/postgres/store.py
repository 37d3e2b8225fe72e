"""``TaskStore``, ``ScheduleStore``, ``LeaderStore``, ``StatisticsStore``, ``WorkerRegistry``, ``Wakeup``,
``QueueControls``, ``Changes``, ``ChangeAlerts`` and ``TransactionalEnqueue`` in PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from taskcore.adapters.closing import Closed
from taskcore.adapters.postgres import (
    controls,
    counting,
    leadership,
    opening,
    presence,
    reading,
    schedules,
    statistics,
    tasks,
    transactional,
    upkeep,
    work,
)
from taskcore.adapters.postgres.database import NOW, Database
from taskcore.adapters.postgres.errors import translated
from taskcore.adapters.postgres.marks import Marks
from taskcore.adapters.postgres.wakeup import Announcements, ChangeNotices, Listener, told
from taskcore.clock import Clock, from_micros
from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId, TaskId, WorkerId, task_ids
from taskcore.lease import Fence, Leadership, Renewal
from taskcore.models import (
    Advance,
    Attempt,
    Claim,
    FireRecord,
    LogLine,
    QueueControl,
    QueueCounts,
    Receipt,
    Report,
    ScheduleRecord,
    ScheduleSpec,
    Settlement,
    Sighting,
    TaskQuery,
    TaskRecord,
    TaskSpec,
    TimedCount,
    WorkerInfo,
)
from taskcore.states import TaskState

T = TypeVar("T")


class PostgresStore(Closed):
    """A store in a PostgreSQL database that any number of processes and machines share.

    An object serves the event loop that it was opened on. Tasks are numbered by ``IdScheme.TIME_SORTED``. It needs
    connections with a session of their own: not a pooler that hands them out by transaction.
    """

    def __init__(self, database: Database, changes_channel: str = "") -> None:
        """For ``open`` alone."""
        self._database = database
        self._fresh_ids = task_ids()
        self._marks = Marks()
        self._announcements = Announcements(database)
        self._notices = ChangeNotices(database, changes_channel)
        self._listener = Listener(database)
        # Of the connections, so that slow searches leave some to those who work.
        self._searches = asyncio.Semaphore(database.connections // 4 or 1)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        prefix: str = "taskcore",
        clock: Clock | None = None,
        patience: float = 30.0,
        connections: int = 10,
        changes_channel: str = "",
    ) -> Self:
        """Connect, and create the tables where they are missing. Close it, or use it in ``async with``.

        Args:
            url: ``postgresql://user:password@host:port/database``, with the options of libpq as parameters.
            prefix: what the names of the tables begin with; stores of different prefixes share a database.
            clock: instead of the server's, for tests.
            patience: seconds to wait for a connection, and for the answer to a statement.
            connections: at the most, beside the one that listens for work.
            changes_channel: where programs of others listen for changes; it is told of them some times a second.

        Raises:
            InvalidInput: the URL is for another kind of server, or ``prefix`` is no name.
            StoreUnavailable: the server cannot be reached, or does not let us in.
            SchemaMismatch: the tables are of a later release.
            MissingExtra: the tables must be made, and SQLAlchemy or alembic are not installed.
        """
        if not (prefix.isascii() and prefix.isidentifier() and prefix == prefix.lower() and len(prefix) <= 40):
            raise InvalidInput(f"prefix must be a lower-case ASCII identifier of up to 40 characters, got {prefix!r}")
        database = Database(url, prefix, clock, patience, connections)
        await database.open()
        try:
            if await opening.is_outdated(database, prefix):
                with translated(database.where):
                    await opening.migrate(database)
            await opening.check(database, prefix)
        except BaseException:
            await database.close()
            raise
        return cls(database, changes_channel)

    async def now(self) -> datetime:
        ((micros,),) = await self._database.fetch(NOW, self._database.now)
        return from_micros(micros)

    async def check(self) -> None:
        await opening.check(self._database, self._database.prefix)

    async def close(self) -> None:
        await self._listener.close()
        await self._announcements.close()
        await self._notices.close()
        await self._database.close()

    # TaskQueue, TransactionalEnqueue

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        with self._announcements.of({spec.queue for spec in specs}) as payload:
            receipts = await tasks.run(self._database, tasks.put(specs, self._fresh_ids, self._database.now, payload))
        self._notices.note_put()
        await counting.sum_up_sometimes(self._database)
        return receipts

    async def put_within(self, connection: Any, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """``connection`` is asyncpg's, or SQLAlchemy's ``AsyncConnection`` or ``AsyncSession``, on this database.

        Raises:
            InvalidInput: no transaction is open on a connection of asyncpg, or it is of another kind.
        """
        payload = told({spec.queue for spec in specs})
        steps = tasks.put(specs, self._fresh_ids, self._database.now, payload)
        with translated(self._database.where):
            return await transactional.run(connection, self._database.text, steps)

    def put_within_sync(self, session: Any, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """The same for a ``Connection`` or ``Session`` of SQLAlchemy, with any driver; it may be in any thread."""
        payload = told({spec.queue for spec in specs})
        steps = tasks.put(specs, task_ids(), self._database.now, payload)
        with translated(self._database.where):
            return transactional.run_sync(session, self._database.text, steps)

    async def cancel(self, tasks_: Sequence[TaskId]) -> Sequence[TaskState | None]:
        return await self._changed(await tasks.cancel(self._database, tasks_))

    async def replay(self, tasks_: Sequence[TaskId]) -> Sequence[bool]:
        return await tasks.replay(self._database, tasks_)

    async def delete(self, tasks_: Sequence[TaskId]) -> int:
        removed = await tasks.delete(self._database, tasks_)
        self._notices.note()
        return removed

    # TaskWork

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        return await self._changed(await work.claim(self._database, wanted, self._marks))

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        taken = await work.take(self._database, task, worker, lease_for)
        await self._changed([taken] if taken else [])
        return taken

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        return await work.renew(self._database, fences, lease_for)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await self._changed(await work.settle(self._database, settlements))

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        stored, claimed = await work.exchange(self._database, settlements, wanted, self._marks)
        await self._changed(stored or claimed)
        return stored, claimed

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        return await self._changed(await work.report(self._database, reports))

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        return await work.cancellations(self._database, worker)

    # TaskUpkeep

    async def overdue(self, limit: int) -> Sequence[TaskRecord]:
        return await upkeep.overdue(self._database, limit)

    async def recover(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await self._changed(await upkeep.recover(self._database, settlements))

    async def expire(self, limit: int) -> Sequence[TaskId]:
        return await self._changed(await upkeep.expire(self._database, limit))

    async def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        return await upkeep.prune(self._database, states, older_than, limit)

    async def _changed(self, done: Sequence[T]) -> Sequence[T]:
        """After a step, which has done nothing where it answers nothing: let others know, and tidy up."""
        if done:
            self._notices.note()
            await counting.sum_up_sometimes(self._database)
        return done

    # TaskReader

    async def get(self, task: TaskId) -> TaskRecord | None:
        return await reading.get(self._database, task)

    async def find(self, query: TaskQuery) -> Sequence[TaskRecord]:
        return await reading.find(self._database, query, self._searches)

    async def counts(self) -> Sequence[QueueCounts]:
        return await counting.counts(self._database)

    async def attempts(self, task: TaskId) -> Sequence[Attempt]:
        return await reading.attempts(self._database, task)

    async def logs(self, task: TaskId | None = None, *, name: str | None = None, limit: int = 100) -> Sequence[LogLine]:
        return await reading.logs(self._database, task, name, limit)

    async def add_logs(self, lines: Sequence[LogLine]) -> None:
        await work.add_logs(self._database, lines)

    # QueueControls

    async def pause(self, queue: str) -> None:
        await controls.pause(self._database, queue, True)

    async def resume(self, queue: str) -> None:
        await controls.pause(self._database, queue, False)

    async def limit(self, queue: str, concurrency: int | None) -> None:
        await controls.limit(self._database, queue, concurrency)

    async def controls(self) -> Sequence[QueueControl]:
        return await controls.controls(self._database)

    # ScheduleStore

    async def save_schedule(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        return await schedules.save(self._database, spec, cursor)

    async def replace_schedule(
        self, spec: ScheduleSpec, cursor: datetime, version: int | None
    ) -> ScheduleRecord | None:
        return await schedules.replace(self._database, spec, cursor, version)

    async def remove_schedule(self, schedule: ScheduleId) -> bool:
        return await schedules.remove(self._database, schedule)

    async def schedules(self) -> Sequence[ScheduleRecord]:
        return await schedules.every(self._database)

    async def due_schedules(self, limit: int) -> Sequence[ScheduleRecord]:
        return await schedules.due(self._database, limit)

    async def advance(self, step: Advance) -> Sequence[FireRecord] | None:
        return await schedules.advance(self._database, step, self._fresh_ids)

    async def fires(self, schedule: ScheduleId, limit: int = 100) -> Sequence[FireRecord]:
        return await schedules.fires(self._database, schedule, limit)

    # LeaderStore

    async def campaign(self, name: str, holder: str, lease_for: timedelta) -> Leadership:
        return await leadership.campaign(self._database, name, holder, lease_for)

    async def resign(self, held: Leadership) -> None:
        await leadership.resign(self._database, held)

    # StatisticsStore

    async def add_counts(self, counts: Sequence[TimedCount]) -> None:
        await statistics.add(self._database, counts)

    async def timed_counts(
        self, span: timedelta, since: datetime, until: datetime, *, queue: str | None = None, name: str | None = None
    ) -> Sequence[TimedCount]:
        return await statistics.read(self._database, span, since, until, queue, name)

    async def prune_counts(self, span: timedelta, older_than: timedelta) -> int:
        return await statistics.prune(self._database, span, older_than)

    # WorkerRegistry

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        await presence.sight(self._database, worker, forget_after)

    async def forget(self, worker: WorkerId) -> bool:
        return await presence.forget(self._database, worker)

    async def workers(self) -> Sequence[Sighting]:
        return await presence.workers(self._database)

    # Changes, ChangeAlerts, Wakeup

    async def revision(self) -> str:
        return await reading.revision(self._database)

    async def wait_for_change(self, timeout: float) -> None:
        bell = self._listener.watch()
        try:
            await self._heard(bell, timeout)
        finally:
            self._listener.forget(bell)

    async def wait_for_news(self, queues: Callable[[], Awaitable[Sequence[str]]], timeout: float) -> bool:
        """Whether there is work in ``queues``; if not, it waits first: until tasks are put in any queue, one of these
        becomes due, or ``timeout`` seconds are over. For those who do not know yet which queues there will be."""
        bell = self._listener.wait(None)  # before they are asked for, or a new one might be missed
        try:
            outlook = await reading.outlook(self._database, await queues())
            if not outlook.work:
                await self._heard(bell, min(timeout, timeout if outlook.seconds is None else outlook.seconds))
            return outlook.work
        finally:
            self._listener.forget(bell)

    async def wait_for_work(self, queues: Sequence[str], timeout: float) -> None:
        bell = self._listener.wait(queues)
        try:
            async with asyncio.timeout(timeout):
                while not (outlook := await reading.outlook(self._database, queues)).work:
                    await self._heard(bell, outlook.seconds)
        except TimeoutError:
            return
        finally:
            self._listener.forget(bell)

    @staticmethod
    async def _heard(bell: Any, seconds: float | None) -> None:
        """Wait for news, or until the next task is due."""
        try:
            async with asyncio.timeout(seconds):
                await bell.heard()
        except TimeoutError:
            return
