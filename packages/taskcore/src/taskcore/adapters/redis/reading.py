"""What ``TaskReader`` does."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from taskcore.adapters.memory.transitions import ENDED_BY, last_attempt
from taskcore.adapters.redis.records import attempt_of, load_micros, numbered_line, record_of
from taskcore.adapters.redis.session import Session
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, Order, QueueCounts, TaskQuery, TaskRecord
from taskcore.states import TaskState

_PAGE = 1000
"""Tasks that are read in one go."""
_STATES = (
    TaskState.PENDING,
    TaskState.RUNNING,
    TaskState.SUCCEEDED,
    TaskState.FAILED,
    TaskState.CANCELLED,
    TaskState.EXPIRED,
    TaskState.INTERRUPTED,
)
"""In the order of ``counts.lua``."""


async def records(session: Session, keys: Sequence[str]) -> list[TaskRecord | None]:
    """The tasks with these keys; None for those that are gone."""
    values = await session.run("read", *keys) if keys else []
    return [_record(session, key, values[9 * place : 9 * place + 9]) for place, key in enumerate(keys)]


def _record(session: Session, key: str, values: Sequence[Any]) -> TaskRecord | None:
    life, payload, extra, result, error, version, progress, note, lease = values
    if life is None:
        return None
    ending = result, error, version
    return record_of(session.id(key), life, payload, extra, ending, progress=progress, note=note, lease=lease)


async def get(session: Session, task: TaskId) -> TaskRecord | None:
    (record,) = await records(session, [session.key(task)])
    return record


async def find(session: Session, query: TaskQuery) -> list[TaskRecord]:
    found: list[TaskRecord] = []
    after = "" if query.after is None else session.key(query.after)
    more = True
    while more and len(found) < query.limit:
        keys, more = await _next_keys(session, query, after)
        found += [each for each in await records(session, keys) if each is not None and _matches(each, query)]
        after = keys[-1] if keys else after
    return found[: max(0, query.limit)]


async def _next_keys(session: Session, query: TaskQuery, after: str) -> tuple[list[str], bool]:
    """The next keys of the wanted states and queue, and whether there may be more behind them."""
    newest = query.order is Order.NEWEST
    states = sorted(query.states) or _STATES
    most = min(query.limit, _PAGE)
    asked, lists, running = await session.run("list", query.order, after, most, query.queue or "", *states)
    keys = [key for each in lists for key in each]
    keys += [key for key in running if not after or (key < after if newest else key > after)]
    # Behind the end of a list that goes on, others may know keys that come later than those it did not tell.
    ends = [each[-1] for each in lists if len(each) == asked]
    if ends:
        end = max(ends) if newest else min(ends)
        keys = [key for key in keys if (key >= end if newest else key <= end)]
    keys = sorted(set(keys), reverse=newest)
    return keys[:most], bool(ends) or len(keys) > most


def _matches(record: TaskRecord, query: TaskQuery) -> bool:
    return (
        (not query.states or record.state in query.states)
        and (query.queue is None or record.queue == query.queue)
        and (query.name is None or record.name == query.name)
        and (query.schedule is None or record.schedule == query.schedule)
    )


async def counts(session: Session) -> list[QueueCounts]:
    while await session.run("sweep", _PAGE):
        pass
    values = await session.run("counts")
    rows = sorted(values[first : first + 9] for first in range(0, len(values), 9))
    return [
        QueueCounts(
            queue=queue,
            by_state={state: number for state, number in zip(_STATES, numbers, strict=True) if number},
            oldest_due=load_micros(oldest) if oldest else None,
        )
        for queue, *numbers, oldest in rows
        if any(numbers)
    ]


async def attempts(session: Session, task: TaskId) -> list[Attempt]:
    (life, *ended), texts = await session.run("attempts", session.key(task))
    if life is None:
        return []
    kept = [attempt_of(task, text) for text in texts]
    record = record_of(task, life, "", None, ended)
    last = last_attempt(record, ENDED_BY.get(record.state))
    # A task that was retried, and cancelled while it waited, still tells of an attempt that is kept already.
    if last is None or (kept and kept[-1].number == last.number):
        return kept
    return [*kept, last]


async def logs(session: Session, task: TaskId | None, name: str | None, limit: int) -> list[LogLine]:
    if limit < 1:
        return []
    if task is not None:
        found = await session.run("logs", limit, "", session.key(task))
    else:
        found = await session.run("logs", limit, "logged" if name is None else f"logged:{name}")
    lines = [
        numbered_line(session.id(key), text)
        for key, life, texts in found
        if name is None or _name_in(life) == name
        for text in texts
    ]
    lines.sort(key=itemgetter(0))
    return [line for _, line in lines[-limit:]]


def _name_in(life: str | None) -> str | None:
    return None if life is None else life.split("\n", 3)[2]
