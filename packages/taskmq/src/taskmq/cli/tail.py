"""tail: what happens to jobs, as it happens."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click
from taskcore.ports import Changes

from taskmq.bridge import bridge
from taskmq.cli.completing import HANDLER
from taskmq.cli.documents import entry_document
from taskmq.cli.params import JOB_ID, past
from taskmq.cli.reading import log_line
from taskmq.cli.session import backend
from taskmq.cli.text import as_json
from taskmq.service import Entry, Service
from taskmq.storage.base import JobStatus, QueueBackend
from taskmq.storage.store_backend import StoreBackend

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

    Ends with Ctrl+C, or with --job when that is over.
    """
    levels = {"INFO": (), "WARNING": ("INFO", "DEBUG"), "ERROR": ("INFO", "DEBUG", "WARNING")}[level]
    for entry in _entries(backend(), job_id, handler, since or datetime.now(UTC)):
        if entry.level not in levels:
            click.echo(as_json(entry_document(entry)) if jsonl else log_line(entry))


def _entries(queue: QueueBackend, job_id: int | None, handler: str | None, since: datetime) -> Iterator[Entry]:
    """Lines from ``since`` on, each once, without end unless it is of one job."""
    found, shown = Service(queue), set[Entry]()
    for _ in _changes(queue):
        over = job_id is not None and found.get(job_id).status in (JobStatus.SUCCESS, JobStatus.FAILED)
        entries = [
            entry
            for entry in found.logs(job_id=job_id, handler=handler, limit=NEWEST)
            if datetime.fromisoformat(entry.at) >= since
        ]
        yield from (entry for entry in entries if entry not in shown)
        shown = set(entries)
        since = max(since, _latest(entries, since) - LATE)
        if over:
            return


def _latest(entries: list[Entry], otherwise: datetime) -> datetime:
    return max((datetime.fromisoformat(entry.at) for entry in entries), default=otherwise)


def _changes(queue: QueueBackend) -> Iterator[None]:
    """Once, and again whenever something may have changed."""
    before = None
    while True:
        now = _revision(queue)
        if now is None or now != before:
            yield
        before = now
        time.sleep(POLL)


def _revision(queue: QueueBackend) -> str | None:
    if isinstance(queue, StoreBackend) and isinstance(queue.store, Changes):
        return bridge.run(queue.store.revision())
    return None
