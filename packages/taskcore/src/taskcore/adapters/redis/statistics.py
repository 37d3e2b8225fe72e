"""Counts by minute and hour, as ``taskcore.ports.statistics`` tells it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from taskcore.adapters.redis.records import load_micros, micros
from taskcore.adapters.redis.session import Session
from taskcore.clock import to_micros
from taskcore.models import TimedCount

_SLICE = 500
"""Spans that one script removes."""


async def add(session: Session, counts: Sequence[TimedCount]) -> None:
    sums = defaultdict[tuple[int, int, str], int](int)
    for each in counts:
        sums[micros(each.span), to_micros(each.at), f"{each.queue}\n{each.name}\n{each.what}"] += each.count
    if sums:
        await session.run_with("add_counts", rows=[(*key, count) for key, count in sums.items()])


async def read(
    session: Session, span: timedelta, since: datetime, until: datetime, queue: str | None, name: str | None
) -> list[TimedCount]:
    found: list[TimedCount] = []
    first, last = str(to_micros(since)), to_micros(until)
    while values := await session.run("timed_counts", micros(span), first, last):
        for at, fields in zip(values[::2], values[1::2], strict=True):
            found += _counts(span, load_micros(at), fields)
        first = f"({values[-2]}"
    return [each for each in found if queue in (None, each.queue) and name in (None, each.name)]


def _counts(span: timedelta, at: datetime, fields: Sequence[str]) -> list[TimedCount]:
    """The counts of one span, by queue, name and word."""
    counts = sorted((field.split("\n"), int(count)) for field, count in zip(fields[::2], fields[1::2], strict=True))
    return [
        TimedCount(at=at, span=span, queue=queue, name=name, what=what, count=count)
        for (queue, name, what), count in counts
    ]


async def prune(session: Session, span: timedelta, older_than: timedelta) -> int:
    removed, more = 0, True
    while more:
        counts, spans = await session.run("prune_counts", micros(span), micros(older_than), _SLICE)
        removed += counts
        more = spans == _SLICE
    return removed
