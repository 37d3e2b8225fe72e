"""Counts by minute and hour, as ``taskcore.ports.statistics`` tells it."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from taskcore.adapters.postgres.database import Runner
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.sql.rows import LATEST, from_micros, micros
from taskcore.clock import to_micros
from taskcore.models import TimedCount

# Rows come in the order of their key and are locked in it, so no two processes that add wait for each other.
_ADD = """
INSERT INTO {p}_statistics AS s (span, at, queue, name, what, count)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])
ON CONFLICT (span, at, queue, name, what) DO UPDATE SET count = s.count + excluded.count"""

_READ = """
SELECT at, queue, name, what, count FROM {p}_statistics
WHERE span = $1 AND at >= $2 AND at < $3
    AND ($4::text IS NULL OR queue = $4) AND ($5::text IS NULL OR name = $5)
ORDER BY at, queue, name, what"""

_PRUNE = f"""
WITH {CLOCK}, gone AS (
    DELETE FROM {{p}}_statistics WHERE span = $2 AND at < (SELECT now FROM clock) - $3::bigint RETURNING 1)
SELECT count(*) FROM gone"""


async def add(runner: Runner, counts: Sequence[TimedCount]) -> None:
    sums = defaultdict[tuple[int, int, str, str, str], int](int)
    for each in counts:
        sums[micros(each.span), to_micros(each.at), each.queue, each.name, each.what] += each.count
    if sums:
        rows = [(*key, count) for key, count in sorted(sums.items())]
        await runner.fetch(_ADD, *(list(column) for column in zip(*rows, strict=True)))


async def read(
    runner: Runner, span: timedelta, since: datetime, until: datetime, queue: str | None, name: str | None
) -> list[TimedCount]:
    rows = await runner.fetch(_READ, micros(span), to_micros(since), to_micros(until), queue, name)
    return [
        TimedCount(at=from_micros(at), span=span, queue=queue_, name=name_, what=what, count=count)
        for at, queue_, name_, what, count in rows
    ]


async def prune(runner: Runner, span: timedelta, older_than: timedelta) -> int:
    ((count,),) = await runner.fetch(_PRUNE, runner.now, micros(span), min(micros(older_than), LATEST))
    return int(count)
