"""Tasks of a ``TaskStore``: pages by key in both directions, one task by any part of its id, errors in groups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.models import Order, Part, TaskQuery, TaskRecord
from taskcore.pagination import Cursor
from taskcore.ports import TaskStore
from taskcore.states import Phase, TaskState
from taskcore.ui.models import Counts, FailureGroup, LogRow
from taskcore.ui.models.tasks import AttemptRow, TaskDetail, TaskFilter, TaskPage, TaskRow
from taskcore.ui.stores.counting import CachedCounts
from taskcore.ui.stores.failures import grouped
from taskcore.ui.stores.rows import Reading, attempt_row, decoded, log_row, row_of
from taskcore.ui.stores.waiting import Watch

SHORTEST_PART, LONGEST_PART = 6, 35
"""Characters of an id that may stand for it. A whole one that is gone is not looked for everywhere."""
MOST_FAILURES = 1_000
"""Failed tasks that are looked at to group them."""

PARTS = {"id": Part.ID, "name": Part.NAME, "args": Part.PAYLOAD, "result": Part.RESULT, "error": Part.ERROR}


@dataclass(frozen=True, slots=True)
class StoreTasks:
    """The part for tasks."""

    store: TaskStore
    cached: CachedCounts
    watch: Watch
    reading: Reading

    async def counts(self) -> Counts:
        return await self.cached.counts()

    async def list(self, wanted: TaskFilter) -> TaskPage:
        query = query_of(wanted)
        if query is None:
            return TaskPage(rows=(), total=0, total_exact=True)
        binding = _binding(wanted)
        if wanted.before is not None:
            page = await self._ahead(wanted, query, Cursor.decode(wanted.before, binding))
            if page is not None:
                return page
            wanted = replace(wanted, before=None)  # nothing is ahead any more: this is the first page
        after = None if wanted.after is None else _id_in(Cursor.decode(wanted.after, binding))
        found = await self.store.find(replace(query, after=after, limit=wanted.limit + 1))
        records = list(found[: wanted.limit])
        total, exact = await self._total(wanted, len(found))
        return TaskPage(
            rows=await self.rows(records),
            older=_cursor(records[-1], binding) if len(found) > wanted.limit else None,
            newer=_cursor(records[0], binding) if after is not None and records else None,
            total=total,
            total_exact=exact,
        )

    async def _ahead(self, wanted: TaskFilter, query: TaskQuery, cursor: Cursor) -> TaskPage | None:
        """The page before a cursor: its rows in the other order, turned around. None where it is not a full one."""
        turned = Order.OLDEST if query.order is Order.NEWEST else Order.NEWEST
        found = await self.store.find(replace(query, order=turned, after=_id_in(cursor), limit=wanted.limit + 1))
        if len(found) < wanted.limit:
            return None
        records = list(found[: wanted.limit])[::-1]
        binding = _binding(wanted)
        total, exact = await self._total(replace(wanted, after="?"), len(found))
        return TaskPage(
            rows=await self.rows(records),
            older=_cursor(records[-1], binding),
            newer=_cursor(records[0], binding) if len(found) > wanted.limit else None,
            total=total,
            total_exact=exact,
        )

    async def _total(self, wanted: TaskFilter, found: int) -> tuple[int | None, bool]:
        """How many there are, where that is cheap: all fit on one page, or the counts by queue and phase tell."""
        if found <= wanted.limit and wanted.after is None:
            return found, True
        narrower = replace(_listing(wanted), phases=frozenset(), queues=frozenset(), visible=None)
        if narrower != TaskFilter():
            return None, False
        counts = await self.cached.counts()
        queues = _queues(wanted)
        phases = [phase.value for phase in wanted.phases or Phase]
        chosen = [by for queue, by in counts.by_queue.items() if queues is None or queue in queues]
        return sum(by.get(phase, 0) for by in chosen for phase in phases), counts.exact

    async def rows(self, records: Sequence[TaskRecord]) -> tuple[TaskRow, ...]:
        now = await self.store.now()
        held = await self.watch.hindrances(records, now)
        waits = self.reading.waits
        return tuple(row_of(record, now, self.reading, waits(record) or held.reason(record, now)) for record in records)

    async def get(self, task: str) -> TaskDetail | None:
        record = await self.store.get(TaskId(task)) or await self._only(task)
        if record is None:
            return None
        now = await self.store.now()
        (row,) = await self.rows([record])
        return self._detail(record, row, now, tuple(map(attempt_row, await self.store.attempts(record.id))))

    async def _only(self, part: str) -> TaskRecord | None:
        """The only task whose id begins or ends with ``part``."""
        if not SHORTEST_PART <= len(part) <= LONGEST_PART:
            return None
        found = await self.store.find(TaskQuery(contains={Part.ID: part}, limit=20))
        part = part.lower()
        fits = [record for record in found if record.id.lower().startswith(part) or record.id.lower().endswith(part)]
        return fits[0] if len(fits) == 1 else None

    def _detail(self, record: TaskRecord, row: TaskRow, now: datetime, attempts: tuple[AttemptRow, ...]) -> TaskDetail:
        facts = {"Concurrency key": record.concurrency_key or "", "Code version": record.version or ""}
        if record.concurrency_key is not None:
            facts["Slots of the key"] = str(record.concurrency_limit)
        if record.losses:
            facts["Lost by workers"] = f"{record.losses} times"
        schedule = self.reading.schedule(record)
        related = () if schedule is None else (("schedule", f"schedules/{schedule}", schedule),)
        running = record.state is TaskState.RUNNING
        return TaskDetail(
            row=row,
            has_result=record.result is not None,
            result=decoded(record.result),
            attempts=attempts,
            cancel_requested=record.cancel_requested,
            stale=running and record.lease_until is not None and record.lease_until < now,
            lease_until=record.lease_until if running else None,
            expires_at=record.expires_at,
            timeout=record.timeout,
            idempotency_key=record.idempotency_key,
            schedule=schedule,
            trace=record.trace,
            facts={label: text for label, text in facts.items() if text},
            related=related,
        )

    async def logs(self, task: str, limit: int) -> Sequence[LogRow]:
        return [log_row(line) for line in await self.store.logs(TaskId(task), limit=limit)]

    async def failures(self, wanted: TaskFilter, limit: int) -> Sequence[FailureGroup]:
        query = query_of(replace(wanted, phases=wanted.phases or frozenset({Phase.FAILED})))
        if query is None:
            return []
        return grouped(await self.store.find(replace(query, limit=MOST_FAILURES)))[:limit]


def query_of(wanted: TaskFilter) -> TaskQuery | None:
    """``wanted`` as stores understand it, without its cursors; None where it leaves no queue."""
    queues = _queues(wanted)
    if queues is not None and not queues:
        return None
    return TaskQuery(
        phases=wanted.phases,
        queues=queues or frozenset(),
        name=wanted.name,
        worker=None if wanted.worker is None else WorkerId(wanted.worker),
        schedule=None if wanted.schedule is None else ScheduleId(wanted.schedule),
        created_from=wanted.created_from,
        created_before=wanted.created_before,
        contains={PARTS[part]: text for part, text in wanted.contains.items()},
        order=Order.OLDEST if wanted.oldest_first else Order.NEWEST,
        limit=wanted.limit,
    )


def _queues(wanted: TaskFilter) -> frozenset[str] | None:
    """The queues that are wanted and may be seen; None is all."""
    if wanted.visible is None:
        return wanted.queues or None
    return wanted.queues & wanted.visible if wanted.queues else wanted.visible


def _listing(wanted: TaskFilter) -> TaskFilter:
    return replace(wanted, limit=TaskFilter().limit, after=None, before=None, oldest_first=False)


def _binding(wanted: TaskFilter) -> dict[str, object]:
    """What a cursor is bound to. Not to instants: those of "the last 24 hours" are others with every look."""
    return {
        "phases": wanted.phases,
        "queues": wanted.queues,
        "name": wanted.name,
        "worker": wanted.worker,
        "schedule": wanted.schedule,
        "contains": sorted(wanted.contains.items()),
        "oldest_first": wanted.oldest_first,
    }


def _cursor(record: TaskRecord, binding: dict[str, object]) -> str:
    return Cursor((record.id,)).encode(binding)


def _id_in(cursor: Cursor) -> TaskId:
    return TaskId(str(cursor.key[0]))
