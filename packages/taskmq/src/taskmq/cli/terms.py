"""How a job is to be run, as options: the same ones wherever jobs are made."""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from taskmq.cli.params import duration, instant
from taskmq.options import JobOptions
from taskmq.vocabulary import QUEUE, RETRY_POLICIES

R = TypeVar("R")

TEN_YEARS = 3652 * 86_400

_OPTIONS = (
    click.option("--handler", metavar="NAME", help="Which handler runs it."),
    click.option("--queue", metavar="NAME", default=QUEUE, show_default=True, help="Workers of this queue run it."),
    click.option("--priority", type=int, default=0, show_default=True, help="Higher first."),
    click.option("--retry-policy", type=click.Choice(RETRY_POLICIES), default="exponential", show_default=True),
    click.option("--max-retries", type=int, metavar="N", help="Attempts in all.  [default: the worker's]"),
    click.option("--retry-delay", type=duration, metavar="5s", help="The first wait.  [default: the worker's]"),
    click.option("--time-limit", type=duration, metavar="5m", help="Stop an attempt that takes longer."),
    click.option("--scheduled-for", type=instant, metavar="ISO|+10m", help="Not before this instant."),
    click.option("--expires-at", type=instant, metavar="ISO|+1h", help="Never, if it has not begun by then."),
    click.option(
        "--interval-seconds", type=click.IntRange(1, TEN_YEARS), metavar="N", help="Again and again, so far apart."
    ),
    click.option("--idempotency-key", metavar="KEY", help="Not, while a job with this key is kept."),
    click.option("--concurrency-key", metavar="KEY", help="Not while others with this key run ..."),
    click.option("--concurrency-limit", type=int, metavar="N", default=1, show_default=True, help="... so many."),
)


def job_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options of this module to a command, which receives them as ``terms``, a ``JobOptions``."""

    @functools.wraps(command)
    def gathered(
        *args: object,
        retry_delay: timedelta | None,
        time_limit: timedelta | None,
        **options: Any,
    ) -> R:
        named = {name: options.pop(name) for name in _NAMES}
        terms = JobOptions(
            retry_delay=None if retry_delay is None else retry_delay.total_seconds(), timeout=time_limit, **named
        )
        return command(*args, terms=terms, **options)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


_NAMES = (
    "handler",
    "queue",
    "priority",
    "retry_policy",
    "max_retries",
    "scheduled_for",
    "expires_at",
    "interval_seconds",
    "idempotency_key",
    "concurrency_key",
    "concurrency_limit",
)
