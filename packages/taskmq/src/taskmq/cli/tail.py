"""tail: what happens to jobs, as it happens."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import click
from taskcore.errors import StoreError
from taskcore.ports import Changes

from taskmq.bridge import bridge
from taskmq.cli.completing import HANDLER
from taskmq.cli.documents import entry_document
from taskmq.cli.params import JOB_ID, past
from taskmq.cli.reading import log_line
from taskmq.cli.session import backend
from taskmq.cli.text import as_json, visible
from taskmq.service import Entry, Service
from taskmq.storage.base import JobStatus, QueueBackend
from taskmq.storage.store_backend import StoreBackend

T = TypeVar("T")

POLL = 0.5
"""Seconds between two looks."""
NEWEST = 1_000
"""Lines, and jobs, that one look reads."""
LATE = timedelta(seconds=10)
"""A line may be seen so long after its time: clocks differ, and workers gather lines."""


@click.command("tail")
@click.option("--job", "job_id", type=JOB_ID, metavar="ID", help="Only this job, until it is over.")
@click.option("--handler", type=HANDLER, metavar="NAME", help="Only jobs with this handler.")
@click.option("--level", type=click.Choice(["INFO", "WARNING", "ERROR"]), default="INFO", show_default=True)
@click.option("--since", type=past, metavar="5m|ISO", help="Begin with what happened in this time.  [default: now]")
@click.option("--jsonl", is_flag=True, help="Print one JSON document a line.")
def tail(job_id: int | None, handler: str | None, level: str, since: datetime | None, jsonl: bool) -> None:
    """Print what happens to the newest thousand jobs, as it happens.

    Ends with Ctrl+C, or with --job when that is over. A queue that cannot be reached for a while is waited for.
    """
    levels = {"INFO": (), "WARNING": ("INFO", "DEBUG"), "ERROR": ("INFO", "DEBUG", "WARNING")}[level]
    for entry in _entries(backend(), job_id, handler, since or datetime.now(UTC)):
        if entry.level not in levels:
            click.echo(as_json(entry_document(entry)) if jsonl else log_line(entry))


def _entries(queue: QueueBackend, job_id: int | None, handler: str | None, since: datetime) -> Iterator[Entry]:
    """Lines from ``since`` on, each once, without end unless it is of one job."""
    found, shown = Service(queue), set[Entry]()

    def look() -> tuple[bool, Sequence[Entry]]:
        over = job_id is not None and found.get(job_id).status in (JobStatus.SUCCESS, JobStatus.FAILED)
        return over, found.logs(job_id=job_id, handler=handler, limit=NEWEST)

    for over, lines in _looks(queue, look):
        entries = [entry for entry in lines if datetime.fromisoformat(entry.at) >= since]
        yield from (entry for entry in entries if entry not in shown)
        shown = set(entries)
        since = max(since, _latest(entries, since) - LATE)
        if over:
            return


def _latest(entries: list[Entry], otherwise: datetime) -> datetime:
    return max((datetime.fromisoformat(entry.at) for entry in entries), default=otherwise)


def _looks(queue: QueueBackend, look: Callable[[], T]) -> Iterator[T]:
    """What there is, and again whenever something may have changed. A store that goes away meanwhile is waited for."""
    before, is_away = _revision(queue), False
    yield look()
    while True:
        time.sleep(POLL)
        try:
            now = _revision(queue)
            seen = [look()] if now is None or now != before else []
        except StoreError as error:
            if not is_away:
                click.echo(f"{visible(str(error))}; waiting until it is back", err=True)
            is_away = True
            continue
        before, is_away = now, False
        yield from seen


def _revision(queue: QueueBackend) -> str | None:
    if isinstance(queue, StoreBackend) and isinstance(queue.store, Changes):
        return bridge.run(queue.store.revision())
    return None
