"""One thing done to many jobs in a few commits: those that are named, or all that a filter finds, newest first."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from taskcore.ids import TaskId
from taskcore.models import TaskRecord, TaskSpec
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, TaskState

from taskmq.filters import JobFilter
from taskmq.storage import unique
from taskmq.storage.entering import keys_of
from taskmq.vocabulary import copy_of, task_id, word_of

CHUNK = 500
"""Jobs of one commit."""
GONE = "not found"
CHANGED = "it changed meanwhile"


class Deed(StrEnum):
    """What is done to jobs."""

    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Jobs by their ids, or at most ``limit`` that ``matching`` finds."""

    ids: Sequence[int] = ()
    matching: JobFilter | None = None
    limit: int = 1_000


@dataclass(slots=True)
class Outcome:
    """What was done, or in a dry run would be.

    Attributes:
        done: the jobs as they were before.
        skipped: why others were left alone, by id.
        more: the filter finds others beyond the limit.
    """

    done: list[TaskRecord] = field(default_factory=list)
    skipped: dict[int, str] = field(default_factory=dict)
    more: bool = False


@dataclass(slots=True)
class Replays:
    """Dead jobs, each with the id of the one that takes its place; None in a dry run."""

    jobs: list[tuple[TaskRecord, int | None]] = field(default_factory=list)
    more: bool = False


async def act(
    store: TaskStore, deed: Deed, selection: Selection, *, running: bool = False, dry_run: bool = False
) -> Outcome:
    """Do it to each job whose state allows it.

    Args:
        running: cancel those that run too; their workers stop them.

    Raises:
        InvalidInput: as ``JobFilter.query``.
    """
    outcome = Outcome()
    async for records in _selected(store, selection, outcome):
        allowed = []
        for record in records:
            why_not = await _refusal(store, deed, record, running)
            if why_not is None:
                allowed.append(record)
            else:
                outcome.skipped[int(record.id)] = why_not
        done = {record.id for record in allowed} if dry_run else await _done(store, deed, allowed)
        outcome.done += [record for record in allowed if record.id in done]
        outcome.skipped |= {int(record.id): CHANGED for record in allowed if record.id not in done}
    return outcome


async def replay_dead(
    store: TaskStore, matching: JobFilter, *, limit: int, pause: timedelta = timedelta(0), dry_run: bool = False
) -> Replays:
    """Store dead jobs anew, oldest first, and take them off the dead list; but those whose unique key is in use.

    Args:
        pause: from when one job is due until the next one is, so that no worker can be flooded by them.

    Raises:
        InvalidInput: as ``JobFilter.query``.
    """
    replays = Replays()
    dead = Selection(matching=replace(matching, state="dead", oldest_first=True), limit=limit)
    outcome = Outcome()
    async for records in _selected(store, dead, outcome):
        if dry_run:
            replays.jobs += [(record, None) for record in records]
            continue
        now, done = await store.now(), len(replays.jobs)
        copies = [_copy(record, now, place * pause) for place, record in enumerate(records, done)]
        receipts = await unique.put(keys_of(store), copies)
        made = await unique.copied(store, records, receipts)
        pairs = [pair for pair, is_made in zip(zip(records, receipts, strict=True), made, strict=True) if is_made]
        await store.delete([record.id for record, _ in pairs])
        replays.jobs += [(record, int(receipt.task)) for record, receipt in pairs]
    replays.more = outcome.more
    return replays


def _copy(record: TaskRecord, now: datetime, wait: timedelta) -> TaskSpec:
    copy = copy_of(record, now=now, key=f"replay of {record.id}, attempt {record.attempt}")
    return replace(copy, run_at=now + wait) if wait else copy


async def _selected(store: TaskStore, selection: Selection, outcome: Outcome) -> AsyncIterator[Sequence[TaskRecord]]:
    if selection.matching is None:
        async for records in _named(store, selection.ids, outcome):
            yield records
        return
    query, left = selection.matching.query(), selection.limit
    while records := await store.find(replace(query, limit=min(CHUNK, left) + 1)):
        chunk = records[: min(CHUNK, left)]
        if chunk:
            yield chunk
        left -= len(chunk)
        if len(records) == len(chunk) or not left:
            outcome.more = len(records) > len(chunk)
            return
        query = replace(query, after=chunk[-1].id)


async def _named(store: TaskStore, ids: Sequence[int], outcome: Outcome) -> AsyncIterator[Sequence[TaskRecord]]:
    every = list(dict.fromkeys(ids))
    for start in range(0, len(every), CHUNK):
        found = [(job, await store.get(task_id(job))) for job in every[start : start + CHUNK]]
        outcome.skipped |= {job: GONE for job, record in found if record is None}
        yield [record for _, record in found if record is not None]


async def _refusal(store: TaskStore, deed: Deed, record: TaskRecord, running: bool) -> str | None:
    match deed:
        case Deed.CANCEL:
            allowed = record.state is TaskState.PENDING or (running and record.state is TaskState.RUNNING)
        case Deed.RETRY if unique.has_lost_its_key(record):
            return "another job has its unique key"
        case Deed.RETRY:
            allowed = record.state in AT_REST and record.state is not TaskState.SUCCEEDED
        case Deed.DELETE:
            allowed = record.state is not TaskState.RUNNING
    return None if allowed else f"it is {word_of(record, await store.now())}"


async def _done(store: TaskStore, deed: Deed, records: Sequence[TaskRecord]) -> set[TaskId]:
    """The ids of those to which it was done."""
    ids = [record.id for record in records]
    match deed:
        case Deed.CANCEL:
            stopped = {TaskState.CANCELLED, TaskState.RUNNING}
            return {task for task, state in zip(ids, await store.cancel(ids), strict=True) if state in stopped}
        case Deed.RETRY:
            return {task for task, done in zip(ids, await store.replay(ids), strict=True) if done}
        case Deed.DELETE:
            if await store.delete(ids) == len(ids):
                return set(ids)
            return {task for task in ids if await store.get(task) is None}
