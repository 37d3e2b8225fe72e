"""Jobs of the public release of task-mq as tasks: the same ids, the same words, whatever is in their fields."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from taskcore.engine.execution.run import printable
from taskcore.ids import TaskId
from taskcore.models import TaskError, TaskRecord
from taskcore.models.task import MAX_NAME, MAX_PRIORITY
from taskcore.schedule import Every
from taskcore.serialization import encode
from taskcore.states import TaskState

from taskmq.vocabulary import CANCELLED, MAX_INTERVAL, NO_HANDLER, PERIODIC, QUEUE, RETRY_POLICIES, Terms

_AT_REST = {"SUCCESS": TaskState.SUCCEEDED, "FAILED": TaskState.FAILED}

Row = Mapping[str, Any]
"""The fields of a job: numbers are numbers, what is missing or None has no value."""


def task_of(row: Row, *, dead: bool, now: datetime) -> TaskRecord:
    """The task that a job is. What ran comes back, and a periodic job that succeeded waits for its next instant.

    Args:
        dead: it is among the dead jobs, whatever its status says.
    """
    created_at = instant_of(row["created_at"], now)
    due = instant_of(row["scheduled_for"], created_at)
    every = _every(row["interval_seconds"], due)
    state = _state(row, dead)
    if state is TaskState.SUCCEEDED and every is not None:
        state, due = TaskState.PENDING, every.next_after(now) or due
    policy = row["retry_policy"] if row["retry_policy"] in RETRY_POLICIES else "fixed"
    retries, over = _whole(row["retries"]), state is not TaskState.PENDING
    return TaskRecord(
        id=TaskId(str(row["id"])),
        name=_name(row["handler"]),
        queue=QUEUE,
        payload=printable(str(row["payload"])),
        priority=max(-MAX_PRIORITY, min(MAX_PRIORITY, _whole(row.get("priority")))),
        state=state,
        created_at=created_at,
        run_at=due,
        schedule=PERIODIC if every else None,
        meta=Terms(retry_policy=policy, every=every).dump(),
        attempt=retries + over,
        failures=retries + (state is TaskState.FAILED),
        finished_at=max(created_at, due) if over else None,
        result=None if row.get("result") is None else encode(printable(str(row["result"])), limit=10**9),
        error=None if row["error_log"] is None else TaskError("", printable(str(row["error_log"]))),
        version=row.get("handler_hash"),
    )


def instant_of(text: object, default: datetime) -> datetime:
    """An instant of the public release: ISO 8601; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(str(text))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return default


def _every(interval: object, due: datetime) -> Every | None:
    if type(interval) is int and 0 < interval <= MAX_INTERVAL:
        return Every(timedelta(seconds=interval), due)
    return None


def _state(row: Row, dead: bool) -> TaskState:
    state = TaskState.FAILED if dead else _AT_REST.get(row["status"], TaskState.PENDING)
    return TaskState.CANCELLED if state is TaskState.FAILED and row["error_log"] == CANCELLED else state


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _name(handler: object) -> str:
    name = printable(str(handler or ""))[:MAX_NAME]
    return name if name.isprintable() and name else NO_HANDLER
