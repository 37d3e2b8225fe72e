"""What pages show, in plain frozen values that any face can fill."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from taskcore.auth.permissions import Verb
from taskcore.ui.models.tasks import TaskFilter


class Action(StrEnum):
    """What somebody can do on a page. The value is the word in its URL."""

    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"
    PAUSE_QUEUE = "pause-queue"
    RESUME_QUEUE = "resume-queue"
    LIMIT_QUEUE = "limit-queue"
    PURGE_QUEUE = "purge-queue"
    RUN_SCHEDULE = "run-schedule"
    PAUSE_SCHEDULE = "pause-schedule"
    RESUME_SCHEDULE = "resume-schedule"
    REMOVE_SCHEDULE = "remove-schedule"
    CANCEL_RUN = "cancel-run"
    RETRY_RUN = "retry-run"
    FORGET_WORKER = "forget-worker"
    REPLAY_WEBHOOK = "replay-webhook"
    CLOSE_CIRCUIT = "close-circuit"
    END_SECRET = "end-secret"  # noqa: S105 - a word in a URL


NEEDS: Mapping[Action, Verb] = {
    Action.RETRY: Verb.RETRY,
    Action.CANCEL: Verb.CANCEL,
    Action.DELETE: Verb.DELETE,
    Action.PAUSE_QUEUE: Verb.PAUSE,
    Action.RESUME_QUEUE: Verb.PAUSE,
    Action.LIMIT_QUEUE: Verb.PAUSE,
    Action.PURGE_QUEUE: Verb.DELETE,
    Action.RUN_SCHEDULE: Verb.ENQUEUE,
    Action.PAUSE_SCHEDULE: Verb.PAUSE,
    Action.RESUME_SCHEDULE: Verb.PAUSE,
    Action.REMOVE_SCHEDULE: Verb.DELETE,
    Action.CANCEL_RUN: Verb.CANCEL,
    Action.RETRY_RUN: Verb.RETRY,
    Action.FORGET_WORKER: Verb.DELETE,
    Action.REPLAY_WEBHOOK: Verb.RETRY,
    Action.CLOSE_CIRCUIT: Verb.RETRY,
    Action.END_SECRET: Verb.ADMIN,
}
"""What one must be allowed to do on the target's queue, pipeline or task group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An action on named targets, or on every task that a filter describes.

    Attributes:
        targets: ids of tasks, names of queues, ids of schedules, runs, workers or webhooks, URLs of endpoints; by
            action.
        matching: instead of targets; at most ``limit`` tasks are touched.
        options: what the form of the action asks beyond that: ``reason``, ``concurrency``, ``payload``.
        actor: who, for the record.
    """

    action: Action
    targets: tuple[str, ...] = ()
    matching: TaskFilter | None = None
    limit: int = 10_000
    options: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """What became of an order: how many targets it changed, and why others were left out (target -> reason)."""

    done: int
    skipped: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tasks by queue and phase. ``exact`` is False where ``counted_at`` is some seconds ago or a number an estimate."""

    by_queue: Mapping[str, Mapping[str, int]]
    oldest_due: Mapping[str, datetime] = field(default_factory=dict)
    counted_at: datetime
    exact: bool = True

    def of(self, *phases: str) -> int:
        return sum(counts.get(phase, 0) for counts in self.by_queue.values() for phase in phases)

    @property
    def total(self) -> int:
        return sum(sum(counts.values()) for counts in self.by_queue.values())

    def only(self, queues: Container[str]) -> "Counts":
        """The same of these queues alone."""
        return replace(
            self,
            by_queue={queue: counts for queue, counts in self.by_queue.items() if queue in queues},
            oldest_due={queue: at for queue, at in self.oldest_due.items() if queue in queues},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failed tasks of one name whose errors have the same fingerprint (``taskcore.ui.fingerprint``)."""

    name: str
    error_type: str
    message: str
    fingerprint: str
    count: int
    first_at: datetime
    last_at: datetime
    tasks: tuple[str, ...]
    """The newest few ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A line of a task's log."""

    at: datetime
    level: str
    message: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Something that can be run: its name, what it is good for, and who says so."""

    name: str
    description: str = ""
    signature: str = ""
    workers: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What happened in one step of a series.

    Attributes:
        counts: how often, by word: "put", "succeeded", "failed", "retried", "cancelled", "expired", "lost".
        runs, waits: durations as cumulative counts by upper bound in seconds, as in ``taskcore.statistics.BOUNDS``.
        errors: failed attempts by task name.
    """

    at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    runs: tuple[int, ...] = ()
    waits: tuple[int, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points at equal distances, oldest first, without holes; the last one may still grow."""

    step: timedelta
    points: tuple[Point, ...]
