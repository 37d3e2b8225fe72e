"""How a job is to be run, as options: the same ones wherever jobs are made."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from taskmq.cli.completing import HANDLER, QUEUE_NAME, JobId, Whole
from taskmq.cli.params import duration, instant
from taskmq.options import JobOptions
from taskmq.vocabulary import ON_FAILURE, QUEUE, RETRY_POLICIES

R = TypeVar("R")

TEN_YEARS = 3652 * 86_400

_OF_ANY = {
    "handler": click.option("--handler", type=HANDLER, metavar="NAME", help="Which handler runs it."),
    "queue": click.option(
        "--queue",
        type=QUEUE_NAME,
        metavar="NAME",
        default=QUEUE,
        show_default=True,
        help="Whose workers run it.",
    ),
    "priority": click.option("--priority", type=int, default=0, show_default=True, help="Higher first."),
    "retry_policy": click.option(
        "--retry-policy", type=click.Choice(RETRY_POLICIES), default="exponential", show_default=True
    ),
    "max_retries": click.option(
        "--max-retries", type=int, metavar="N", help="Attempts in all.  [default: the worker's]"
    ),
    "retry_delay": click.option(
        "--retry-delay", type=duration, metavar="5s", help="The first wait.  [default: the worker's]"
    ),
    "time_limit": click.option("--time-limit", type=duration, metavar="5m", help="Stop an attempt that takes longer."),
    "concurrency_key": click.option("--concurrency-key", metavar="KEY", help="Not while others with this key run ..."),
    "concurrency_limit": click.option(
        "--concurrency-limit", type=int, metavar="N", default=1, show_default=True, help="... so many."
    ),
}
_OF_ONE = {
    "scheduled_for": click.option("--scheduled-for", type=instant, metavar="ISO|+10m", help="Not before this instant."),
    "expires_at": click.option(
        "--expires-at", type=instant, metavar="ISO|+1h", help="Never, if it has not begun by then."
    ),
    "interval_seconds": click.option(
        "--interval-seconds", type=Whole(1, TEN_YEARS), metavar="N", help="Again and again, so far apart."
    ),
    "depends_on": click.option(
        "--depends-on",
        type=JobId(),
        multiple=True,
        metavar="ID",
        help="Not before this job has succeeded; may be given again.",
    ),
    "on_dependency_failure": click.option(
        "--on-dependency-failure",
        type=click.Choice(ON_FAILURE),
        default="cancel",
        show_default=True,
        help="What to do if it does not.",
    ),
    "unique_key": click.option(
        "--unique-key", metavar="KEY", help="Not, while a job with this key is pending or running."
    ),
    "idempotency_key": click.option("--idempotency-key", metavar="KEY", help="Not, while a job with this key is kept."),
}


def job_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add all of them to a command, which receives them as ``terms``, a ``JobOptions``."""
    return _gathering(command, {**_OF_ANY, **_OF_ONE})


def repeated_job_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add those that make sense for a job that is made again and again."""
    return _gathering(command, _OF_ANY)


def _gathering(command: Callable[..., R], options: dict[str, Any]) -> Callable[..., R]:
    @functools.wraps(command)
    def gathered(*args: object, **given: Any) -> R:
        named = {name: given.pop(name) for name in options}
        delay, limit = named.pop("retry_delay"), named.pop("time_limit")
        terms = JobOptions(retry_delay=None if delay is None else delay.total_seconds(), timeout=limit, **named)
        return command(*args, terms=terms, **given)

    for option in reversed(options.values()):
        gathered = option(gathered)
    return gathered
