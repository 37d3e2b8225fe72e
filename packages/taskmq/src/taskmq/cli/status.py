"""status: how the queue is at one glance, and whether that is good enough for a health check."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import click

from taskmq.cli.completing import Whole
from taskmq.cli.failures import ExitCode
from taskmq.cli.output import Column, Document, Output, output_options
from taskmq.cli.params import duration
from taskmq.cli.queues import WAITING, queue_document
from taskmq.cli.session import backend
from taskmq.cli.text import counted, milliseconds, precise, visible
from taskmq.queues import Queue, Queues

COLUMNS = (
    Column("ok", "OK", lambda document: "✓" if document["ok"] else "✕"),
    *(Column(word, word.capitalize()) for word in (*WAITING, "running", "dead", "workers")),
    Column("oldest_ms", "Oldest", lambda document: _span(document["oldest_ms"])),
    Column("problems", only_piped=True),
)


@click.command("status")
@click.option("--queue", "names", multiple=True, metavar="NAME", help="Only this queue; may be given again.")
@click.option("--check", is_flag=True, help="Exit 1 if there is a problem, as health checks want it.")
@click.option("--max-wait", type=duration, metavar="5m", help="A due job that waits for longer is a problem.")
@click.option("--max-pending", type=Whole(0), metavar="N", help="More jobs that wait are a problem.")
@click.option("--max-dead", type=Whole(0), metavar="N", help="More dead jobs are a problem.")
@output_options
def status(
    names: tuple[str, ...],
    check: bool,
    max_wait: timedelta | None,
    max_pending: int | None,
    max_dead: int | None,
    output: Output,
) -> ExitCode:
    """Show how the queue is.

    Jobs that are due and that no worker serves are always a problem.
    """
    chosen = [queue for queue in Queues(backend()).all() if not names or queue.name in names]
    document = _summed(chosen)
    problems = [*_unserved(chosen), *_beyond(document, max_wait, max_pending, max_dead)]
    if not output.is_document:
        for problem in problems:
            click.echo(f"Problem: {problem}.", err=True)
    output.one({"ok": not problems, **document, "problems": problems, "queues": _documents(chosen)}, COLUMNS)
    return ExitCode.REFUSED if check and problems else ExitCode.OK


def _summed(queues: Sequence[Queue]) -> Document:
    oldest = min((queue.oldest_due for queue in queues if queue.oldest_due), default=None)
    workers = [queue.workers for queue in queues if queue.workers is not None]
    return {
        **{
            word: sum(queue.counts.get(word, 0) for queue in queues)
            for word in (*WAITING, "running", "success", "dead")
        },
        "workers": max(workers, default=0) if workers else None,
        "oldest_ms": None if oldest is None else max(0, milliseconds(datetime.now(UTC) - oldest)),
    }


def _unserved(queues: Sequence[Queue]) -> Iterator[str]:
    for queue in queues:
        waiting = queue.counts.get("pending", 0)
        if waiting and queue.workers == 0 and not queue.paused:
            yield f"no worker serves queue {visible(queue.name)}, where {_due(waiting)}"


def _beyond(
    document: Document, max_wait: timedelta | None, max_pending: int | None, max_dead: int | None
) -> Iterator[str]:
    oldest = document["oldest_ms"] or 0
    if max_wait is not None and oldest > milliseconds(max_wait):
        yield f"a job has waited for {precise(oldest)}, more than {precise(milliseconds(max_wait))}"
    if max_pending is not None and document["pending"] > max_pending:
        yield f"{_due(document['pending'])}, more than {max_pending}"
    if max_dead is not None and document["dead"] > max_dead:
        yield f"{counted(document['dead'], 'dead job')}, more than {max_dead}"


def _due(number: int) -> str:
    return f"{counted(number, 'due job')} {'waits' if number == 1 else 'wait'}"


def _documents(queues: Sequence[Queue]) -> list[Document]:
    return [queue_document(queue) for queue in queues]


def _span(ms: int | None) -> str:
    return "" if ms is None else precise(ms)
