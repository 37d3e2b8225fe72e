"""One family of events; metrics, live pages and webhooks all feed on it.

Events are published after the commit they tell of: a listener that reads at once finds the row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.models import TaskError
from taskcore.states import Event


class TaskEvent(NamedTuple):
    """Something happened to a task. A tuple, because there is one for every attempt that ends.

    Attributes:
        worker: who ran it, or was the last to; None when nobody ever did.
        duration: seconds the handler ran, where the event ends an attempt that began.
        wait: seconds from when that attempt was due until its handler was called; the difference of the store's clock
            and the worker's.
    """

    at: datetime
    event: Event
    task: TaskId
    name: str
    queue: str
    attempt: int
    worker: WorkerId | None
    duration: float | None = None
    wait: float | None = None
    error: TaskError | None = None


class TaskPut(NamedTuple):
    """A task was stored that was not there before."""

    at: datetime
    task: TaskId
    name: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleWrite:
    """A worker's write was refused: its attempt was over. ``intended`` is what it wanted to do."""

    at: datetime
    task: TaskId
    attempt: int
    worker: WorkerId
    intended: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleEvent:
    """A due instant of a schedule was dealt with: ``task`` was put, or ``skipped`` names the policy that said no, to
    ``count`` instants together."""

    at: datetime
    schedule: ScheduleId
    instant: datetime
    task: TaskId | None = None
    skipped: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEvent:
    """A worker started, began to drain, or stopped; ``what`` is that word."""

    at: datetime
    worker: WorkerId
    what: str


AnyEvent = TaskEvent | TaskPut | StaleWrite | ScheduleEvent | WorkerEvent
