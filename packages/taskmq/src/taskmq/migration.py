"""Moving a queue to another store: everything that is known of its jobs, under the ids that they have.

What is copied stays in the source, which is paused, so that nobody runs it there as well. Every job goes over whole or
not at all, and one that is there already stays as it is: a migration that was killed is finished by another one.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

from taskcore.engine.schedule_acts import set_paused
from taskcore.ids import TaskId
from taskcore.models import Attempt, Order, ScheduleRecord, TaskHistory, TaskQuery, TaskRecord
from taskcore.ports import QueueControls, ScheduleStore, TaskArchive, TaskStore
from taskcore.states import AT_REST, Event, TaskState

from taskmq.bridge import bridge
from taskmq.errors import MigrationRefused, NotSupported
from taskmq.storage.moves import ByHand
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import WAITING, task_id, terms_of, word_of
from taskmq.workers import workers_of

PAGE = 200
_LINES = 1_000_000
_LIVE = frozenset({TaskState.PENDING, TaskState.RUNNING, TaskState.FAILED})


class _Store(TaskStore, TaskArchive, ScheduleStore, QueueControls, Protocol):
    """What both ends must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is to be moved.

    Attributes:
        jobs: how many, by the word for their state; running ones will be pending.
        schedules: how many.
    """

    jobs: Mapping[str, int]
    schedules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a migration did.

    Attributes:
        jobs: how many are over there now, by the word for their state.
        already: how many of these were there before.
        read, written: checksums of all that is known of these jobs, here and, read again, over there.
        differing: ids whose two are not the same; somebody changed or removed them meanwhile.
        late: how many jobs came to the source meanwhile, so that somebody goes on adding some there.
        left: ids of those of them that are not over there.
    """

    jobs: Mapping[str, int]
    schedules: int
    already: int
    read: str
    written: str
    differing: Sequence[int]
    late: int
    left: Sequence[int]


@dataclass(slots=True)
class _Tally:
    words: Counter[str] = field(default_factory=Counter)
    sums: dict[TaskId, bytes] = field(default_factory=dict)
    already: int = 0


class Migration:
    """From one queue to another one that is empty, or holds what an earlier migration has put there.

    Args:
        everything: jobs that succeeded, were cancelled or expired go along with those that wait and those that are
            dead.

    Raises:
        NotSupported: a backend cannot take part.
    """

    def __init__(self, source: StoreBackend, target: StoreBackend, *, everything: bool = False) -> None:
        self._backends = source, target
        self._source, self._target = _able(source), _able(target)
        self._states = _LIVE | AT_REST if everything else _LIVE

    def survey(self) -> Survey:
        """Count what is there; nothing is changed."""
        return bridge.run(self._survey())

    def refuse_if_busy(self) -> None:
        """Make sure that nobody works on either queue.

        Raises:
            MigrationRefused: a worker is there, or a job is running.
        """
        there = [seen.info.id for backend in self._backends for seen in workers_of(backend) if seen.state != "silent"]
        if there:
            raise MigrationRefused(f"workers are there, such as {', '.join(sorted(there)[:3])}; stop them all first")
        running = bridge.run(self._running())
        if running:
            raise MigrationRefused(f"some jobs are running ({running}); wait for their ends, or those of their locks")

    def refuse_if_strange(self) -> None:
        """Make sure that the target holds nothing but what an earlier migration has put there.

        Raises:
            MigrationRefused: it does.
        """
        bridge.run(self._refuse_if_strange())

    def run(self, progress: Callable[[int], None] = lambda _: None) -> Moved:
        """Pause the source, copy, compare, and look whether jobs came to the source meanwhile.

        Args:
            progress: is told how many more jobs are over there.

        Raises:
            StoreUnavailable: one of the stores went away; run it again.
        """
        return bridge.run(self._run(progress))

    async def _survey(self) -> Survey:
        now = await self._source.now()
        words = Counter[str]()
        async for records in self._wanted():
            words.update(word_of(_given_back(record), now) for record in records)
        return Survey(jobs=words, schedules=len(await self._source.schedules()))

    async def _running(self) -> int:
        await ByHand(self._source).take_back()
        return sum(queue.by_state.get(TaskState.RUNNING, 0) for queue in await self._source.counts())

    async def _refuse_if_strange(self) -> None:
        async for records in self._pages(self._target, AT_REST | _LIVE):
            ours = await asyncio.gather(*(self._source.get(record.id) for record in records))
            for record, own in zip(records, ours, strict=True):
                if own is None or _identity(own) != _identity(record):
                    raise MigrationRefused(f"the target has jobs of its own, such as {record.id}; choose an empty one")
        schedules = {record.spec.id: record for record in await self._source.schedules()}
        for there in await self._target.schedules():
            if not _is_copy(there, schedules.get(there.spec.id)):
                raise MigrationRefused(f"the target has a schedule of its own, {there.spec.id!r}; choose an empty one")

    async def _run(self, progress: Callable[[int], None]) -> Moved:
        newest = await self._source.find(TaskQuery(order=Order.NEWEST, limit=1))
        await self._hold()
        tally = _Tally()
        async for records in self._wanted():
            await self._copy(records, tally)
            progress(len(records))
        schedules = await self._copy_schedules()
        written = await self._written(tally.sums)
        late = await self._later_than(newest[0].id if newest else None)
        return Moved(
            jobs=tally.words,
            schedules=schedules,
            already=tally.already,
            read=_checksum(tally.sums),
            written=_checksum(written),
            differing=[int(task) for task, digest in tally.sums.items() if written.get(task) != digest],
            late=len(late),
            left=[int(job.id) for job in late if job.state in self._states and job.id not in tally.sums],
        )

    async def _hold(self) -> None:
        """Let no worker begin a job of the source; and limits hold over there too."""
        for queue in await self._source.counts():
            if queue.queue != WAITING:  # nobody begins a job there
                await self._source.pause(queue.queue)
        for control in await self._source.controls():
            if control.concurrency is not None:
                await self._target.limit(control.queue, control.concurrency)

    async def _copy(self, records: Sequence[TaskRecord], tally: _Tally) -> None:
        now = await self._source.now()
        histories = await _histories(self._source, records)
        stored = await self._target.restore(histories)
        for history, new in zip(histories, stored, strict=True):
            tally.words[word_of(history.record, now)] += 1
            tally.sums[history.record.id] = _digest(history)
            tally.already += not new

    async def _copy_schedules(self) -> int:
        """Over there first, then paused here, so that each is followed in one place and what was paused stays so."""
        there = {record.spec.id for record in await self._target.schedules()}
        records = await self._source.schedules()
        for record in records:
            if record.spec.id not in there:
                await self._target.save_schedule(record.spec, record.cursor)
            await set_paused(self._source, record, True)
        return len(records)

    async def _written(self, wanted: Mapping[TaskId, bytes]) -> dict[TaskId, bytes]:
        found: dict[TaskId, bytes] = {}
        async for records in self._pages(self._target, AT_REST | _LIVE):
            for history in await _histories(self._target, [record for record in records if record.id in wanted]):
                found[history.record.id] = _digest(history)
        return found

    async def _later_than(self, newest: TaskId | None) -> list[TaskRecord]:
        """Jobs of the source that came after this one."""
        pages = self._pages(self._source, AT_REST | _LIVE, after=newest)
        return [record async for records in pages for record in records]

    async def _wanted(self) -> AsyncIterator[Sequence[TaskRecord]]:
        """What is to go along, with those jobs that are over and that others still ask about."""
        asked = set[int]()
        async for records in self._pages(self._source):
            needed = {
                each for record in records if record.queue == WAITING for each in terms_of(record.meta).depends_on
            }
            found = await asyncio.gather(*(self._source.get(task_id(each)) for each in sorted(needed - asked)))
            asked |= needed
            yield [*(each for each in found if each is not None and each.state not in self._states), *records]

    async def _pages(
        self, store: TaskStore, states: frozenset[TaskState] | None = None, *, after: TaskId | None = None
    ) -> AsyncIterator[Sequence[TaskRecord]]:
        query = TaskQuery(states=states or self._states, order=Order.OLDEST, after=after, limit=PAGE)
        while records := await store.find(query):
            yield records
            query = replace(query, after=records[-1].id)


def _able(backend: StoreBackend) -> _Store:
    store = backend.store
    if not (isinstance(store, TaskArchive) and isinstance(store, ScheduleStore) and isinstance(store, QueueControls)):
        raise NotSupported(f"{type(backend).__name__} cannot take part in a migration")
    return cast("_Store", store)


async def _histories(store: TaskStore, records: Sequence[TaskRecord]) -> list[TaskHistory]:
    return list(await asyncio.gather(*(_history(store, record) for record in records)))


async def _history(store: TaskStore, record: TaskRecord) -> TaskHistory:
    attempts = await store.attempts(record.id) if record.attempt else ()
    lines = await store.logs(record.id, limit=_LINES)
    over = tuple(_over(attempt, record) for attempt in attempts)
    return TaskHistory(record=_given_back(record), attempts=over, lines=tuple(lines))


def _given_back(record: TaskRecord) -> TaskRecord:
    """A job whose worker is left behind waits for another one."""
    if record.state is not TaskState.RUNNING:
        return record
    return replace(record, state=TaskState.PENDING, lease_until=None, finished_at=record.lease_until)


def _over(attempt: Attempt, record: TaskRecord) -> Attempt:
    if attempt.ended is not None:
        return attempt
    return replace(attempt, ended=Event.RELEASE, finished_at=record.lease_until)


def _identity(record: TaskRecord) -> tuple[object, ...]:
    """What of a job never changes."""
    return record.created_at, record.name, record.payload


def _is_copy(there: ScheduleRecord, here: ScheduleRecord | None) -> bool:
    return here is not None and replace(there.spec, paused=here.spec.paused) == here.spec


def _digest(history: TaskHistory) -> bytes:
    return hashlib.sha256(repr(history).encode("utf-8", "backslashreplace")).digest()


def _checksum(digests: Mapping[TaskId, bytes]) -> str:
    return hashlib.sha256(b"".join(digests[task] for task in sorted(digests, key=int))).hexdigest()
