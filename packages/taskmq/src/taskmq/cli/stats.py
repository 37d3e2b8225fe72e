"""stats: what happened to jobs in the last hours, as all workers together counted it."""

from collections.abc import Sequence
from datetime import timedelta

import click
from taskcore.models import HOUR, MINUTE
from taskcore.ports import StatisticsStore, TaskStore
from taskcore.statistics import WORDS, Step, floor, quantile, span_for, steps, success_rate

from taskmq.bridge import bridge
from taskmq.cli.completing import HANDLER, QUEUE_NAME
from taskmq.cli.output import Column, Document, Output, output_options
from taskmq.cli.params import duration
from taskmq.cli.session import backend
from taskmq.cli.text import precise, timestamp
from taskmq.errors import NotSupported
from taskmq.storage.store_backend import StoreBackend

STEPS = {"minute": MINUTE, "hour": HOUR, "day": 24 * HOUR}
LONGEST = timedelta(days=30)

COLUMNS = (
    Column("at", "From (UTC)", lambda document: document["at"][:16].replace("T", " ")),
    *(Column(word, word.capitalize()) for word in ("succeeded", "failed", "retried", "cancelled", "lost")),
    Column("success_rate", "Success", lambda document: _percent(document["success_rate"])),
    Column("run_p50_ms", "Run p50", lambda document: _span(document["run_p50_ms"])),
    Column("run_p95_ms", "Run p95", lambda document: _span(document["run_p95_ms"])),
    Column("wait_p95_ms", "Wait p95", lambda document: _span(document["wait_p95_ms"])),
)


@click.command("stats")
@click.option(
    "--last", type=duration, default="1h", show_default=True, metavar="6h", help="Of this time, up to 30 days."
)
@click.option("--by", type=click.Choice(list(STEPS)), default="hour", show_default=True, help="A line for each.")
@click.option("--queue", type=QUEUE_NAME, metavar="NAME", help="Only jobs of this queue.")
@click.option("--handler", type=HANDLER, metavar="NAME", help="Only jobs with this handler.")
@output_options
def stats(last: timedelta, by: str, queue: str | None, handler: str | None, output: Output) -> None:
    """Show how many jobs succeeded and failed, and how long they ran and waited.

    Workers add to it every few seconds. Times are in UTC, and durations estimates.
    """
    if not timedelta(0) < last <= LONGEST:
        raise click.BadParameter(f"expected more than nothing and at most {LONGEST.days}d", param_hint="--last")
    opened = backend()
    if not isinstance(opened, StoreBackend) or not isinstance(opened.store, StatisticsStore):
        raise NotSupported(f"{type(opened).__name__} keeps no statistics")
    found = bridge.run(_steps(opened.store, opened.store, last, STEPS[by], queue, handler))
    output.many([_document(step) for step in found], COLUMNS)


async def _steps(
    store: TaskStore, counted: StatisticsStore, last: timedelta, step: timedelta, queue: str | None, handler: str | None
) -> Sequence[Step]:
    now = await store.now()
    since = now - last
    counts = await counted.timed_counts(span_for(step), floor(since, step), now, queue=queue, name=handler)
    return steps(counts, since, now, step)


def _document(step: Step) -> Document:
    rate = success_rate(step.counts)
    return {
        "at": timestamp(step.at),
        **{word: step.counts.get(word, 0) for word in WORDS},
        "success_rate": None if rate is None else round(rate, 4),
        **{f"run_p{part}_ms": _milliseconds(step.runs, part) for part in (50, 95, 99)},
        **{f"wait_p{part}_ms": _milliseconds(step.waits, part) for part in (50, 95, 99)},
    }


def _milliseconds(cumulative: Sequence[int], part: int) -> int | None:
    seconds = quantile(cumulative, part / 100)
    return None if seconds is None else round(seconds * 1000)


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"


def _span(ms: int | None) -> str:
    return "" if ms is None else precise(ms)
