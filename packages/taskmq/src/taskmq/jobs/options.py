"""What a handler is registered with beside its name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Self, get_args

from taskcore.errors import InvalidInput
from taskcore.models.task import MAX_LIMIT
from taskcore.ratelimit import Rate
from taskcore.retry import RetryPolicy

MOST_RETRIES = 1_000

Isolation = Literal["thread", "process"]
Errors = tuple[type[BaseException], ...]
Seconds = float | timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """How the jobs of a handler are run. What a job brings of its own goes before.

    Attributes:
        timeout: limit of one attempt.
        isolation: "process" runs it in a child process, which can be killed.
        max_retries: attempts in all; None leaves it to the worker.
        jitter: the share of a wait before a retry that is left to chance.
        retry_on, give_up_on: which errors are worth another attempt, and which are not all the same.
        concurrency: at most so many of its jobs run at the same time, in all workers together.
        rate_limit: at most so many of them begin in any such span, in all workers together.
        result_ttl: jobs that succeeded are removed so long after; None leaves it to the worker.
    """

    timeout: timedelta | None = None
    isolation: Isolation = "thread"
    max_retries: int | None = None
    jitter: float = 0.0
    retry_on: Errors = (BaseException,)  # sys.exit() in a handler is its failure like any other
    give_up_on: Errors = ()
    concurrency: int | None = None
    rate_limit: Rate | None = None
    result_ttl: timedelta | None = None

    @property
    def is_limited(self) -> bool:
        """Whether its jobs may have to wait for each other."""
        return self.concurrency is not None or self.rate_limit is not None

    @classmethod
    def checked(
        cls,
        *,
        timeout: Seconds | None,
        isolation: str,
        max_retries: int | None,
        jitter: float,
        retry_on: Errors,
        give_up_on: Errors,
        concurrency: int | None,
        rate_limit: str | Rate | None,
        result_ttl: Seconds | None,
    ) -> Self:
        """From what a person writes: spans in seconds, a rate as text.

        Raises:
            InvalidInput: a value is not allowed; the message says which ones are.
        """
        if isolation not in get_args(Isolation):
            raise InvalidInput(f"isolation must be {' or '.join(get_args(Isolation))}, got {isolation!r:.80}")
        _check_whole("max_retries", max_retries, 0, MOST_RETRIES)
        _check_whole("concurrency", concurrency, 1, MAX_LIMIT)
        RetryPolicy(jitter=jitter, retry_on=retry_on, give_up_on=give_up_on)
        return cls(
            timeout=span_of("timeout", timeout),
            isolation="process" if isolation == "process" else "thread",
            max_retries=max_retries,
            jitter=jitter,
            retry_on=retry_on,
            give_up_on=give_up_on,
            concurrency=concurrency,
            rate_limit=rate_of(rate_limit),
            result_ttl=span_of("result_ttl", result_ttl),
        )


def check_importable(name: object, function: Callable[..., Any]) -> None:
    """Refuse a function that a child process could never find.

    Raises:
        InvalidInput: it is a lambda, or made inside of another function.
    """
    qualified = getattr(function, "__qualname__", "")
    if "<" in qualified:
        raise InvalidInput(
            f"handler {name!r:.80} is to run in a process of its own, which imports it by its name; "
            f"define it at the top level of a module, got {qualified}"
        )


def span_of(field: str, value: Seconds | None) -> timedelta | None:
    """A span of time that is given in seconds, or as it is.

    Raises:
        InvalidInput: it is none, or not longer than nothing.
    """
    if value is None:
        return None
    try:
        span = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (TypeError, ValueError, OverflowError):
        span = timedelta(0)
    if span <= timedelta(0):
        raise InvalidInput(f"{field} must be a number of seconds above 0, or a timedelta, got {value!r:.80}")
    return span


def rate_of(value: str | Rate | None) -> Rate | None:
    """A rate, which may be given as text such as "10/m".

    Raises:
        InvalidInput: it is none.
    """
    return value if value is None or isinstance(value, Rate) else Rate.parse(value)


def _check_whole(field: str, value: object, least: int, most: int) -> None:
    if value is not None and (type(value) is not int or not least <= value <= most):
        raise InvalidInput(f"{field} must be a whole number from {least} to {most:,}, got {value!r:.80}")
