"""The functions that jobs name. The registry is looked at when a job runs, so a later registration counts."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from taskcore.ratelimit import Rate
from taskcore.retry import NoRetry, RetryLater

from taskmq.job import Job
from taskmq.jobs.options import Errors, HandlerOptions, Seconds, check_importable

__all__ = [
    "HANDLERS",
    "HANDLER_HASHES",
    "HANDLER_OPTIONS",
    "Job",
    "NoRetry",
    "RetryLater",
    "dummy_handler",
    "get_handler",
    "get_handler_hash",
    "get_handler_options",
    "register_handler",
]

Function = TypeVar("Function", bound=Callable[..., Any])

HANDLERS: dict[Hashable, Callable[..., Any]] = {}
"""Functions by name."""

HANDLER_HASHES: dict[Hashable, str | None] = {}
"""SHA-256 of each function's source in hexadecimal; None where the source cannot be read."""

HANDLER_OPTIONS: dict[Hashable, HandlerOptions] = {}
"""How they are run."""

_PLAIN = HandlerOptions()


def register_handler(
    name: Hashable,
    *,
    timeout: Seconds | None = None,
    isolation: str = "thread",
    max_retries: int | None = None,
    jitter: float = _PLAIN.jitter,
    retry_on: Errors = _PLAIN.retry_on,
    give_up_on: Errors = (),
    concurrency: int | None = None,
    rate_limit: str | Rate | None = None,
    result_ttl: Seconds | None = None,
) -> Callable[[Function], Function]:
    """Register a function, which is called with the ``Job``, plain or ``async def``; the last one of a name counts.

    Args:
        timeout: limit of one attempt, in seconds. A coroutine is cancelled then, a process stopped, a plain function
            asked: see ``Job.cancelled``.
        isolation: "process" runs each job in a child process, which can be killed; the function must be one that a
            module defines at its top level.
        max_retries: attempts in all.
        jitter: the share of each wait before a retry that is left to chance, from 0 to 1: jobs that failed together do
            not come back together.
        retry_on, give_up_on: exceptions that are worth another attempt, and those of them that are not.
        concurrency: at most so many jobs of this handler run at the same time, in all workers together. Jobs get it
            where they are put, so the process that puts them must have the handler registered, too.
        rate_limit: at most so many of them begin in any such span, in all workers together, as "10/m".
        result_ttl: seconds after which jobs that succeeded are removed.

    Raises:
        InvalidInput: one of these is out of its range.
    """
    options = HandlerOptions.checked(
        timeout=timeout,
        isolation=isolation,
        max_retries=max_retries,
        jitter=jitter,
        retry_on=retry_on,
        give_up_on=give_up_on,
        concurrency=concurrency,
        rate_limit=rate_limit,
        result_ttl=result_ttl,
    )

    def register(function: Function) -> Function:
        if options.isolation == "process":
            check_importable(name, function)
        HANDLERS[name] = function
        HANDLER_HASHES[name] = _source_hash(function)
        HANDLER_OPTIONS[name] = options
        return function

    return register


def get_handler(name: Hashable) -> Callable[..., Any] | None:
    """The function of this name, or None."""
    return HANDLERS.get(name)


def get_handler_hash(name: Hashable) -> str | None:
    """The hash of its source, or None."""
    return HANDLER_HASHES.get(name)


def get_handler_options(name: Hashable) -> HandlerOptions:
    """How it is run; also of a name that nobody registered."""
    return HANDLER_OPTIONS.get(name, _PLAIN)


def _source_hash(function: Callable[..., Any]) -> str | None:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return None
    return hashlib.sha256(source.encode()).hexdigest()


@register_handler("dummy")
def dummy_handler(job: Job) -> None:
    """Print one line; for trying things out."""
    sys.stdout.write(f"[DUMMY HANDLER] Executed for job {job.id} with payload: {job.payload}\n")
    sys.stdout.flush()
