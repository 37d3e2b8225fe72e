"""The words of this queue and those of the core: jobs and tasks, statuses and states, terms and specs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from taskcore import serialization
from taskcore.clock import Clock, SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.pacing import had_turn
from taskcore.engine.trying import tries_of, was_tried_last
from taskcore.errors import CorruptPayload
from taskcore.ids import ScheduleId, TaskId
from taskcore.models import TaskRecord, TaskSpec
from taskcore.schedule import Every
from taskcore.states import Phase, TaskState

from taskmq import payload as payloads
from taskmq.job import Job, JobStatus

NO_HANDLER = "(none)"
"""The task name of jobs without a handler."""

QUEUE = "default"
"""Where jobs wait that name no queue."""

PERIODIC = ScheduleId("interval")
"""Marks the tasks of periodic jobs, so that they are found without looking at all."""

WAITING = "(waiting)"
"""The queue of jobs that wait for others to succeed. No worker listens to it."""

UNIQUE = "unique: "
"""Begins the idempotency keys that stand for unique keys."""

DEPENDENCY_FAILED = "DependencyFailed"
"""The error type of jobs that were cancelled because one that they depend on did not succeed."""

ON_FAILURE = ("cancel", "run")

CANCELLED = "Cancelled by admin"
"""The error text of cancelled jobs."""

CANCEL_REQUESTED = "Cancellation requested"
"""The line in the log of a running job that is to stop."""

RETRY_GRANTED = "Job scheduled for retry"
"""Begins the line in the log of a job that failed and is run again."""

CANCELLING = "cancelling"
"""The word for such a job, until its worker has stopped it."""

MAX_INTERVAL = 36_525 * 86_400
"""A hundred years."""

RETRY_POLICIES = ("fixed", "exponential", "none")

STATUS: Mapping[TaskState, JobStatus] = {
    TaskState.PENDING: JobStatus.PENDING,
    TaskState.RUNNING: JobStatus.RUNNING,
    TaskState.SUCCEEDED: JobStatus.SUCCESS,
    TaskState.FAILED: JobStatus.FAILED,
    TaskState.CANCELLED: JobStatus.FAILED,
    TaskState.EXPIRED: JobStatus.FAILED,
    TaskState.INTERRUPTED: JobStatus.FAILED,
}

_NEVER_BEGUN = frozenset({TaskState.CANCELLED, TaskState.EXPIRED, TaskState.INTERRUPTED})

STATES: Mapping[str, frozenset[TaskState]] = {
    "pending": frozenset({TaskState.PENDING}),
    "waiting": frozenset({TaskState.PENDING}),
    "running": frozenset({TaskState.RUNNING}),
    "success": frozenset({TaskState.SUCCEEDED}),
    "dead": frozenset({TaskState.FAILED}),
    "cancelled": _NEVER_BEGUN,
    "failed": frozenset({TaskState.FAILED}) | _NEVER_BEGUN,
}
"""Words by which jobs are listed; "failed" is what ``JobStatus.FAILED`` covers."""

PHASES: Mapping[str, frozenset[Phase]] = {
    "scheduled": frozenset({Phase.SCHEDULED}),
    "retrying": frozenset({Phase.RETRYING}),
}
"""Finer words for pending jobs."""

_CANCELLABLE = frozenset({TaskState.PENDING, TaskState.RUNNING})
_PLAIN_WORDS: Mapping[TaskState, str] = {
    **{state: state.value for state in TaskState},
    TaskState.FAILED: "dead",
    TaskState.SUCCEEDED: "success",
}
"""One word a state, ready to be looked up: every handler's job has one."""

_WORDS: Mapping[Phase, str] = {Phase.QUEUED: "pending", Phase.SUCCEEDED: "success", Phase.FAILED: "dead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What this queue keeps with a task beyond what the core knows.

    Attributes:
        max_retries, retry_delay: as in ``JobOptions``; None is the worker's.
        every: the instants of a periodic job.
        replay_of: the dead job that this one replaces.
        unique_key, depends_on, on_dependency_failure: as in ``JobOptions``.
        queue: where a job goes that waits for others.
    """

    retry_policy: str = "exponential"
    max_retries: int | None = None
    retry_delay: float | None = None
    every: Every | None = None
    replay_of: int | None = None
    unique_key: str | None = None
    depends_on: tuple[int, ...] = ()
    on_dependency_failure: str = "cancel"
    queue: str | None = None

    def dump(self) -> str | None:
        """As ``meta`` of a task; None for an ordinary job."""
        found: dict[str, object] = {}
        if self.retry_policy != "exponential":
            found["retry_policy"] = self.retry_policy
        if self.max_retries is not None:
            found["max_retries"] = self.max_retries
        if self.retry_delay is not None:
            found["retry_delay"] = self.retry_delay
        if self.every is not None:
            found["interval_seconds"] = int(self.every.interval.total_seconds())
            found["anchor"] = self.every.anchor.isoformat()
        if self.replay_of is not None:
            found["replay_of"] = self.replay_of
        if self.unique_key is not None:
            found["unique_key"] = self.unique_key
        if self.depends_on:
            found["depends_on"] = self.depends_on
            found["on_dependency_failure"] = self.on_dependency_failure
            found["queue"] = self.queue
        return json.dumps(found) if found else None


@lru_cache(maxsize=4096)
def terms_of(meta: str | None) -> Terms:
    """The terms of a task."""
    if meta is None:
        return Terms()
    found = json.loads(meta)
    interval = found.get("interval_seconds")
    return Terms(
        retry_policy=found.get("retry_policy", "exponential"),
        max_retries=found.get("max_retries"),
        retry_delay=found.get("retry_delay"),
        every=Every(timedelta(seconds=interval), datetime.fromisoformat(found["anchor"])) if interval else None,
        replay_of=found.get("replay_of"),
        unique_key=found.get("unique_key"),
        depends_on=tuple(found.get("depends_on", ())),
        on_dependency_failure=found.get("on_dependency_failure", "cancel"),
        queue=found.get("queue"),
    )


def copy_of(record: TaskRecord, *, now: datetime, key: str | None = None) -> TaskSpec:
    """The order for another run of a job, due now; a periodic one begins its series anew.

    Args:
        key: orders with one key are stored once; a unique key of the job goes before it.
    """
    terms = terms_of(record.meta)
    every = terms.every and Every(terms.every.interval, now)
    return TaskSpec(
        name=record.name,
        payload=record.payload,
        queue=record.queue,
        priority=record.priority,
        timeout=record.timeout,
        schedule=record.schedule,
        concurrency_key=record.concurrency_key,
        concurrency_limit=record.concurrency_limit,
        meta=replace(terms, every=every, replay_of=int(record.id)).dump(),
        idempotency_key=key if terms.unique_key is None else UNIQUE + terms.unique_key,
    )


def is_unique(spec: TaskSpec) -> bool:
    """Whether its key is free again once the task is over."""
    return spec.idempotency_key is not None and spec.idempotency_key.startswith(UNIQUE)


def queue_of(record: TaskRecord) -> str:
    """Where its workers are, also while it waits for others."""
    return terms_of(record.meta).queue or QUEUE if record.queue == WAITING else record.queue


def handler_of(record: TaskRecord) -> str | None:
    return None if record.name == NO_HANDLER else record.name


def schedule_of(record: TaskRecord) -> str | None:
    """The schedule that fired it."""
    return None if record.schedule == PERIODIC else record.schedule


def error_of(record: TaskRecord) -> str | None:
    """The text of the last error."""
    if record.state is TaskState.CANCELLED and (record.error is None or record.error.type != DEPENDENCY_FAILED):
        return CANCELLED
    return None if record.error is None or had_turn(record) else record.error.message


def note_of(record: TaskRecord) -> str | None:
    """What its handler told of last, or what a pending job waits for."""
    if record.state is TaskState.PENDING and record.error is not None and had_turn(record):
        return record.error.message
    return record.progress_note


def word_of(record: TaskRecord, now: datetime) -> str:
    """The state in one word, finer than ``JobStatus``."""
    if record.state in _CANCELLABLE and record.cancel_requested:
        return CANCELLING
    return _waiting_word(record, now) if record.state is TaskState.PENDING else _PLAIN_WORDS[record.state]


def _waiting_word(record: TaskRecord, now: datetime) -> str:
    if record.queue == WAITING:
        return "waiting"
    if record.failures:
        return "retrying"
    return "scheduled" if record.run_at > now else "pending"


def word_of_phase(phase: Phase) -> str:
    """The word for jobs of a phase."""
    return _WORDS.get(phase, phase.value)


def granted_retries(record: TaskRecord) -> int:
    """Failures that another attempt followed: all of them, but for the last one of a dead job."""
    return max(record.failures - 1, 0) if record.state is TaskState.FAILED else record.failures


def job_of(record: TaskRecord, *, now: datetime, context: TaskContext | None = None) -> Job:
    """The job that a task is."""
    terms = terms_of(record.meta)
    value = value_of(record.result)
    running = record.state is TaskState.RUNNING
    return Job(
        id=int(record.id),
        status=STATUS[record.state],
        payload=payloads.from_text(record.payload),
        created_at=record.created_at,
        retries=granted_retries(record),
        error_log=error_of(record),
        retry_policy=terms.retry_policy,
        scheduled_for=record.run_at,
        interval_seconds=None if terms.every is None else int(terms.every.interval.total_seconds()),
        handler=handler_of(record),
        locked_by=record.worker if running else None,
        lock_expires_at=record.lease_until,
        result=None if value is None else str(value),
        priority=record.priority,
        handler_hash=record.version,
        raw_payload=record.payload,
        state=word_of(record, now),
        return_value=value,
        attempts=record.attempt,
        error_type=None if record.error is None or had_turn(record) else record.error.type,
        worker=record.worker,
        queue=queue_of(record),
        max_retries=terms.max_retries,
        started_at=record.started_at,
        finished_at=record.finished_at,
        fraction=record.progress,
        note=note_of(record),
        timeout=record.timeout,
        expires_at=record.expires_at,
        unique_key=terms.unique_key,
        depends_on=terms.depends_on,
        schedule=schedule_of(record),
        tries=tries_of(record, repeats=terms.every is not None),
        was_tried=was_tried_last(record, repeats=terms.every is not None),
        context=context,
    )


def value_of(result: str | None) -> Any:
    """What a handler returned, of the text that stands for it; None also where there is none."""
    if result is None:
        return None
    try:
        return serialization.decode(result)
    except CorruptPayload:
        return result


def task_id(job_id: int) -> TaskId:
    """The core's id of a job. Any value is welcome; what is no id names no task."""
    return TaskId(str(job_id))


clock: Clock = SystemClock()
"""The time of this process; ``taskmq.testing`` puts another one in its place for a while."""


def utc_now() -> datetime:
    return clock.now()
