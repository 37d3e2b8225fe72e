"""The history of jobs, told from their attempts: nobody writes it while jobs run, so it costs them nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from taskcore.engine.pacing import WAITING
from taskcore.models import Attempt, LogLine, Order, TaskQuery, TaskRecord
from taskcore.ports import TaskReader
from taskcore.states import Event, TaskState

from taskmq.storage import dependencies
from taskmq.vocabulary import CANCELLED, error_of, handler_of, task_id


class _Line(NamedTuple):
    at: datetime
    task: TaskRecord
    level: str
    message: str


async def lines(store: TaskReader, job_id: int | None, handler: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest ``limit`` lines of a job, a handler, both, or all, oldest first: what is stored and what happened."""
    if limit < 1:
        return []
    tasks = await _tasks(store, job_id, handler, limit)
    found = [line for task in tasks for line in _happened(task, await store.attempts(task.id))]
    found.extend(await _stored(store, job_id, handler, limit, tasks))
    found.sort(key=lambda line: line.at)
    return [_as_dict(line) for line in found[-limit:]]


def held_back(attempt: Attempt) -> str | None:
    """Why the job went back to the queue before it began; None where it was not so."""
    is_held = attempt.ended is Event.RELEASE and attempt.error is not None and attempt.error.type == WAITING
    return attempt.error.message if is_held and attempt.error is not None else None


def is_by_hand(attempt: Attempt) -> bool:
    """Whether it only served to cancel a job that waited for others."""
    return attempt.worker == dependencies.HAND


async def _tasks(store: TaskReader, job_id: int | None, handler: str | None, limit: int) -> Sequence[TaskRecord]:
    if job_id is None:
        return await store.find(TaskQuery(name=handler, order=Order.NEWEST, limit=limit))
    task = await store.get(task_id(job_id))
    return [task] if task is not None and handler in (None, handler_of(task)) else []


async def _stored(
    store: TaskReader, job_id: int | None, handler: str | None, limit: int, tasks: Sequence[TaskRecord]
) -> list[_Line]:
    known = {task.id: task for task in tasks}
    found: list[_Line] = []
    only = None if job_id is None else task_id(job_id)
    for line in await store.logs(only, name=handler, limit=limit):
        task = known.get(line.task) or await store.get(line.task)
        if task is not None:
            found.append(_of(task, line))
    return found


def _of(task: TaskRecord, line: LogLine) -> _Line:
    return _Line(line.at, task, line.level, line.message)


def _happened(task: TaskRecord, attempts: Sequence[Attempt]) -> Iterator[_Line]:
    for attempt in attempts:
        if (reason := held_back(attempt)) is not None:
            yield _Line(attempt.started_at, task, "INFO", f"Job {reason}")
            continue
        if is_by_hand(attempt):
            continue
        yield _Line(attempt.started_at, task, "INFO", "Job started")
        if attempt.ended is not None and attempt.finished_at is not None:
            yield _Line(attempt.finished_at, task, *_ending(attempt))
    if task.state is TaskState.CANCELLED and task.finished_at is not None:
        yield _Line(task.finished_at, task, "WARNING", error_of(task) or CANCELLED)


def _ending(attempt: Attempt) -> tuple[str, str]:
    message = "" if attempt.error is None else attempt.error.message
    match attempt.ended:
        case Event.SUCCEED:
            return "INFO", "Job finished successfully"
        case Event.REPEAT if attempt.error is None:
            return "INFO", "Job finished successfully"
        case Event.LOSE:
            return "WARNING", f"Job taken back: {message}"
        case Event.RELEASE | Event.INTERRUPT:
            return "INFO", "Job given back to the queue"
        case Event.CANCEL:
            return "WARNING", CANCELLED
        case _:
            return "ERROR", f"Job failed: {message}"


def _as_dict(line: _Line) -> dict[str, Any]:
    return {
        "job_id": int(line.task.id),
        "handler": handler_of(line.task),
        "level": line.level,
        "message": line.message,
        "timestamp": line.at.isoformat(),
    }
