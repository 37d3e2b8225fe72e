"""Which jobs a command is about: the same options wherever it may be about many."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import click

from taskmq.cli.completing import HANDLER, QUEUE_NAME
from taskmq.cli.params import past
from taskmq.filters import JobFilter
from taskmq.service import Service
from taskmq.storage.base import Job
from taskmq.vocabulary import PHASES, STATES

R = TypeVar("R")
PAGE = 500

_OPTIONS = (
    click.option(
        "--state",
        type=click.Choice(list(dict.fromkeys((*STATES, *PHASES)))),
        help="Only jobs in this state; failed is dead or cancelled.",
    ),
    click.option("--handler", type=HANDLER, metavar="NAME", help="Only jobs with this handler."),
    click.option("--queue", type=QUEUE_NAME, metavar="NAME", help="Only jobs of this queue."),
    click.option(
        "--since", type=past, metavar="2h|ISO", help="Only jobs stored in this time, or from this instant on."
    ),
    click.option("--before", type=past, metavar="1d|ISO", help="Only jobs stored longer ago, or before this instant."),
    click.option("--payload", metavar="TEXT", help="Only jobs with this text in their payload."),
    click.option("--error", metavar="TEXT", help="Only jobs with this text in their last error."),
)
_NAMES = {
    "state": "state",
    "handler": "handler",
    "queue": "queue",
    "since": "created_from",
    "before": "created_before",
    "payload": "text",
    "error": "error",
}
"""Each option, and the condition that it is."""


def filter_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options of this module to a command, which receives them as ``wanted``, a ``JobFilter``."""

    @functools.wraps(command)
    def gathered(*args: object, **options: Any) -> R:
        return command(
            *args, wanted=JobFilter(**{condition: options.pop(name) for name, condition in _NAMES.items()}), **options
        )

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def narrows(wanted: JobFilter) -> bool:
    """Whether it leaves any job out."""
    return any(getattr(wanted, condition) for condition in _NAMES.values())


def words_of(wanted: JobFilter) -> list[str]:
    """The options that say the same."""
    words: list[str] = []
    for name, condition in _NAMES.items():
        value = getattr(wanted, condition)
        if value is not None:
            words += [f"--{name}", value.isoformat() if isinstance(value, datetime) else str(value)]
    return words


def all_jobs(queue: Service, wanted: JobFilter) -> Iterator[Job]:
    """All jobs that it lets through, oldest first."""
    page = queue.list(replace(wanted, limit=PAGE, oldest_first=True))
    yield from page.items
    while page.next_cursor is not None:
        page = queue.list(replace(wanted, limit=PAGE, oldest_first=True, cursor=page.next_cursor))
        yield from page.items
