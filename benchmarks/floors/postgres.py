"""The floor of PostgreSQL, on bare ``asyncpg``: one connection, one lean table, one partial index of what is ready.

Twelve columns: what a queue without history, schedules, retention and idempotency keys could write at best. A batch is
one statement and one commit to insert, one to claim and one to settle; a commit waits for the disk.
"""

import asyncio
from collections.abc import Sequence

import asyncpg

from benchmarks.laps import BATCH, Contender, Lap, Stopwatch, batches, done, singles

CREATE = """
SET synchronous_commit = on;
CREATE TABLE jobs (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue TEXT NOT NULL, name TEXT NOT NULL,
    payload TEXT, state TEXT NOT NULL DEFAULT 'pending', priority INTEGER NOT NULL DEFAULT 0,
    run_at TIMESTAMPTZ NOT NULL DEFAULT now(), attempt INTEGER NOT NULL DEFAULT 0, worker TEXT,
    lease_until TIMESTAMPTZ, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ);
CREATE INDEX jobs_ready ON jobs (queue, priority DESC, run_at, id) WHERE state = 'pending'"""

INSERT = "INSERT INTO jobs (queue, name, payload) SELECT 'default', * FROM unnest($1::text[], $2::text[])"

INSERT_ONE = "INSERT INTO jobs (queue, name, payload) VALUES ('default', $1, $2)"

CLAIM = """
UPDATE jobs SET state = 'running', attempt = attempt + 1, worker = 'floor',
    lease_until = now() + interval '30 s', started_at = now()
FROM (
    SELECT id FROM jobs WHERE state = 'pending' AND queue = 'default' AND run_at <= now()
    ORDER BY priority DESC, run_at, id LIMIT $1 FOR UPDATE SKIP LOCKED) AS ready
WHERE jobs.id = ready.id
RETURNING jobs.id, attempt, name, payload"""

SETTLE = """
UPDATE jobs SET state = 'succeeded', lease_until = NULL, finished_at = now()
FROM unnest($1::bigint[], $2::integer[]) AS ended (id, attempt)
WHERE jobs.id = ended.id AND jobs.attempt = ended.attempt AND worker = 'floor' AND state = 'running'"""


def contender(name: str) -> Contender:
    return Contender(name, lambda url, jobs: asyncio.run(lap(url, jobs)))


async def lap(url: str, jobs: int) -> Lap:
    """Insert and drain as many rows as there are jobs, then insert some one by one."""
    connection = await asyncpg.connect(url)
    await connection.execute(CREATE)
    watch = Stopwatch()
    for size in batches(jobs):
        await connection.execute(INSERT, ["noop"] * size, ["null"] * size)
    inserted = watch.split()
    while claimed := await connection.fetch(CLAIM, BATCH):
        await connection.execute(SETTLE, *columns(claimed))
    drained = watch.split()
    done("the floor", jobs, await connection.fetchval("SELECT count(*) FROM jobs WHERE state = 'succeeded'"))
    watch.split()
    for _ in range(singles(jobs)):
        await connection.execute(INSERT_ONE, "noop", "null")
    single = watch.split()
    await connection.close()
    return Lap(jobs / inserted, jobs / drained, singles(jobs) / single)


def columns(claimed: Sequence[asyncpg.Record]) -> tuple[list[int], list[int]]:
    """Ids and attempts."""
    return [row["id"] for row in claimed], [row["attempt"] for row in claimed]
