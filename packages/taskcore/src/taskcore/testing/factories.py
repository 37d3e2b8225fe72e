"""Sample values: a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from taskcore.ids import ScheduleId, WorkerId
from taskcore.lease import Fence
from taskcore.models import (
    Advance,
    Claim,
    LogLine,
    Report,
    ScheduleRecord,
    ScheduleSpec,
    Settlement,
    TaskRecord,
    TaskSpec,
)
from taskcore.schedule import Every
from taskcore.states import Event

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    """A span of time."""
    return timedelta(seconds=count)


def a_task(name: str = "send", **fields: Any) -> TaskSpec:
    """An order for ``name``, due at once."""
    return TaskSpec(name=name, **fields)


def a_claim(worker: str = "w1", *queues: str, limit: int = 10, lease_for: timedelta = timedelta(seconds=30)) -> Claim:
    """A worker's wish for tasks of ``queues``, or of the default one."""
    return Claim(worker=WorkerId(worker), queues=queues or ("default",), limit=limit, lease_for=lease_for)


def a_settlement(held: TaskRecord | Fence, event: Event = Event.SUCCEED, **fields: Any) -> Settlement:
    """The end of the attempt that ``held`` tells of."""
    return Settlement(fence=_fence(held), event=event, **fields)


def a_report(held: TaskRecord | Fence, *messages: str, **fields: Any) -> Report:
    """What the handler of ``held`` tells, with a log line for each message."""
    fence = _fence(held)
    return Report(fence=fence, lines=tuple(a_line(fence, message) for message in messages), **fields)


def a_line(held: TaskRecord | Fence, message: str = "hello", at: datetime = LONG_AGO, level: str = "info") -> LogLine:
    """A log line of the attempt that ``held`` tells of."""
    fence = _fence(held)
    return LogLine(task=fence.task, attempt=fence.attempt, at=at, level=level, message=message)


def a_schedule(id: str = "hourly", every: float = 3600, **fields: Any) -> ScheduleSpec:  # noqa: A002
    """An order to put a task every so many seconds."""
    fields.setdefault("task", a_task(schedule=ScheduleId(id)))
    return ScheduleSpec(id=ScheduleId(id), when=Every(seconds(every), LONG_AGO), **fields)


def a_step(seen: ScheduleRecord, *instants: datetime, **fields: Any) -> Advance:
    """A step of a schedule that puts its task for each of ``instants`` and follows on behind the last one."""
    assert seen.next_at is not None
    cursor = max(instants, default=seen.next_at)
    fields.setdefault("next_at", cursor + (seen.next_at - seen.cursor))
    tasks = tuple((instant, seen.spec.task) for instant in instants)
    return Advance(schedule=seen.spec.id, version=seen.version, cursor=cursor, tasks=tasks, **fields)


def _fence(held: TaskRecord | Fence) -> Fence:
    return held if isinstance(held, Fence) else held.fence
