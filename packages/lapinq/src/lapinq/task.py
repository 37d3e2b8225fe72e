"""A task as those who ask for it see it."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from taskcore.errors import InvalidInput
from taskcore.models import TaskRecord
from taskcore.states import TaskState

from lapinq import documents
from lapinq.vocabulary import STATUS, error_of, function_of, result_of, terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it was when it was read, in the order of its JSON form.

    Attributes:
        result: what the function returned, as JSON text.
        error: the text of the last error; on retry it stays until the next attempt has ended.
        attempts: executions that failed, or whose worker died.
        max_retries: executions in all; 0 and 1 both mean one.
        scheduled_at: not before this instant.
        started_at, completed_at: of the last execution, if it is not pending again.
        last_heartbeat: while it runs, an instant at which its worker was surely alive.
        progress: from 0 to 100.
    """

    id: UUID
    queue_name: str
    task_name: str
    module_path: str
    args: list[Any]
    kwargs: dict[str, Any]
    status: str
    result: str | None
    error: str | None
    attempts: int
    max_retries: int
    priority: int
    created_at: datetime
    scheduled_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    last_heartbeat: datetime | None
    worker_id: str | None
    ttl_seconds: float | None
    metadata: dict[str, Any]
    progress: float | None
    progress_message: str | None
    retry_delay: float | None
    retry_backoff: bool
    webhook_url: str | None

    def row(self) -> dict[str, Any]:
        """The 25 columns, with Python's own types."""
        return {name: getattr(self, name) for name in _COLUMNS}

    def document(self, now: datetime | None = None) -> dict[str, Any]:
        """The JSON form: 26 keys, of which ``ttl_remaining`` is as of ``now``; without ``now`` it is left out."""
        found = {name: _plain(value) for name, value in self.row().items()}
        if now is not None:
            found["ttl_remaining"] = ttl_remaining(self, now)
        return found

    def outcome(self) -> dict[str, Any]:
        """The JSON form of how it ended."""
        return {
            "id": str(self.id),
            "status": self.status,
            "result": self.result,
            "error": self.error,
            "completed_at": _plain(self.completed_at),
        }


_COLUMNS = tuple(field.name for field in fields(Task))


def task_of(record: TaskRecord) -> Task:
    """The task that a record is."""
    terms = terms_of(record.meta)
    module_path, task_name = function_of(record.name)
    args, kwargs = arguments_of(record)
    pending = record.state is TaskState.PENDING
    running = record.state is TaskState.RUNNING
    return Task(
        id=public_id(record),
        queue_name=record.queue,
        task_name=task_name,
        module_path=module_path,
        args=args,
        kwargs=kwargs,
        status=STATUS[record.state],
        result=result_of(record),
        error=error_of(record),
        attempts=record.failures + record.losses,
        max_retries=terms.max_retries,
        priority=record.priority,
        created_at=record.created_at,
        scheduled_at=record.run_at,
        started_at=None if pending else record.started_at,
        completed_at=None if pending or running else record.finished_at,
        last_heartbeat=record.started_at if running else None,
        worker_id=None if pending else record.worker,
        ttl_seconds=terms.ttl,
        metadata=dict(terms.metadata),
        progress=None if record.progress is None else round(record.progress * 100, 9),
        progress_message=record.progress_note,
        retry_delay=terms.retry_delay,
        retry_backoff=terms.retry_backoff,
        webhook_url=terms.webhook_url,
    )


def public_id(record: TaskRecord) -> UUID:
    """The id that its producer was given."""
    return terms_of(record.meta).id or UUID(record.id)


def uuid_of(task_id: UUID | str) -> UUID:
    """The id of a task, which programs have as text, too: from JSON, or the environment.

    Raises:
        InvalidInput: it is none.
    """
    try:
        return task_id if isinstance(task_id, UUID) else UUID(task_id)
    except (AttributeError, TypeError, ValueError):
        raise InvalidInput(f"a task's id must be a UUID, got {task_id!r:.80}") from None


def arguments_of(record: TaskRecord) -> tuple[list[Any], dict[str, Any]]:
    """What to call the function with. The public release accepted other shapes; they are shown as no arguments."""
    found = documents.load(record.payload)
    args, kwargs = (found.get("args"), found.get("kwargs")) if isinstance(found, dict) else (None, None)
    return args if isinstance(args, list) else [], kwargs if isinstance(kwargs, dict) else {}


def ttl_remaining(task: Task, now: datetime) -> str:
    """How long a task still counts, for people: ``∞``, ``expired``, ``1d 2h``, ``2h 3m``, ``3m 4s`` or ``4s``."""
    if task.ttl_seconds is None:
        return "∞"
    left = (task.created_at + timedelta(seconds=task.ttl_seconds) - now).total_seconds()
    if left <= 0:
        return "expired"
    minutes, seconds = divmod(int(left), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value
