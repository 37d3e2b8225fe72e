"""Every port and ability on one SQLite file."""

import secrets
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from os import PathLike, fspath
from pathlib import Path
from typing import Self

from taskcore.adapters.closing import Closed
from taskcore.adapters.sqlite import (
    controls,
    database,
    finding,
    leadership,
    notes,
    presence,
    reading,
    restoring,
    schedules,
    statistics,
    tasks,
    upkeep,
    work,
)
from taskcore.adapters.sqlite.errors import translated
from taskcore.adapters.sqlite.lane import Lane
from taskcore.adapters.sqlite.searcher import Searcher
from taskcore.adapters.sqlite.session import Session
from taskcore.adapters.sqlite.wakeup import Lookout
from taskcore.adapters.sqlite.writer import Writer
from taskcore.clock import Clock, SystemClock
from taskcore.errors import InvalidInput
from taskcore.ids import IdScheme, ScheduleId, TaskId, WorkerId
from taskcore.lease import Fence, Leadership, Renewal
from taskcore.models import (
    Advance,
    Attempt,
    Claim,
    FireRecord,
    LogLine,
    Note,
    QueueControl,
    QueueCounts,
    Receipt,
    Report,
    ScheduleRecord,
    ScheduleSpec,
    Settlement,
    Sighting,
    TaskHistory,
    TaskQuery,
    TaskRecord,
    TaskSpec,
    TimedCount,
    WorkerInfo,
)
from taskcore.states import TaskState


class SQLiteStore(Closed):
    """A store in a file that any number of processes on this machine may have open at the same time.

    One connection writes, one reads, one searches, each in a thread of its own. An object serves any event loop and any
    thread, but not a process that was forked from the one that opened it.
    """

    def __init__(self, path: Path, prefix: str, ids: IdScheme, clock: Clock, busy_timeout: float) -> None:
        """For ``open`` alone."""
        self._path = path
        self._prefix = prefix
        self._ids = ids
        self._clock = clock
        self._patience = busy_timeout
        self._writer = Writer(str(path), busy_timeout)
        self._reader = Lane(str(path), "reader", busy_timeout)
        self._searcher = Searcher(str(path), busy_timeout, self._session)
        self._lookout = Lookout(self._session)
        self._name = secrets.token_hex(4)

    @classmethod
    async def open(
        cls,
        path: str | PathLike[str],
        *,
        prefix: str = "taskcore",
        ids: IdScheme = IdScheme.TIME_SORTED,
        clock: Clock | None = None,
        busy_timeout: float = 30.0,
    ) -> Self:
        """Open the file, and create it and its tables where they are missing. Close it, or use it in ``async with``.

        Args:
            prefix: what the names of the tables begin with; stores of different prefixes share a file.
            ids: how tasks are numbered; it must be the same whenever these tables are opened.
            busy_timeout: seconds to wait for others who hold the file.

        Raises:
            InvalidInput: no file can be at ``path``, or ``prefix`` is no name.
            StoreUnavailable: the file cannot be opened.
            SchemaMismatch: its tables are of a later release, or were made for the other ``ids``.
            MissingExtra: the tables must be made, and SQLAlchemy or alembic are not installed.
        """
        name = fspath(path)
        if not name or name.startswith((":", "file:")) or "\0" in name:
            raise InvalidInput(f"path must name a file, got {name!r}; a MemoryStore needs none")
        if not (prefix.isascii() and prefix.isidentifier()):
            raise InvalidInput(f"prefix must be an identifier of ASCII letters, digits and _, got {prefix!r}")
        store = cls(Path(name), prefix, ids, clock or SystemClock(), busy_timeout)
        try:
            await store._writer.open(store._first_session)
            await store._reader.open(store._session)
        except BaseException:
            await store.close()
            raise
        return store

    def _session(self) -> Session:
        return Session(database.connect(self._path), self._prefix, self._ids, self._clock)

    def _first_session(self) -> Session:
        session = self._session()
        try:
            if database.is_outdated(session.connection, self._prefix):
                database.migrate(self._path, self._prefix, self._ids, self._patience)
            database.check(session)
        except BaseException:
            session.connection.close()
            raise
        return session

    async def now(self) -> datetime:
        return self._clock.now()

    async def check(self) -> None:
        await self._reader.run(database.check)

    async def close(self) -> None:
        self._lookout.close()
        await self._searcher.close()
        await self._reader.close()
        await self._writer.close()

    # TaskQueue, TransactionalEnqueue

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        receipts = await self._writer.run(tasks.put, specs)
        self._lookout.look()
        return receipts

    async def put_within(self, connection: sqlite3.Connection, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        """Runs in the caller's thread. Workers of this process learn of the tasks as late as those of others do.

        Raises:
            InvalidInput: no transaction is open on a connection that commits every statement by itself.
        """
        with translated(str(self._path), self._patience):
            if not connection.in_transaction:
                if connection.isolation_level is None:
                    raise InvalidInput("put_within needs a transaction: run BEGIN IMMEDIATE on the connection first")
                connection.execute("BEGIN IMMEDIATE")
            session = Session(connection, self._prefix, self._ids, self._clock)
            session.look_at_clock()
            return tasks.put(session, specs)

    async def cancel(self, tasks_: Sequence[TaskId]) -> Sequence[TaskState | None]:
        return await self._writer.run(tasks.cancel, tasks_)

    async def replay(self, tasks_: Sequence[TaskId]) -> Sequence[bool]:
        replayed = await self._writer.run(tasks.replay, tasks_)
        self._lookout.look()
        return replayed

    async def delete(self, tasks_: Sequence[TaskId]) -> int:
        return await self._writer.run(tasks.delete, tasks_)

    # Rearranging

    async def move(self, tasks_: Sequence[TaskId], queue: str) -> Sequence[bool]:
        moved = await self._writer.run(tasks.move, tasks_, queue)
        self._lookout.look()
        return moved

    async def release_keys(self, tasks_: Sequence[TaskId]) -> Sequence[bool]:
        return await self._writer.run(tasks.release_keys, tasks_)

    # TaskWork

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        return await self._writer.run(work.claim, wanted)

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        return await self._writer.run(work.take, task, worker, lease_for)

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        return await self._writer.run(work.renew, fences, lease_for)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        settled = await self._writer.run(work.settle, settlements)
        self._lookout.look()
        return settled

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        exchanged = await self._writer.run(work.exchange, settlements, wanted)
        self._lookout.look()
        return exchanged

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        return await self._writer.run(work.report, reports)

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        return await self._reader.run(work.cancellations, worker)

    # TaskUpkeep

    async def overdue(self, limit: int) -> Sequence[TaskRecord]:
        return await self._reader.run(upkeep.overdue, limit)

    async def recover(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        recovered = await self._writer.run(upkeep.recover, settlements)
        self._lookout.look()
        return recovered

    async def expire(self, limit: int) -> Sequence[TaskId]:
        return await self._writer.run(upkeep.expire, limit)

    async def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        return await self._writer.run(upkeep.prune, states, older_than, limit)

    # TaskReader

    async def get(self, task: TaskId) -> TaskRecord | None:
        return await self._reader.run(reading.get, task)

    async def find(self, query: TaskQuery) -> Sequence[TaskRecord]:
        return await self._searcher.run(finding.find, query)

    async def counts(self) -> Sequence[QueueCounts]:
        return await self._searcher.run(reading.counts)

    async def attempts(self, task: TaskId) -> Sequence[Attempt]:
        return await self._reader.run(reading.attempts, task)

    async def logs(self, task: TaskId | None = None, *, name: str | None = None, limit: int = 100) -> Sequence[LogLine]:
        lane = self._searcher if task is None else self._reader
        return await lane.run(reading.logs, task, name, limit)

    async def add_logs(self, lines: Sequence[LogLine]) -> None:
        await self._writer.run(work.add_logs, lines)

    # TaskArchive

    async def restore(self, tasks: Sequence[TaskHistory]) -> Sequence[bool]:
        return await self._writer.run(restoring.restore, tasks)

    # QueueControls

    async def pause(self, queue: str) -> None:
        await self._writer.run(controls.pause, QueueControl(queue=queue, paused=True))

    async def resume(self, queue: str) -> None:
        await self._writer.run(controls.pause, QueueControl(queue=queue))
        self._lookout.look()

    async def limit(self, queue: str, concurrency: int | None) -> None:
        await self._writer.run(controls.limit, QueueControl(queue=queue, concurrency=concurrency))
        self._lookout.look()

    async def controls(self) -> Sequence[QueueControl]:
        return await self._reader.run(controls.controls)

    # ScheduleStore

    async def save_schedule(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        return await self._writer.run(schedules.save, spec, cursor)

    async def replace_schedule(
        self, spec: ScheduleSpec, cursor: datetime, version: int | None
    ) -> ScheduleRecord | None:
        return await self._writer.run(schedules.replace, spec, cursor, version)

    async def remove_schedule(self, schedule: ScheduleId) -> bool:
        return await self._writer.run(schedules.remove, schedule)

    async def schedules(self) -> Sequence[ScheduleRecord]:
        return await self._reader.run(schedules.every)

    async def due_schedules(self, limit: int) -> Sequence[ScheduleRecord]:
        return await self._reader.run(schedules.due, limit)

    async def advance(self, step: Advance) -> Sequence[FireRecord] | None:
        fires = await self._writer.run(schedules.advance, step)
        self._lookout.look()
        return fires

    async def fires(self, schedule: ScheduleId, limit: int = 100) -> Sequence[FireRecord]:
        return await self._reader.run(schedules.fires, schedule, limit)

    # LeaderStore

    async def campaign(self, name: str, holder: str, lease_for: timedelta) -> Leadership:
        return await self._writer.run(leadership.campaign, name, holder, lease_for)

    async def resign(self, held: Leadership) -> None:
        await self._writer.run(leadership.resign, held)

    # StatisticsStore

    async def add_counts(self, counts: Sequence[TimedCount]) -> None:
        await self._writer.run(statistics.add, counts)

    async def timed_counts(
        self, span: timedelta, since: datetime, until: datetime, *, queue: str | None = None, name: str | None = None
    ) -> Sequence[TimedCount]:
        return await self._searcher.run(statistics.read, span, since, until, queue, name)

    async def prune_counts(self, span: timedelta, older_than: timedelta) -> int:
        return await self._writer.run(statistics.prune, span, older_than)

    # WorkerRegistry

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        await self._writer.run(presence.sight, worker, forget_after)

    async def forget(self, worker: WorkerId) -> bool:
        return await self._writer.run(presence.forget, worker)

    async def workers(self) -> Sequence[Sighting]:
        return await self._reader.run(presence.workers)

    # Notes

    async def read_note(self, name: str) -> Note:
        return await self._reader.run(notes.read, name)

    async def swap_note(self, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
        return await self._writer.run(notes.swap, name, old, new, keep_for)

    # Changes

    async def revision(self) -> str:
        # SQLite's number means something to one connection alone.
        return f"{self._name}-{await self._reader.run(reading.revision)}"

    # Wakeup

    async def wait_for_work(self, queues: Sequence[str], timeout: float) -> None:
        if not await self._reader.run(reading.has_work, queues):
            await self._lookout.wait(queues, timeout)
