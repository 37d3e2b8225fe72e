"""How many tasks each queue has, without reading them all.

``{p}_counts`` has a row for each *change* of a number: the statement that moves tasks also tells by how many, in the
same commit. So the sum of all changes is what a transaction would count in the table of tasks at the same instant,
whoever writes beside it, and a rollback takes back both. Nobody updates a row there, so no two writers wait for each
other. Now and then somebody replaces the rows by their sums.

Kinds of tasks are the states at rest, and of waiting tasks those that have never run (``new``) and the others
(``again``). Running ones have leases, which are few.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from contextlib import suppress
from random import Random

from taskcore.adapters.postgres.database import Database
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.sql.rows import counts_of
from taskcore.errors import StoreError
from taskcore.models import QueueCounts

SHARE = 1 / 500
"""How many of the calls that change numbers replace the rows by their sums, which takes some milliseconds. So some
hundred rows wait for it, whatever processes come and go."""
_CHANCE = Random()  # the generator of the module `random` belongs to the program

RANKS = 1000
"""Of how many priorities the longest-waiting task is looked for."""

WAITING = "CASE WHEN attempt > 0 THEN 'again' ELSE 'new' END"
AT_REST = "state"
KIND = f"CASE state WHEN 'pending' THEN {WAITING} ELSE state END"
"""The kinds of tasks that wait, that are at rest, and of all that do not run, from their columns."""


def changed(*changes: str) -> str:
    """A statement, for a ``WITH``, that notes changes: those of ``more`` and ``fewer``."""
    return f"INSERT INTO {{p}}_counts (queue, kind, change) {' UNION ALL '.join(changes)}"


def more(kind: str, rows: str) -> str:
    """There are more of a kind: one for each of the rows, which have all columns that ``kind`` names, and ``queue``."""
    return f"SELECT queue, {kind}, count(*) FROM {rows} GROUP BY 1, 2"


def fewer(kind: str, rows: str) -> str:
    """There are fewer."""
    return f"SELECT queue, {kind}, -count(*) FROM {rows} GROUP BY 1, 2"


# Claims have counted the attempt that begins already.
CLAIMED = f"counted AS ({changed(fewer(WAITING.replace('attempt', 'attempt - 1'), 'claimed'))})"
"""Part of a statement that makes the tasks of its part ``claimed`` run."""

# A task whose way leads through the waiting ones of the index is found by its rank, which skips all others of the same.
# Those of a later instant are read; the index has what is asked of them.
COUNTS = f"""
WITH RECURSIVE {CLOCK},
ranks AS (
    (SELECT queue, -priority AS rank FROM {{p}}_tasks WHERE ready = 1 ORDER BY queue, (-priority) LIMIT 1)
    UNION ALL
    SELECT following.* FROM ranks AS r CROSS JOIN LATERAL (
        SELECT t.queue, -t.priority FROM {{p}}_tasks AS t
        WHERE t.ready = 1 AND (t.queue, -t.priority) > (r.queue, r.rank)
        ORDER BY t.queue, (-t.priority) LIMIT 1) AS following),
due AS (
    SELECT first.* FROM (SELECT * FROM ranks LIMIT {RANKS}) AS r CROSS JOIN LATERAL (
        SELECT t.queue, t.attempt, t.run_at FROM {{p}}_tasks AS t
        WHERE t.ready = 1 AND t.queue = r.queue AND (-t.priority) = r.rank
            AND t.run_at <= (SELECT now FROM clock)
            AND (t.expires_at IS NULL OR t.expires_at > (SELECT now FROM clock))
        ORDER BY t.run_at, t.id LIMIT 1) AS first
    UNION ALL
    SELECT queue, attempt, run_at FROM {{p}}_tasks
    WHERE ready = 0 AND run_at <= (SELECT now FROM clock)
        AND (expires_at IS NULL OR expires_at > (SELECT now FROM clock))),
later AS MATERIALIZED (
    SELECT queue, count(*) AS number FROM {{p}}_tasks
    WHERE ready = 0 AND run_at > (SELECT now FROM clock) AND attempt = 0 GROUP BY queue)
SELECT queue, phase, sum(number)::bigint, min(run_at) FROM (
    SELECT queue, CASE kind WHEN 'new' THEN 'queued' WHEN 'again' THEN 'retrying' ELSE kind END, change, NULL::bigint
    FROM {{p}}_counts
    UNION ALL SELECT queue, 'running', 1, NULL FROM {{p}}_leases
    UNION ALL SELECT queue, 'scheduled', number, NULL FROM later
    UNION ALL SELECT queue, 'queued', -number, NULL FROM later
    UNION ALL SELECT queue, CASE WHEN attempt > 0 THEN 'retrying' ELSE 'queued' END, 0, run_at FROM due
) AS changes (queue, phase, number, run_at)
GROUP BY queue, phase HAVING sum(number) > 0"""

# Rows that somebody else is replacing are left to them.
_SUM_UP = f"""
WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended('{{p}}_counts', 0)) AS alone),
gone AS (DELETE FROM {{p}}_counts WHERE (SELECT alone FROM alone) RETURNING queue, kind, change)
{changed("SELECT queue, kind, sum(change)::bigint FROM gone GROUP BY 1, 2 HAVING sum(change) <> 0")}"""

RECOUNT = changed(
    f"""
    SELECT queue, kind, sum(change)::bigint FROM (
        SELECT queue, {KIND}, count(*) FROM {{p}}_tasks WHERE state <> 'running' GROUP BY 1, 2
        UNION ALL SELECT queue, kind, -change FROM {{p}}_counts) AS differences (queue, kind, change)
    GROUP BY 1, 2 HAVING sum(change) <> 0"""
)
"""Sets the numbers right after somebody has written tasks by other ways than a store. It sees tasks and changes of the
same instant, so it may run beside everything else."""


async def counts(database: Database) -> list[QueueCounts]:
    return counts_of(await database.fetch(COUNTS, database.now))


async def sum_up(database: Database) -> None:
    """Replace the changes so far by their sums."""
    await database.fetch(_SUM_UP)


async def sum_up_sometimes(database: Database) -> None:
    """After a call that has changed numbers; what it has done does not depend on this."""
    if _CHANCE.random() < SHARE:
        with suppress(StoreError):
            await sum_up(database)
