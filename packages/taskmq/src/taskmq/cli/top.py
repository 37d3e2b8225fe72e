"""top: queues and workers on a terminal, as they change."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import click
from taskcore.errors import StoreError

from taskmq.cli.failures import bad_input
from taskmq.cli.output import Column, Document, on_terminal
from taskmq.cli.params import duration
from taskmq.cli.queues import COLUMNS as OF_QUEUES
from taskmq.cli.queues import queue_document
from taskmq.cli.session import backend
from taskmq.cli.text import visible
from taskmq.cli.workers import COLUMNS as OF_WORKERS
from taskmq.cli.workers import worker_document
from taskmq.queues import Queue, Queues
from taskmq.storage.base import QueueBackend
from taskmq.workers import WorkerSeen, workers_of

UNABLE = ("dumb", "unknown")
"""Terminals on which nothing can be drawn at a place of its own."""
SHORTEST = timedelta(milliseconds=100)
OVER = ("success", "dead", "cancelled")
COLUMNS = (*OF_QUEUES, Column("rate", "Done/s", lambda document: f"{document['rate']:.1f}"))


@dataclass(frozen=True, slots=True)
class Look:
    """What there was at one moment; with a problem, what there was before it."""

    at: float
    queues: Sequence[Queue] = ()
    workers: Sequence[WorkerSeen] = ()
    problem: str = ""


@click.command("top")
@click.option("--every", type=duration, default="1s", show_default=True, help="How often to look.")
def top(every: timedelta) -> None:
    """Show queues and workers as they change, until q or Ctrl+C is pressed."""
    if not on_terminal() or os.environ.get("TERM", "").lower() in UNABLE:
        raise bad_input("top needs a terminal to draw on", hint="for a script there is: taskmq status --json")
    if every < SHORTEST:
        raise click.BadParameter("expected 100ms or longer", param_hint="--every")
    from taskmq.cli.screen import Screen

    opened = backend()
    before = _look(opened)
    with suppress(KeyboardInterrupt), Screen() as screen:
        for now in _looks(opened, before):
            title = f"{time.strftime('%H:%M:%S')}   {visible(now.problem) or screen.way_out}"
            tables = [(COLUMNS, _documents(before, now)), (OF_WORKERS, _workers(now))]
            screen.show(title, tables)
            if screen.key(within=every.total_seconds()) == "q":
                return
            before = now


def _looks(opened: QueueBackend, last: Look) -> Iterator[Look]:
    yield last
    while True:
        try:
            last = _look(opened)
        except StoreError as error:
            last = replace(last, problem=str(error))
        yield last


def _look(opened: QueueBackend) -> Look:
    return Look(time.monotonic(), Queues(opened).all(), workers_of(opened))


def _documents(before: Look, now: Look) -> list[Document]:
    ended = {queue.name: _over(queue) for queue in before.queues}
    passed = max(now.at - before.at, SHORTEST.total_seconds())
    return [
        {**queue_document(queue), "rate": max(0, _over(queue) - ended.get(queue.name, 0)) / passed}
        for queue in now.queues
    ]


def _over(queue: Queue) -> int:
    return sum(queue.counts.get(word, 0) for word in OVER)


def _workers(now: Look) -> list[Document]:
    return [worker_document(worker) for worker in now.workers]
