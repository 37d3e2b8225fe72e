"""One thing done to many jobs in a few commits: those that are named, or all that a filter finds, newest first."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from taskcore.ids import TaskId
from taskcore.models import LogLine, TaskRecord
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, TaskState

from taskmq.filters import JobFilter
from taskmq.storage import unique
from taskmq.storage.entering import keys_of
from taskmq.storage.replaying import replaced
from taskmq.vocabulary import CANCEL_REQUESTED, task_id, utc_now, word_of

CHUNK = 500
"""Jobs of one commit."""
GONE = "not found"
CHANGED = "it changed meanwhile"
KEY_TAKEN = "another job has its unique key"


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
    """What was replayed, or in a dry run would be.

    Attributes:
        jobs: dead jobs, each with the id of the one that takes its place; None in a dry run.
        skipped: why others were left alone, by id.
        more: the filter finds others beyond the limit.
    """

    jobs: list[tuple[TaskRecord, int | None]] = field(default_factory=list)
    skipped: dict[int, str] = field(default_factory=dict)
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
    store: TaskStore, selection: Selection, *, pause: timedelta = timedelta(0), dry_run: bool = False
) -> Replays:
    """Store dead jobs anew, oldest first, and take them off the dead list; but those whose unique key is in use.

    Args:
        pause: from when one job is due until the next one is, so that no worker can be flooded by them.

    Raises:
        InvalidInput: as ``JobFilter.query``.
    """
    replays, outcome = Replays(), Outcome()
    async for records in _selected(store, _dead(selection), outcome):
        dead = [record for record in records if record.state is TaskState.FAILED]
        alive = [record for record in records if record.state is not TaskState.FAILED]
        replays.skipped |= {int(record.id): "it is not dead" for record in alive}
        if dry_run:
            replays.jobs += [(record, None) for record in dead]
            continue
        waits = [place * pause for place in range(len(replays.jobs), len(replays.jobs) + len(dead))]
        for record, new in zip(dead, await replaced(keys_of(store), dead, waits), strict=True):
            if new is None:
                replays.skipped[int(record.id)] = KEY_TAKEN
            else:
                replays.jobs.append((record, new))
    replays.skipped |= outcome.skipped
    replays.more = outcome.more
    return replays


def _dead(selection: Selection) -> Selection:
    if selection.matching is None:
        return selection
    return replace(selection, matching=replace(selection.matching, state="dead", oldest_first=True))


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
            return KEY_TAKEN
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
            return await _cancelled(store, records)
        case Deed.RETRY:
            return {task for task, done in zip(ids, await store.replay(ids), strict=True) if done}
        case Deed.DELETE:
            if await store.delete(ids) == len(ids):
                return set(ids)
            return {task for task in ids if await store.get(task) is None}


async def _cancelled(store: TaskStore, records: Sequence[TaskRecord]) -> set[TaskId]:
    """Those that are cancelled, and those that run and will be stopped, which is noted in their logs, once."""
    states = await store.cancel([record.id for record in records])
    told = list(zip(records, states, strict=True))
    asked = [record.id for record, state in told if state is TaskState.RUNNING and not record.cancel_requested]
    if asked:
        now = utc_now()
        await store.add_logs(
            [LogLine(task=task, attempt=0, at=now, level="WARNING", message=CANCEL_REQUESTED) for task in asked]
        )
    return {record.id for record, state in told if state in (TaskState.CANCELLED, TaskState.RUNNING)}
