"""The words of this queue and those of the core: statuses and states, functions and names, terms and ``meta``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from taskcore import serialization
from taskcore.errors import CorruptPayload, InvalidInput
from taskcore.models import TaskError, TaskRecord
from taskcore.models.task import MAX_NAME
from taskcore.retry import MAX_CAP, Fixed, RetryPolicy, Table
from taskcore.states import AT_REST, TaskState

from lapinq import documents

STATUS: Mapping[TaskState, str] = {
    TaskState.PENDING: "pending",
    TaskState.RUNNING: "running",
    TaskState.SUCCEEDED: "completed",
    TaskState.FAILED: "failed",
    TaskState.CANCELLED: "cancelled",
    TaskState.EXPIRED: "expired",
    TaskState.INTERRUPTED: "failed",
}
STATES: Mapping[str, frozenset[TaskState]] = {
    word: frozenset(state for state, status in STATUS.items() if status == word) for word in STATUS.values()
}
STATUSES = tuple(STATES)
ENDED = tuple(word for word, states in STATES.items() if states <= AT_REST)
"""The statuses of tasks of which nothing more will come."""
FINISHED = frozenset({"completed", "failed"})
"""The statuses of tasks that have a result, or an error instead."""

CANCELLED = "cancelled by user"
EXPIRED = "ttl expired"
TIMED_OUT = "timed out"

RETRY_BACKOFF_SECONDS = (10, 30, 60, 300, 600)
"""The wait after each failure; the last one serves all that follow."""
RETRY_DELAY = 10.0
"""The wait of tasks without backoff that name none."""
DEFAULT_RETRIES = 3


@lru_cache(maxsize=256)
def retry_policy(max_retries: int, *, delay: float | None = None, backoff: bool = True) -> RetryPolicy:
    """The core's policy. ``max_retries`` counts executions: 0 and 1 both mean one."""
    return RetryPolicy(
        max_attempts=max(1, max_retries),
        backoff=Table(tuple(map(float, RETRY_BACKOFF_SECONDS))) if backoff else Fixed(delay_of(delay)),
        cap=MAX_CAP,
        jitter=0,
    )


def delay_of(delay: float | None) -> float:
    return RETRY_DELAY if delay is None else delay


# sys.exit() in a task is its failure like any other. Which errors count is not stored with tasks: handlers say it.
DEFAULT_RETRY = replace(retry_policy(DEFAULT_RETRIES), retry_on=(BaseException,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What this queue keeps with a task beyond what the core knows.

    Attributes:
        ttl: seconds after its creation when the task is of no use any more.
        metadata: what its producer wrote to it.
        webhook_url: is told of the end.
        max_retries: as it was ordered, where the core's policy does not say it.
        id: of a task that the public release stored: the id that its producer knows.
    """

    ttl: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    webhook_url: str | None = None
    max_retries: int = DEFAULT_RETRIES
    retry_delay: float | None = None
    retry_backoff: bool = True
    id: UUID | None = None

    def dump(self) -> str | None:
        """As ``meta`` of a task; None for an ordinary one."""
        found: dict[str, object] = {}
        if self.ttl is not None:
            found["ttl"] = self.ttl
        if self.metadata:
            found["metadata"] = self.metadata
        if self.webhook_url is not None:
            found["webhook"] = self.webhook_url
        if self.max_retries != DEFAULT_RETRIES:
            found["max_retries"] = self.max_retries
        if self.retry_delay is not None:
            found["retry_delay"] = self.retry_delay
        if not self.retry_backoff:
            found["retry_backoff"] = False
        if self.id is not None:
            found["id"] = str(self.id)
        return documents.dump(found, "metadata") if found else None

    @property
    def retry(self) -> RetryPolicy | None:
        """For the core; None is its default here."""
        if self.max_retries == DEFAULT_RETRIES and self.retry_backoff:
            return None
        return retry_policy(self.max_retries, delay=self.retry_delay, backoff=self.retry_backoff)


ORDINARY = Terms()


def terms_of(meta: str | None) -> Terms:
    """The terms of a task."""
    if meta is None:
        return ORDINARY
    found = documents.load(meta)
    former = found.get("id")
    return Terms(
        ttl=found.get("ttl"),
        metadata=found.get("metadata", {}),
        webhook_url=found.get("webhook"),
        max_retries=found.get("max_retries", DEFAULT_RETRIES),
        retry_delay=found.get("retry_delay"),
        retry_backoff=found.get("retry_backoff", True),
        id=None if former is None else UUID(former),
    )


@lru_cache(maxsize=1024)
def name_of(module_path: str, task_name: str) -> str:
    """The core's name of a function: one name, one function, whatever the queue.

    Raises:
        InvalidInput: it is too long, or not printable.
    """
    name = f"{module_path}:{task_name}"
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput(
            f"module_path and task_name must be printable text of at most {MAX_NAME - 1} characters together, "
            f"got {len(name) - 1}: {name!r:.120}"
        )
    return name


def function_of(name: str) -> tuple[str, str]:
    """``(module_path, task_name)`` of a name."""
    module_path, _, task_name = name.partition(":")
    return module_path, task_name


def max_executions(record: TaskRecord) -> int:
    """How often a task may be executed, however it ends."""
    return (record.retry or DEFAULT_RETRY).max_attempts


def result_of(record: TaskRecord) -> str | None:
    """What the function returned, as JSON text; results of the public release are any text."""
    return plain_result(record.result)


def plain_result(text: str | None) -> str | None:
    """The same, of what the core has stored."""
    if text is None or '"~' not in text:
        return text
    try:
        return documents.dump(serialization.decode(text))  # the codec's own marks are nobody's business here
    except (CorruptPayload, InvalidInput):
        return text


def error_of(record: TaskRecord) -> str | None:
    """The text of the last error."""
    return error_text(record.state, record.error)


def error_text(state: TaskState, error: TaskError | None) -> str | None:
    """The same, of what the core has stored."""
    match state:
        case TaskState.CANCELLED:
            return CANCELLED
        case TaskState.EXPIRED:
            return EXPIRED
        case _:
            return None if error is None else error.message
