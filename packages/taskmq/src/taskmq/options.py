"""What a job is asked for beside its payload, checked once however many jobs are put with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypedDict

from taskcore.clock import aware
from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId
from taskcore.models import TaskSpec
from taskcore.models.task import check_name
from taskcore.schedule import Every

from taskmq.jobs.handlers import get_handler_options
from taskmq.payload import to_text
from taskmq.vocabulary import (
    MAX_INTERVAL,
    NO_HANDLER,
    ON_FAILURE,
    PERIODIC,
    QUEUE,
    RETRY_POLICIES,
    UNIQUE,
    WAITING,
    Terms,
    terms_of,
)

MOST_RETRIES = 1_000
LONGEST_DELAY = 366 * 86_400
"""Seconds, a year."""
LONGEST_KEY = 150
MOST_DEPENDENCIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """How a job is to be run.

    Attributes:
        handler: which handler runs it; None leaves it to the worker's own function.
        priority: higher first.
        retry_policy: "fixed", "exponential" or "none".
        scheduled_for: not before this instant, which has a time zone.
        interval_seconds: again and again, so far apart.
        queue: only workers that listen to it run the job.
        max_retries: attempts in all; None leaves it to the worker.
        retry_delay: seconds before the second attempt, on which the policy builds; None leaves it to the worker.
        timeout: limit of one attempt; None leaves it to the handler.
        expires_at: an attempt that has not begun by then never begins.
        idempotency_key: as long as a job with this key is kept, another one is not stored.
        unique_key: as long as a job with this key is pending or running, another one is not stored.
        depends_on: ids of jobs that must have succeeded before this one begins.
        on_dependency_failure: what to do when one of them ends otherwise: "cancel" this job, or "run" it all the same.
        concurrency_key, concurrency_limit: at most so many jobs with the same key run at the same time. Without a key
            it is the handler's, if this process has registered it with a ``concurrency``.

    Raises:
        InvalidInput: a value is not allowed; the message says which ones are.
    """

    handler: str | None = None
    priority: int = 0
    retry_policy: str = "exponential"
    scheduled_for: datetime | None = None
    interval_seconds: int | None = None
    queue: str = QUEUE
    max_retries: int | None = None
    retry_delay: float | None = None
    timeout: timedelta | None = None
    expires_at: datetime | None = None
    idempotency_key: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int = 1
    unique_key: str | None = None
    depends_on: Sequence[int] = ()
    on_dependency_failure: str = "cancel"

    def __post_init__(self) -> None:
        _check_name(self.handler)
        _check_terms(self)
        _check_times(self)
        _check_keys(self)
        object.__setattr__(self, "depends_on", _checked_ids(self.depends_on))


class More(TypedDict, total=False):
    """Options that the published ``insert_job`` does not have, as ``JobOptions`` explains them."""

    queue: str
    max_retries: int | None
    retry_delay: float | None
    timeout: timedelta | None
    expires_at: datetime | None
    idempotency_key: str | None
    concurrency_key: str | None
    concurrency_limit: int
    unique_key: str | None
    depends_on: Sequence[int]
    on_dependency_failure: str


def more_of(options: JobOptions) -> list[str]:
    """The names of those options that are set."""
    return [name for name in More.__annotations__ if getattr(options, name) != getattr(_PLAIN, name)]


def spec_of(payload: object, options: JobOptions, *, now: datetime) -> TaskSpec:
    """The order for a new job.

    Args:
        now: the store's time: the first instant of a periodic job that names none.

    Raises:
        InvalidInput: the payload is not allowed, or some option is too long for the store.
    """
    return _spec_of(to_text(payload), options, now)


def template_of(options: JobOptions, *, now: datetime) -> TaskSpec:
    """The order for any job with these options, but for its payload."""
    return _spec_of("null", options, now)


def _spec_of(payload: str, options: JobOptions, now: datetime) -> TaskSpec:
    every = None
    if options.interval_seconds is not None:
        every = Every(timedelta(seconds=options.interval_seconds), options.scheduled_for or now)
    key, slots = _slots_of(options)
    return TaskSpec(
        name=options.handler or NO_HANDLER,
        payload=payload,
        queue=WAITING if options.depends_on else options.queue,
        priority=options.priority,
        run_at=options.scheduled_for if every is None else every.anchor,
        expires_at=options.expires_at,
        timeout=options.timeout,
        idempotency_key=options.idempotency_key if options.unique_key is None else UNIQUE + options.unique_key,
        schedule=_schedule_of(every),
        concurrency_key=key,
        concurrency_limit=slots,
        meta=Terms(
            retry_policy=options.retry_policy,
            max_retries=options.max_retries,
            retry_delay=options.retry_delay,
            every=every,
            unique_key=options.unique_key,
            depends_on=tuple(options.depends_on),
            on_dependency_failure=options.on_dependency_failure,
            queue=options.queue if options.depends_on else None,
        ).dump(),
    )


def options_of(spec: TaskSpec) -> JobOptions:
    """The options that ``template_of`` made an order from; no schedule is among them."""
    terms = terms_of(spec.meta)
    return JobOptions(
        handler=None if spec.name == NO_HANDLER else spec.name,
        priority=spec.priority,
        retry_policy=terms.retry_policy,
        queue=spec.queue,
        max_retries=terms.max_retries,
        retry_delay=terms.retry_delay,
        timeout=spec.timeout,
        concurrency_key=spec.concurrency_key,
        concurrency_limit=spec.concurrency_limit,
    )


def specs_of(payloads: Sequence[object], options: JobOptions, *, now: datetime) -> list[TaskSpec]:
    """The orders for jobs that differ in their payloads alone.

    Raises:
        InvalidInput: a payload is not allowed; the message says which one.
    """
    template, specs = template_of(options, now=now), list[TaskSpec]()
    order = partial(TaskSpec, **_set_in(template))
    try:
        for payload in payloads:  # this runs for every job, so nothing is asked twice
            specs.append(order(payload=to_text(payload)))
    except InvalidInput as error:
        if len(payloads) == 1:
            raise
        raise _one_of_many(error, len(specs) + 1, len(payloads)) from error
    return specs


def _set_in(spec: TaskSpec) -> dict[str, Any]:
    """The fields that are not as they are by default: what need not be passed takes no time."""
    values = ((field, getattr(spec, field.name)) for field in fields(spec))
    return {field.name: value for field, value in values if value != field.default}


@contextmanager
def numbered(number: int, among: int) -> Iterator[None]:
    """Say which one of many jobs was refused, and what became of the others."""
    try:
        yield
    except InvalidInput as error:
        if among == 1:
            raise
        raise _one_of_many(error, number, among) from error


def _one_of_many(error: InvalidInput, number: int, among: int) -> InvalidInput:
    return InvalidInput(f"job {number} of {among}: {error}; nothing was stored")


def _slots_of(options: JobOptions) -> tuple[str | None, int]:
    """The key under which the job shares slots, and how many there are."""
    handlers = get_handler_options(options.handler).concurrency
    if options.concurrency_key is None and handlers is not None:
        return f"handler:{options.handler}", handlers
    return options.concurrency_key, options.concurrency_limit


def _schedule_of(every: Every | None) -> ScheduleId | None:
    return None if every is None else PERIODIC


def _check_name(handler: object) -> None:
    if not (handler is None or isinstance(handler, str)) or handler == NO_HANDLER:
        raise InvalidInput(f"handler must be a name other than {NO_HANDLER!r}, or None, got {handler!r:.80}")


def _check_keys(options: JobOptions) -> None:
    key, unique = options.idempotency_key, options.unique_key
    if key is not None and unique is not None:
        raise InvalidInput("idempotency_key and unique_key are two answers to one question; leave one of them out")
    if isinstance(key, str) and key.startswith(UNIQUE):
        raise InvalidInput(
            f"an idempotency_key must not begin with {UNIQUE!r}; pass unique_key instead, got {key!r:.80}"
        )
    if unique is not None:
        check_name("unique_key", unique, LONGEST_KEY)
    if options.queue == WAITING:
        raise InvalidInput(f"the queue {WAITING!r} is where jobs wait for others; choose another name")
    if options.on_dependency_failure not in ON_FAILURE:
        raise InvalidInput(
            f"on_dependency_failure must be one of {', '.join(ON_FAILURE)}, got {options.on_dependency_failure!r:.80}"
        )


def _checked_ids(given: object) -> tuple[int, ...]:
    ids = tuple(dict.fromkeys(given)) if isinstance(given, (list, tuple)) else (None,)
    if len(ids) > MOST_DEPENDENCIES or not all(type(each) is int and each > 0 for each in ids):
        raise InvalidInput(f"depends_on must be a list of up to {MOST_DEPENDENCIES} ids of jobs, got {given!r:.80}")
    return ids


def _check_terms(options: JobOptions) -> None:
    priority, policy, most, wait = options.priority, options.retry_policy, options.max_retries, options.retry_delay
    if type(priority) is not int:
        raise InvalidInput(f"priority must be an integer, higher first, got {priority!r:.80}")
    if policy not in RETRY_POLICIES:
        raise InvalidInput(f"retry_policy must be one of {', '.join(RETRY_POLICIES)}, got {policy!r:.80}")
    if most is not None and (type(most) is not int or not 0 <= most <= MOST_RETRIES):
        raise InvalidInput(f"max_retries must be a whole number from 0 to {MOST_RETRIES:,}, got {most!r:.80}")
    if wait is not None and (type(wait) not in (int, float) or not 0 <= wait <= LONGEST_DELAY):
        raise InvalidInput(f"retry_delay must be from 0 to {LONGEST_DELAY:,} seconds, got {wait!r:.80}")


def _check_times(options: JobOptions) -> None:
    at, interval, timeout = options.scheduled_for, options.interval_seconds, options.timeout
    _check_instant("scheduled_for", at)
    _check_instant("expires_at", options.expires_at)
    if not (timeout is None or isinstance(timeout, timedelta)):
        raise InvalidInput(f"timeout must be a timedelta, got {timeout!r:.80}")
    if interval is not None and (type(interval) is not int or not 1 <= interval <= MAX_INTERVAL):
        raise InvalidInput(f"interval_seconds must be a whole number from 1 to {MAX_INTERVAL}, got {interval!r:.80}")


def _check_instant(field: str, at: object) -> None:
    if at is None:
        return
    if not isinstance(at, datetime):
        raise InvalidInput(f"{field} must be a datetime with a time zone, got {at!r:.80}")
    aware(at, field)


_PLAIN = JobOptions()
