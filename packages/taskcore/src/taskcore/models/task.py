"""What a task is, from the order to the record; frozen values that stores and engine hand to each other.

Payloads, results and ``meta`` are text here. ``taskcore.serialization`` makes and reads it at the edges, so
that a store never guesses what is inside and one unreadable row never breaks a listing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from taskcore.clock import aware
from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.lease import Fence
from taskcore.models.quick import quickly_made
from taskcore.retry import RetryPolicy
from taskcore.states import Event, Phase, TaskState

MAX_NAME = 200
MAX_PRIORITY = 2**31 - 1
MAX_LIMIT = 1_000_000
MAX_TRACE = 600
"""A ``traceparent`` of 55 characters, and the 512 that every part of a trace must hand on of its ``tracestate``."""
KEPT_ATTEMPTS = 100
"""At least so many of a task's newest attempts are kept: a periodic task runs for years under one id."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """An order: run the handler ``name`` with ``payload``.

    Attributes:
        id: chosen by the caller; None lets the store number it by its own scheme.
        payload: a document of ``taskcore.serialization``.
        priority: higher first; any 32-bit integer.
        run_at: not before this instant; None is at once, by the store's clock.
        expires_at: an attempt that has not begun by then never begins.
        timeout: limit of one attempt.
        retry: None leaves it to the handler's own policy.
        idempotency_key: a second task with this key is not stored; its caller gets the first one's id.
        schedule: the schedule that fired it.
        meta: text that a face keeps with the task; the core does not look inside.
        concurrency_key: tasks with the same key share slots, whatever their queue.
        concurrency_limit: it is claimed only while fewer tasks with its key than this are RUNNING.
        trace: the trace in which it was put, as ``traceparent`` or ``traceparent tracestate`` of W3C Trace Context.

    Raises:
        InvalidInput: a field is out of its range. NaiveTime: an instant has no zone.
    """

    name: str
    payload: str = "null"
    queue: str = "default"
    priority: int = 0
    run_at: datetime | None = None
    expires_at: datetime | None = None
    timeout: timedelta | None = None
    retry: RetryPolicy | None = None
    idempotency_key: str | None = None
    schedule: ScheduleId | None = None
    meta: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int = 1
    trace: str | None = None
    id: TaskId | None = None

    def __post_init__(self) -> None:
        check_name("name", self.name)
        if self.queue != "default":
            check_name("queue", self.queue)
        if self.priority != 0 or type(self.priority) is not int:
            _check_priority(self.priority)
        if self.run_at is not None:
            object.__setattr__(self, "run_at", aware(self.run_at, "run_at"))
        if self.expires_at is not None:
            object.__setattr__(self, "expires_at", aware(self.expires_at, "expires_at"))
        if self.timeout is not None and self.timeout <= timedelta(0):
            raise InvalidInput(f"timeout must be longer than zero, got {self.timeout}")
        if self.idempotency_key is not None:
            check_name("idempotency_key", self.idempotency_key)
        if self.concurrency_key is not None:
            check_name("concurrency_key", self.concurrency_key)
        if self.concurrency_limit != 1:
            check_limit("concurrency_limit", self.concurrency_limit)
        if self.trace is not None:
            check_name("trace", self.trace, MAX_TRACE)


def check_name(field: str, value: str, most: int = MAX_NAME) -> None:
    """Refuse a name that some store could not keep or some page could not show.

    Raises:
        InvalidInput: it is empty, too long, or holds control characters.
    """
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise InvalidInput(f"{field} must be text of 1 to {most} printable characters, got {value!r:.200}")


def check_limit(field: str, value: int) -> None:
    """Refuse a number of slots that would let nothing run, or that some store could not keep.

    Raises:
        InvalidInput: it is no integer from 1 to ``MAX_LIMIT``.
    """
    if type(value) is not int or not 1 <= value <= MAX_LIMIT:
        raise InvalidInput(f"{field} must be an integer from 1 to {MAX_LIMIT:,}, got {value!r}")


def _check_priority(value: int) -> None:
    if type(value) is not int or not -MAX_PRIORITY <= value <= MAX_PRIORITY:
        raise InvalidInput(f"priority must be an integer from {-MAX_PRIORITY} to {MAX_PRIORITY}, got {value!r}")


@quickly_made
@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one order. ``created`` is False when its idempotency key was taken: ``task`` is the first one."""

    task: TaskId
    created: bool


@dataclass(frozen=True, slots=True)
class TaskError:
    """Why an attempt ended badly: the exception's class name, its text, and its traceback ("" when it has none)."""

    type: str
    message: str
    traceback: str = ""

    def dump(self) -> str:
        return json.dumps([self.type, self.message, self.traceback], ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Self:
        return cls(*json.loads(text))


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task as the store knows it. While it runs, the last six fields tell of the attempt that is going on, and
    afterwards of the last one.

    Attributes:
        attempt: how often it was claimed; never goes back.
        failures: attempts that failed since it was put or replayed; what the retry policy counts.
        losses: attempts whose lease ran out since then.
        version: of the code that ran it, when the handler has one.
    """

    id: TaskId
    name: str
    queue: str
    payload: str
    priority: int
    state: TaskState
    created_at: datetime
    run_at: datetime
    expires_at: datetime | None = None
    timeout: timedelta | None = None
    retry: RetryPolicy | None = None
    idempotency_key: str | None = None
    schedule: ScheduleId | None = None
    meta: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int = 1
    trace: str | None = None
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    cancel_requested: bool = False
    progress: float | None = None
    progress_note: str | None = None
    worker: WorkerId | None = None
    lease_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: str | None = None
    error: TaskError | None = None
    version: str | None = None

    @property
    def fence(self) -> Fence:
        """The proof that its present worker shows with every write."""
        if self.worker is None:
            raise ValueError(f"task {self.id} was never claimed, so nobody holds a fence of it")
        return Fence(self.id, self.attempt, self.worker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a task. ``ended`` is None while it is going on."""

    task: TaskId
    number: int
    worker: WorkerId
    started_at: datetime
    finished_at: datetime | None = None
    ended: Event | None = None
    result: str | None = None
    error: TaskError | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a worker asks for: at most ``limit`` ready tasks of ``queues``, each leased for ``lease_for``."""

    worker: WorkerId
    queues: tuple[str, ...]
    limit: int
    lease_for: timedelta


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How an attempt ended.

    Attributes:
        event: one of the worker's events in ``taskcore.states``.
        started_at: when the handler began; None when it never did.
        delay: RETRY, RELEASE, LOSE: time until the next attempt, counted by the store's clock.
        run_at: REPEAT: the instant of the next run.
        result: SUCCEED, REPEAT: what the handler returned, as text.
    """

    fence: Fence
    event: Event
    started_at: datetime | None = None
    finished_at: datetime | None = None
    delay: timedelta = timedelta(0)
    run_at: datetime | None = None
    result: str | None = None
    error: TaskError | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line that a handler, or somebody on its behalf, left with a task. ``attempt`` is 0 for the latter."""

    task: TaskId
    attempt: int
    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a running handler tells: how far it is (0 to 1), and lines for its log."""

    fence: Fence
    progress: float | None = None
    note: str | None = None
    lines: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHistory:
    """All that a store keeps of a task: as it is, its attempts first to last, and the lines of its log.

    Raises:
        InvalidInput: the task is running; its lease is good in its own store alone.
    """

    record: TaskRecord
    attempts: Sequence[Attempt] = ()
    lines: Sequence[LogLine] = ()

    def __post_init__(self) -> None:
        if self.record.state is TaskState.RUNNING:
            raise InvalidInput(f"task {self.record.id} is running; wait for its end, or make it pending, and try again")


class Part(StrEnum):
    """What of a task can be searched."""

    ID = "id"
    NAME = "name"
    PAYLOAD = "payload"
    RESULT = "result"
    ERROR = "error"


class Order(StrEnum):
    """Tasks sort by id, which follows the time they were put."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """Which tasks to list: those that meet every condition; None or an empty set is no condition.

    Attributes:
        phases: as ``taskcore.states.phase`` sees them at the store's time.
        queues: any of these; unlike ``queue``, which is one.
        created_from, created_before: the first instant that counts, and the first that does not any more.
        contains: for each named part of a task, text that it holds somewhere. Letters match in either case (beyond
            ASCII, as far as the store can tell). Documents and errors are searched as they are stored. Answering may
            mean to read every task that meets the other conditions.
        after: the last id of the page before.
    """

    states: frozenset[TaskState] = frozenset()
    phases: frozenset[Phase] = frozenset()
    queue: str | None = None
    queues: frozenset[str] = frozenset()
    name: str | None = None
    worker: WorkerId | None = None
    schedule: ScheduleId | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    contains: Mapping[Part, str] = field(default_factory=dict)
    order: Order = Order.NEWEST
    after: TaskId | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """How many tasks of a queue are in each state, and since when the longest-waiting due one has waited.

    Nobody waits for tasks past their ``expires_at``: they count as PENDING, not for ``oldest_due``.

    Attributes:
        by_phase: the same tasks by phase, at the store's time; its SCHEDULED, QUEUED and RETRYING add up to PENDING.
    """

    queue: str
    by_state: Mapping[TaskState, int]
    by_phase: Mapping[Phase, int] = field(default_factory=dict)
    oldest_due: datetime | None = None
