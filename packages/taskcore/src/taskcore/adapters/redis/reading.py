"""What ``TaskReader`` does."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from taskcore.adapters.memory.transitions import ENDED_BY, last_attempt
from taskcore.adapters.redis.records import attempt_of, load_micros, numbered_line, record_of
from taskcore.adapters.redis.session import Session
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, QueueCounts, TaskRecord
from taskcore.states import Phase, TaskState

_PAGE = 1000
"""Tasks that are cleaned up behind in one go."""
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


_CHANGES = ("run_id", "rdb_last_save_time", "rdb_changes_since_last_save", "expired_keys")


async def records(session: Session, keys: Sequence[str]) -> list[TaskRecord | None]:
    """The tasks with these keys; None for those that are gone."""
    values = await session.run("read", *keys) if keys else []
    return [record(session, key, values[9 * place : 9 * place + 9]) for place, key in enumerate(keys)]


def record(session: Session, key: str, values: Sequence[Any]) -> TaskRecord | None:
    """A task from the nine values of ``read.lua``."""
    life, payload, extra, result, error, version, progress, note, lease = values
    if life is None:
        return None
    ending = result, error, version
    return record_of(session.id(key), life, payload, extra, ending, progress=progress, note=note, lease=lease)


async def get(session: Session, task: TaskId) -> TaskRecord | None:
    (record,) = await records(session, [session.key(task)])
    return record


async def counts(session: Session) -> list[QueueCounts]:
    while await session.run("sweep", _PAGE):
        pass
    values = await session.run("counts")
    rows = sorted(values[first : first + 11] for first in range(0, len(values), 11))
    return [_counts(*row) for row in rows if any(row[1:8])]


def _counts(queue: str, *numbers: Any) -> QueueCounts:
    *of_states, scheduled, retrying, oldest = numbers
    by_state = {state: number for state, number in zip(_STATES, of_states, strict=True) if number}
    by_phase = {Phase(state): number for state, number in by_state.items() if state is not TaskState.PENDING}
    queued = by_state.get(TaskState.PENDING, 0) - scheduled - retrying
    waiting = {Phase.SCHEDULED: scheduled, Phase.QUEUED: queued, Phase.RETRYING: retrying}
    return QueueCounts(
        queue=queue,
        by_state=by_state,
        by_phase=by_phase | {phase: number for phase, number in waiting.items() if number},
        oldest_due=load_micros(oldest) if oldest else None,
    )


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


async def revision(session: Session) -> str:
    """How often anything in the server has changed, for whatever store: since it last saved its data, and when that
    was. What vanishes by itself is no change to the server, so it is counted as well."""
    info = await session.info()
    return " ".join(str(info.get(name)) for name in _CHANGES)
