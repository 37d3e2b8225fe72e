"""What the log of deliveries holds, and what is asked of it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from taskcore.errors import InvalidInput
from taskcore.states import TaskState

STATES: Mapping[str, tuple[TaskState, ...]] = {
    "pending": (TaskState.PENDING,),
    "running": (TaskState.RUNNING,),
    "delivered": (TaskState.SUCCEEDED,),
    "failed": (TaskState.FAILED, TaskState.CANCELLED, TaskState.EXPIRED, TaskState.INTERRUPTED),
}
STATUS: Mapping[TaskState, str] = {state: status for status, states in STATES.items() for state in states}
"""The words for deliveries; deliveries are tasks of the core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries: those that meet every condition.

    Attributes:
        status: one of ``STATES``.
        endpoint: the receiver, a URL without its query.
        task: the core's id of a task.
        queues: those of the tasks that are told of; None is all, those of which nobody knows the queue any more too.
    """

    status: str | None = None
    endpoint: str | None = None
    task: str | None = None
    queues: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.status is not None and self.status not in STATES:
            raise InvalidInput(f"status must be one of {', '.join(STATES)}, got {self.status!r:.80}")

    @property
    def _texts(self) -> Iterator[str]:
        yield from (text for text in (self.endpoint, self.task, *(self.queues or ())) if text)

    @property
    def is_empty(self) -> bool:
        """Whether every delivery meets it."""
        return self == DeliveryFilter()

    @property
    def is_hopeless(self) -> bool:
        """Whether none can meet it: PostgreSQL knows no such text, or there is no queue."""
        broken = any(sign == "\0" or "\ud800" <= sign <= "\udfff" for text in self._texts for sign in text)
        return broken or self.queues == frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A delivery in the log. Of its URL the query is left out, which may hold what nobody else should see.

    Attributes:
        event: the status with which the task ended.
        queue: the task's; None when nobody knows it any more.
        attempts: how often it was tried.
        status_code, error: of the last answer.
    """

    id: str
    status: str
    task: str
    event: str
    queue: str | None
    endpoint: str
    attempts: int
    status_code: int | None
    error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    ended_at: datetime | None

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        found = _plain(asdict(self))
        return {"id": found.pop("id"), "task_id": found.pop("task"), **found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """An attempt to deliver, and what was answered."""

    number: int
    started_at: datetime
    took: timedelta | None
    status_code: int | None
    error: str | None

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "attempt": self.number,
            "started_at": self.started_at.isoformat(),
            "seconds": None if self.took is None else round(self.took.total_seconds(), 3),
            "status_code": self.status_code,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where deliveries go, and how those of late went.

    Attributes:
        failures: in a row, of whatever deliveries. since: when they began.
        is_open: whether it is left alone, but for one attempt at ``next_at``.
    """

    url: str
    delivered: int
    waiting: int
    failed: int
    last_at: datetime | None
    failures: int
    since: datetime | None
    is_open: bool
    next_at: datetime | None

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        found = _plain(asdict(self))
        return {"url": found.pop("url"), "circuit": "open" if found.pop("is_open") else "closed", **found}


@dataclass(frozen=True, slots=True)
class Measured:
    """Receivers that are left alone, deliveries that are to be made, how many of them again, and since when the oldest
    waits."""

    broken: int
    waiting: int
    retrying: int
    oldest: datetime | None


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}
