"""Counts by minute and hour, as ``taskcore.ports.statistics`` tells it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.mysql import insert

from taskcore.adapters.sql.rows import LATEST, from_micros, micros
from taskcore.adapters.sql.session import Session
from taskcore.clock import to_micros
from taskcore.models import TimedCount

_COLUMNS = ("span", "at", "queue", "name", "what", "count")


async def add(session: Session, counts: Sequence[TimedCount]) -> None:
    """Rows are locked in the order of their keys, so that two who add hardly ever wait for each other in a circle."""
    sums = Counter[tuple[int, int, str, str, str]]()
    for each in counts:
        sums[micros(each.span), to_micros(each.at), each.queue, each.name, each.what] += each.count
    if not sums:
        return
    rows = [dict(zip(_COLUMNS, (*key, number), strict=True)) for key, number in sorted(sums.items())]
    put = insert(session.schema.statistics).values(rows)
    await session.change(
        put.on_duplicate_key_update(count=session.schema.statistics.c["count"] + put.inserted["count"])
    )


async def read(
    session: Session, span: timedelta, since: datetime, until: datetime, queue: str | None, name: str | None
) -> list[TimedCount]:
    c = session.schema.statistics.c
    asked = select(c.at, c.queue, c.name, c.what, c["count"]).where(
        c.span == micros(span), c.at >= to_micros(since), c.at < to_micros(until)
    )
    for column, value in ((c.queue, queue), (c.name, name)):
        if value is not None:
            asked = asked.where(column == value)
    return [
        TimedCount(at=from_micros(at), span=span, queue=queue_, name=name_, what=what, count=count)
        for at, queue_, name_, what, count in await session.rows(asked.order_by(c.at, c.queue, c.name, c.what))
    ]


async def prune(session: Session, span: timedelta, older_than: timedelta) -> int:
    table, before = session.schema.statistics, await session.now() - min(micros(older_than), LATEST)
    return await session.change(delete(table).where(table.c.span == micros(span), table.c.at < before))
