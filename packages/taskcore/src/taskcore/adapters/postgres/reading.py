"""What ``TaskReader`` does; each function reads one state of the database with one statement."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import asyncpg

from taskcore.adapters.postgres.claiming import READY, open_queues
from taskcore.adapters.postgres.database import Database, Rows, Runner
from taskcore.adapters.postgres.searching import PATIENCE, search
from taskcore.adapters.postgres.statements import CLOCK, ENDED_BY, RECORDS
from taskcore.adapters.postgres.tasks import storable
from taskcore.adapters.sql.rows import Row, attempt_of, line_of, task_of
from taskcore.errors import StoreUnavailable
from taskcore.ids import TaskId
from taskcore.models import Attempt, LogLine, TaskQuery, TaskRecord

_GET = f"{RECORDS} WHERE t.id = $1"

# What a page asks for beside states, however it is found; by one process of the server.
_FREELY = """
SELECT set_config(name, value, true) FROM (VALUES
    ('statement_timeout', $1), ('plan_cache_mode', 'force_custom_plan'), ('enable_seqscan', 'on'),
    ('enable_bitmapscan', 'on'), ('max_parallel_workers_per_gather', '0')) AS setting (name, value)"""

# The kept attempts, and the one that the task's own row tells of, unless it was kept as well.
_ATTEMPTS = f"""
SELECT number, worker, started_at, finished_at, ended, result, error, version FROM {{p}}_attempts WHERE task = $1
UNION ALL
SELECT attempt, worker, started_at, finished_at, CASE state {ENDED_BY} END,
    CASE state WHEN 'succeeded' THEN result END,
    CASE state WHEN 'running' THEN NULL ELSE error END, CASE state WHEN 'running' THEN NULL ELSE version END
FROM {{p}}_tasks AS t
WHERE id = $1 AND worker IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM {{p}}_attempts AS a WHERE a.task = t.id AND a.number = t.attempt)
ORDER BY 1"""

_LINES = "SELECT l.task, l.attempt, l.at, l.level, l.message FROM {p}_logs AS l"
_NEWEST = "ORDER BY l.line DESC LIMIT $1"

_HAS_WORK = f"""
WITH {CLOCK}, {open_queues("$2", "1", "'{}'::integer[], '{}'::bigint[], '{}'::text[]")}
SELECT EXISTS (
        SELECT FROM open AS o CROSS JOIN LATERAL (SELECT t.id {READY} LIMIT o.room) AS c)
    OR EXISTS (
        SELECT FROM {{p}}_tasks AS t JOIN open AS o ON o.name = t.queue AND o.room > 0
        WHERE t.ready = 0 AND t.run_at <= (SELECT now FROM clock)),
    (SELECT min(run_at) FROM {{p}}_tasks WHERE ready = 0 AND run_at > (SELECT now FROM clock))
        - (SELECT now FROM clock)"""


# Not its upper end alone: of two transactions the one that began first may end last, and leaves that as it is.
_REVISION = "SELECT pg_current_snapshot()::text"


class Outlook(NamedTuple):
    """Whether a claim would hand out a task now, and in how many seconds one more may be due; None when none waits."""

    work: bool
    seconds: float | None


async def get(runner: Runner, task: TaskId) -> TaskRecord | None:
    rows = await runner.fetch(_GET, *storable([task]))
    return task_of(rows[0]) if rows else None


async def find(database: Database, query: TaskQuery, searches: asyncio.Semaphore) -> list[TaskRecord]:
    """What no index leads to is looked for within a limit of time, by as many at once as ``searches`` lets in.

    Raises:
        StoreUnavailable: it was over.
    """
    wanted = search(query, database.now)
    if wanted is None:
        return []
    if not wanted.free:
        return [task_of(row) for row in await database.fetch(wanted.text, *wanted.values)]
    seconds = min(PATIENCE, database.patience / 2)

    async def work(transaction: Runner) -> Rows:
        await transaction.fetch(_FREELY, f"{seconds * 1000:.0f}")
        return await transaction.fetch(wanted.text, *wanted.values)

    try:
        async with searches:
            rows = await database.together(work)
        return [task_of(row) for row in rows]
    except StoreUnavailable as error:
        if not isinstance(error.__cause__, asyncpg.QueryCanceledError):
            raise
        raise StoreUnavailable(
            f"no page was found within {seconds:g} s, as too many tasks had to be read; ask for fewer: those of a "
            "state, or of a span of time"
        ) from error


async def attempts(runner: Runner, task: TaskId) -> list[Attempt]:
    return [attempt_of(task, row) for row in await runner.fetch(_ATTEMPTS, *storable([task]))]


async def logs(runner: Runner, task: TaskId | None, name: str | None, limit: int) -> list[LogLine]:
    conditions, values = list[str](), list[object]()
    for condition, value in _log_conditions(task, name):
        values.append(value)
        conditions.append(condition.format(f"${len(values) + 1}"))
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = await runner.fetch(f"{_LINES} {where} {_NEWEST}", max(0, limit), *values)
    return _lines(rows)


def _log_conditions(task: TaskId | None, name: str | None) -> Iterator[tuple[str, str]]:
    if task is not None:
        yield "l.task = {}", storable([task])[0]
    if name is not None:
        yield "EXISTS (SELECT FROM {{p}}_tasks AS t WHERE t.id = l.task AND t.name = {})", name


def _lines(rows: Sequence[Row]) -> list[LogLine]:
    return [line_of(row) for row in reversed(rows)]


async def outlook(runner: Runner, queues: Sequence[str]) -> Outlook:
    ((work, wait),) = await runner.fetch(_HAS_WORK, runner.now, queues)
    return Outlook(work, None if wait is None else wait / 1_000_000)


async def revision(runner: Runner) -> str:
    """Which transactions of the server are over, for whatever database. One that only reads is none of them."""
    ((text,),) = await runner.fetch(_REVISION)
    return str(text)
