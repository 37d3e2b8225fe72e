"""Commands about queues as a whole: queues list, pause, resume, limit."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import click

from taskmq.cli.completing import QUEUE_NAME
from taskmq.cli.output import Column, Document, Output, output_options
from taskmq.cli.params import slots
from taskmq.cli.session import backend
from taskmq.cli.text import ago, timestamp, visible
from taskmq.queues import Queue, Queues
from taskmq.schedules import Schedules

WAITING = ("pending", "scheduled", "retrying")

COLUMNS = (
    Column("name", "Queue"),
    Column("state", "State", lambda document: "⏸ paused" if document["paused"] else "▶ open"),
    *(Column(word, word.capitalize()) for word in (*WAITING, "running", "dead")),
    Column("limit", "Limit"),
    Column("workers", "Workers"),
    Column("oldest_due", "Oldest", lambda document: _since(document["oldest_due"])),
)


@click.group("queues")
def queues() -> None:
    """List queues, and hold them back."""


@queues.command("list")
@output_options
def list_queues(output: Output) -> None:
    """List the queues that jobs, workers or limits name, by name."""
    output.many([queue_document(queue) for queue in Queues(backend()).all()], COLUMNS)


@queues.command("pause")
@click.argument("names", type=QUEUE_NAME, metavar="NAME...", nargs=-1, required=True)
@output_options
def pause_queues(names: tuple[str, ...], output: Output) -> None:
    """Hand out no jobs of these queues; what runs goes on."""
    opened = backend()
    changed = _change(names, Queues(opened).pause, "paused", output)
    if unknown := [queue for queue in changed if not (queue.counts or queue.workers)]:
        scheduled = {schedule.order.options.queue for schedule in Schedules(opened).list()}
        for queue in unknown:
            if queue.name not in scheduled:
                click.echo(f"Queue {visible(queue.name)} has no jobs yet, nor a worker or a schedule.", err=True)


@queues.command("resume")
@click.argument("names", type=QUEUE_NAME, metavar="NAME...", nargs=-1, required=True)
@output_options
def resume_queues(names: tuple[str, ...], output: Output) -> None:
    """Hand out their jobs again."""
    found = Queues(backend())
    _change(names, found.resume, "resumed", output)


@queues.command("limit")
@click.argument("name", type=QUEUE_NAME)
@click.argument("most", type=slots, metavar="N|none")
@output_options
def limit_queue(name: str, most: int | None, output: Output) -> None:
    """Let at most N jobs of a queue run at a time, on all workers together; none lifts the limit."""
    told = "has no limit" if most is None else f"limited to {most}"
    _change([name], lambda queue: Queues(backend()).limit(queue, most), told, output)


def queue_document(queue: Queue) -> Document:
    """Everything about a queue."""
    return {
        "name": queue.name,
        "state": "paused" if queue.paused else "open",
        "paused": queue.paused,
        **{word: queue.counts.get(word, 0) for word in (*WAITING, "running", "success", "dead", "cancelled")},
        "limit": queue.limit,
        "workers": queue.workers,
        "oldest_due": timestamp(queue.oldest_due),
    }


def _change(names: Iterable[str], change: Callable[[str], Queue], told: str, output: Output) -> Sequence[Queue]:
    changed = [change(name) for name in dict.fromkeys(names)]
    if output.chosen:
        output.many([queue_document(queue) for queue in changed], COLUMNS)
    else:
        click.echo("\n".join(f"Queue {visible(queue.name)} {told}." for queue in changed))
    return changed


def _since(oldest: str | None) -> str:
    return "" if oldest is None else ago(datetime.fromisoformat(oldest), datetime.now(UTC))
