"""``TaskStore``, ``QueueControls``, ``ScheduleStore``, ``LeaderStore``, ``StatisticsStore``, ``WorkerRegistry``,
``Notes``, ``Changes``, ``Wakeup``, ``TaskArchive`` and ``PerLoop`` on a Redis or Valkey server."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Self
from weakref import WeakKeyDictionary

from taskcore.adapters.closing import Closed
from taskcore.adapters.redis import (
    leadership,
    notes,
    presence,
    reading,
    restoring,
    schedules,
    searching,
    server,
    statistics,
    tasks,
    work,
)
from taskcore.adapters.redis.records import load_micros
from taskcore.adapters.redis.restoring import Adoption
from taskcore.adapters.redis.session import Place, Session
from taskcore.adapters.redis.wakeup import Listener
from taskcore.clock import Clock
from taskcore.errors import InvalidInput, StoreUnavailable
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

Loop = asyncio.AbstractEventLoop

_PATIENCE = 2.0
"""Seconds that other event loops have to close their connections; one may be waiting for us."""


class RedisStore(Closed):
    """A store on a server that any number of machines may use at the same time.

    What it has accepted is as durable as the server is set up to be: with ``appendonly yes`` and ``appendfsync always``
    it survives a power cut, with the server's defaults the last seconds or minutes may be lost. Each method is one
    script, which the server runs as one step. An object serves any event loop, with connections of its own for each:
    ``leave`` closes those of the running one, ``close`` those of all that are running.
    """

    def __init__(self, place: Place) -> None:
        """For ``open`` alone."""
        self._place = place
        self._sessions: WeakKeyDictionary[Loop, tuple[Session, Listener]] = WeakKeyDictionary()
        self._lock = Lock()
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        prefix: str = "taskcore",
        ids: IdScheme = IdScheme.TIME_SORTED,
        clock: Clock | None = None,
        keep: timedelta | None = None,
        within: str = "",
    ) -> Self:
        """Connect, and claim the keys of ``prefix`` where there are none. Close it, or use it in ``async with``.

        Args:
            prefix: what the names of the keys begin with; stores of different prefixes share a database.
            ids: how tasks are numbered; it must be the same whenever these keys are used.
            clock: a test's own time; None is the server's.
            keep: how long a task at rest stays before it vanishes by itself; None keeps it until it is pruned.
            within: begins the names of all keys, before the braces; for programs that look for a prefix of their own.

        Raises:
            InvalidInput: ``url`` names no server, ``prefix`` is no name, or ``keep`` is no time.
            StoreUnavailable: the server does not answer.
            SchemaMismatch: it is too old, or its keys are of another release or were made for the other ``ids``.
            StoreError: it is set up as a cache, which drops keys when its memory is full.
        """
        if not (prefix.isascii() and prefix.isidentifier()):
            raise InvalidInput(f"prefix must be an identifier of ASCII letters, digits and _, got {prefix!r}")
        if keep is not None and keep < timedelta(milliseconds=1):
            raise InvalidInput(f"keep must be a millisecond or longer, or None to keep tasks until pruned, got {keep}")
        store = cls(Place(url, prefix, ids, clock, keep, within))
        try:
            await store.check()
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def _here(self) -> tuple[Session, Listener]:
        """What belongs to the running event loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._closed:
                raise StoreUnavailable(f"the store on {self._place.server} is closed; open it again")
            here = self._sessions.get(loop)
            if here is None:
                session = Session(self._place)
                here = self._sessions[loop] = session, Listener(session)
            return here

    @property
    def _session(self) -> Session:
        return self._here[0]

    async def now(self) -> datetime:
        return load_micros(await self._session.run("open"))

    async def check(self) -> None:
        await server.check(self._session)

    async def leave(self) -> None:
        with self._lock:
            here = self._sessions.pop(asyncio.get_running_loop(), None)
        if here is not None:
            await _close(*here)

    async def close(self) -> None:
        """Let go of the connections of this event loop, and of those of others that are running."""
        with self._lock:
            self._closed = True
            sessions, self._sessions = dict(self._sessions), WeakKeyDictionary()
        here = asyncio.get_running_loop()
        elsewhere = []
        for loop, (session, listener) in sessions.items():
            if loop is here:
                await _close(session, listener)
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(_close(session, listener), loop)
                elsewhere.append(asyncio.wrap_future(closing))
        if elsewhere:
            await asyncio.wait(elsewhere, timeout=_PATIENCE)

    # TaskQueue, Rearranging, QueueControls

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        return await tasks.put(self._session, specs)

    async def cancel(self, tasks_: Sequence[TaskId]) -> Sequence[TaskState | None]:
        return await tasks.cancel(self._session, tasks_)

    async def replay(self, tasks_: Sequence[TaskId]) -> Sequence[bool]:
        return await tasks.replay(self._session, tasks_)

    async def delete(self, tasks_: Sequence[TaskId]) -> int:
        return await tasks.delete(self._session, tasks_)

    async def move(self, tasks_: Sequence[TaskId], queue: str) -> Sequence[bool]:
        return await tasks.move(self._session, tasks_, queue)

    async def release_keys(self, tasks_: Sequence[TaskId]) -> Sequence[bool]:
        return await tasks.release_keys(self._session, tasks_)

    async def pause(self, queue: str) -> None:
        await tasks.control(self._session, QueueControl(queue=queue, paused=True), "paused", "1")

    async def resume(self, queue: str) -> None:
        await tasks.control(self._session, QueueControl(queue=queue), "paused", "")

    async def limit(self, queue: str, concurrency: int | None) -> None:
        wanted = QueueControl(queue=queue, concurrency=concurrency)
        await tasks.control(self._session, wanted, "limit", "" if concurrency is None else str(concurrency))

    async def controls(self) -> Sequence[QueueControl]:
        return await tasks.controls(self._session)

    # TaskWork

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        return await work.claim(self._session, wanted)

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        return await work.take(self._session, task, worker, lease_for)

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        return await work.renew(self._session, fences, lease_for)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await work.settle(self._session, settlements)

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        return await work.exchange(self._session, settlements, wanted)

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        return await work.report(self._session, reports)

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        return await work.cancellations(self._session, worker)

    # TaskUpkeep

    async def overdue(self, limit: int) -> Sequence[TaskRecord]:
        return await work.overdue(self._session, limit)

    async def recover(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await work.recover(self._session, settlements)

    async def expire(self, limit: int) -> Sequence[TaskId]:
        return await work.expire(self._session, limit)

    async def prune(self, states: frozenset[TaskState], older_than: timedelta, limit: int) -> int:
        return await work.prune(self._session, states, older_than, limit)

    # TaskReader

    async def get(self, task: TaskId) -> TaskRecord | None:
        return await reading.get(self._session, task)

    async def find(self, query: TaskQuery) -> Sequence[TaskRecord]:
        return await searching.find(self._session, query)

    async def counts(self) -> Sequence[QueueCounts]:
        return await reading.counts(self._session)

    async def attempts(self, task: TaskId) -> Sequence[Attempt]:
        return await reading.attempts(self._session, task)

    async def logs(self, task: TaskId | None = None, *, name: str | None = None, limit: int = 100) -> Sequence[LogLine]:
        return await reading.logs(self._session, task, name, limit)

    async def add_logs(self, lines: Sequence[LogLine]) -> None:
        await work.add_logs(self._session, lines)

    # TaskArchive

    async def restore(self, tasks: Sequence[TaskHistory]) -> Sequence[bool]:
        return await restoring.restore(self._session, tasks)

    async def adopt(self, adoptions: Sequence[Adoption], *, above: int = 0) -> Sequence[TaskId | None]:
        """Put tasks in place of keys that other programs left in the same database.

        Each key is renamed to its backup in the step that stores its task, so that whatever happens, and whoever does
        the same at the same time, it is done once. A task whose id is taken gets another one.

        Args:
            above: numbers that the store gives are higher than this one.

        Returns:
            for each the id of its task; None where the key was gone, or nothing was to be put in its place.
        """
        return await restoring.adopt(self._session, adoptions, above)

    # ScheduleStore

    async def save_schedule(self, spec: ScheduleSpec, cursor: datetime) -> ScheduleRecord:
        return await schedules.save(self._session, spec, cursor)

    async def replace_schedule(
        self, spec: ScheduleSpec, cursor: datetime, version: int | None
    ) -> ScheduleRecord | None:
        return await schedules.replace_seen(self._session, spec, cursor, version)

    async def remove_schedule(self, schedule: ScheduleId) -> bool:
        return await schedules.remove(self._session, schedule)

    async def schedules(self) -> Sequence[ScheduleRecord]:
        return await schedules.every(self._session)

    async def due_schedules(self, limit: int) -> Sequence[ScheduleRecord]:
        return await schedules.due(self._session, limit)

    async def advance(self, step: Advance) -> Sequence[FireRecord] | None:
        return await schedules.advance(self._session, step)

    async def fires(self, schedule: ScheduleId, limit: int = 100) -> Sequence[FireRecord]:
        return await schedules.fires(self._session, schedule, limit)

    # LeaderStore

    async def campaign(self, name: str, holder: str, lease_for: timedelta) -> Leadership:
        return await leadership.campaign(self._session, name, holder, lease_for)

    async def resign(self, held: Leadership) -> None:
        await leadership.resign(self._session, held)

    # StatisticsStore

    async def add_counts(self, counts: Sequence[TimedCount]) -> None:
        await statistics.add(self._session, counts)

    async def timed_counts(
        self, span: timedelta, since: datetime, until: datetime, *, queue: str | None = None, name: str | None = None
    ) -> Sequence[TimedCount]:
        return await statistics.read(self._session, span, since, until, queue, name)

    async def prune_counts(self, span: timedelta, older_than: timedelta) -> int:
        return await statistics.prune(self._session, span, older_than)

    # WorkerRegistry

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        await presence.sight(self._session, worker, forget_after)

    async def forget(self, worker: WorkerId) -> bool:
        return await presence.forget(self._session, worker)

    async def workers(self) -> Sequence[Sighting]:
        return await presence.workers(self._session)

    # Notes

    async def read_note(self, name: str) -> Note:
        return await notes.read(self._session, name)

    async def swap_note(self, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
        return await notes.swap(self._session, name, old, new, keep_for)

    # Changes, Wakeup

    async def revision(self) -> str:
        return await reading.revision(self._session)

    async def wait_for_work(self, queues: Sequence[str], timeout: float) -> None:
        await self._here[1].wait(queues, timeout)


async def _close(session: Session, listener: Listener) -> None:
    await listener.close()
    await session.close()
