"""Every port on a SQL server, with ``QueueControls`` and ``TransactionalEnqueue``.

It is polled: MySQL and MariaDB tell nobody of new rows. Nor do they count commits where every user may read it, and a
row that every step changes would make all of them wait for each other: so there is no ``Changes``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from taskcore.adapters.closing import Closed
from taskcore.clock import Clock, from_micros
from taskcore.errors import MissingExtra
from taskcore.ids import ScheduleId, TaskId, WorkerId
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

try:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from taskcore.adapters.sql import (
        controls,
        leadership,
        opening,
        presence,
        reading,
        schedules,
        statistics,
        tasks,
        upkeep,
        work,
    )
    from taskcore.adapters.sql.server import Server
    from taskcore.adapters.sql.session import Session
except ImportError as error:
    raise MissingExtra("a store on MySQL or MariaDB needs: pip install 'taskcore[mysql]'") from error


class SQLStore(Closed):
    """A store in a database of MySQL (8.0.17 or newer) or MariaDB (10.6 or newer), for any number of machines.

    An object belongs to the event loop that opened it.
    """

    def __init__(self, server: Server) -> None:
        """For ``open`` alone."""
        self._server = server

    @classmethod
    async def open(cls, url: str, *, prefix: str = "taskcore", clock: Clock | None = None) -> Self:
        """Connect, and create the tables where they are missing. Close it, or use it in ``async with``.

        Args:
            url: ``mysql://user:password@host:3306/database``, or with ``mariadb`` or ``mysql+aiomysql``.
            prefix: what the names of the tables begin with; stores of different prefixes share a database.
            clock: the time instead of the server's, for tests.

        Raises:
            InvalidInput: ``url`` or ``prefix`` cannot be used.
            StoreUnavailable: the server cannot be reached, or lets nobody in.
            SchemaMismatch: its tables are of a later release.
            MissingExtra: the driver is not installed.
        """
        return cls(await opening.open_server(url, prefix, clock))

    async def now(self) -> datetime:
        return from_micros(await self._server.read(Session.now))

    async def check(self) -> None:
        await self._server.read(opening.check)

    async def close(self) -> None:
        await self._server.close()

    # TaskQueue, TransactionalEnqueue

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        return await self._server.write(tasks.put, specs)

    async def put_within(
        self, connection: AsyncConnection | AsyncSession, specs: Sequence[TaskSpec]
    ) -> Sequence[Receipt]:
        """Whoever has the transaction repeats it when it loses a race against others: then it raises
        ``StoreUnavailable``, and the server has undone all of it."""
        with self._server.errors.translated():
            within = await connection.connection() if isinstance(connection, AsyncSession) else connection
            return await tasks.put(Session(within, self._server.tables), specs)

    async def cancel(self, tasks_: Sequence[TaskId]) -> Sequence[TaskState | None]:
        return await self._server.write(tasks.cancel, tasks_)

    async def replay(self, tasks_: Sequence[TaskId]) -> Sequence[bool]:
        return await self._server.write(tasks.replay, tasks_)

    async def delete(self, tasks_: Sequence[TaskId]) -> int:
        return await self._server.write(tasks.delete, tasks_)

    # TaskWork

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        return await self._server.write(work.claim, wanted)

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        return await self._server.write(work.take, task, worker, lease_for)

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        return await self._server.write(work.renew, fences, lease_for)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await self._server.write(work.settle, settlements)

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        return await self._server.write(work.exchange, settlements, wanted)

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        return await self._server.write(work.report, reports)

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        return await self._server.read(work.cancellations, worker)

    # TaskUpkeep

    async def overdue(self, limit: int) -> Sequence[TaskRecord]:
        return await self._server.read(upkeep.overdue, limit)

    async def recover(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await self._server.write(upkeep.recover, settlements)

    async def expire(self, limit: int) -> Sequence[TaskId]:
        return await self._server.write(upkeep.expire, limit)

    async def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        return await self._server.write(upkeep.prune, states, older_than, limit)

    # TaskReader

    async def get(self, task: TaskId) -> TaskRecord | None:
        return await self._server.read(reading.get, task)

    async def find(self, query: TaskQuery) -> Sequence[TaskRecord]:
        return await self._server.read(reading.find, query)

    async def counts(self) -> Sequence[QueueCounts]:
        return await self._server.read(reading.counts)

    async def attempts(self, task: TaskId) -> Sequence[Attempt]:
        return await self._server.read(reading.attempts, task)

    async def logs(self, task: TaskId | None = None, *, name: str | None = None, limit: int = 100) -> Sequence[LogLine]:
        return await self._server.read(reading.logs, task, name, limit)

    async def add_logs(self, lines: Sequence[LogLine]) -> None:
        await self._server.write(work.add_logs, lines)

    # QueueControls

    async def pause(self, queue: str) -> None:
        await self._server.write(controls.pause, QueueControl(queue=queue, paused=True))

    async def resume(self, queue: str) -> None:
        await self._server.write(controls.pause, QueueControl(queue=queue))

    async def limit(self, queue: str, concurrency: int | None) -> None:
        await self._server.write(controls.limit, QueueControl(queue=queue, concurrency=concurrency))

    async def controls(self) -> Sequence[QueueControl]:
        return await self._server.read(controls.controls)

    # ScheduleStore

    async def save_schedule(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        return await self._server.write(schedules.save, spec, cursor)

    async def replace_schedule(
        self, spec: ScheduleSpec, cursor: datetime, version: int | None
    ) -> ScheduleRecord | None:
        return await self._server.write(schedules.replace, spec, cursor, version)

    async def remove_schedule(self, schedule: ScheduleId) -> bool:
        return await self._server.write(schedules.remove, schedule)

    async def schedules(self) -> Sequence[ScheduleRecord]:
        return await self._server.read(schedules.every)

    async def due_schedules(self, limit: int) -> Sequence[ScheduleRecord]:
        return await self._server.read(schedules.due, limit)

    async def advance(self, step: Advance) -> Sequence[FireRecord] | None:
        return await self._server.write(schedules.advance, step)

    async def fires(self, schedule: ScheduleId, limit: int = 100) -> Sequence[FireRecord]:
        return await self._server.read(schedules.fires, schedule, limit)

    # LeaderStore

    async def campaign(self, name: str, holder: str, lease_for: timedelta) -> Leadership:
        return await self._server.write(leadership.campaign, name, holder, lease_for)

    async def resign(self, held: Leadership) -> None:
        await self._server.write(leadership.resign, held)

    # StatisticsStore

    async def add_counts(self, counts: Sequence[TimedCount]) -> None:
        await self._server.write(statistics.add, counts)

    async def timed_counts(
        self, span: timedelta, since: datetime, until: datetime, *, queue: str | None = None, name: str | None = None
    ) -> Sequence[TimedCount]:
        return await self._server.read(statistics.read, span, since, until, queue, name)

    async def prune_counts(self, span: timedelta, older_than: timedelta) -> int:
        return await self._server.write(statistics.prune, span, older_than)

    # WorkerRegistry

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        await self._server.write(presence.sight, worker, forget_after)

    async def forget(self, worker: WorkerId) -> bool:
        return await self._server.write(presence.forget, worker)

    async def workers(self) -> Sequence[Sighting]:
        return await self._server.read(presence.workers)
