"""The floors of SQLite, on bare ``sqlite3``.

``SAME`` does what the store does to its rows, on the store's own tables and indexes. ``LEAN`` is a table with only what
a queue cannot do without, numbered by SQLite: it tells what the other columns and indexes cost. Both have the store's
durability (WAL, ``synchronous=FULL``) and batches of 500. A batch is one commit, which in a drain settles the batch
before and claims the next.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path

from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import task_ids

from benchmarks.laps import BATCH, Contender, Lap, Stopwatch, done, singles

Row = Sequence[object]
LEASE = 30_000_000


@dataclass(frozen=True, slots=True)
class Floor:
    """Statements, and the rows to insert. ``claim`` returns id and attempt first, which ``settle`` expects last."""

    create: Callable[[Path], None]
    rows: Callable[[], Iterator[Row]]
    insert: str
    claim: str
    settle: str
    count: str


def contender(name: str, floor: Floor) -> Contender:
    return Contender(name, lambda folder, jobs: lap(floor, Path(folder) / "floor.db", jobs))


def lap(floor: Floor, path: Path, jobs: int) -> Lap:
    """Insert and drain as many rows as there are jobs, then insert some one by one."""
    floor.create(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    watch = Stopwatch()
    insert(connection, floor, jobs)
    inserted = watch.split()
    drain(connection, floor)
    drained = watch.split()
    done("the floor", jobs, connection.execute(floor.count).fetchone()[0])
    watch.split()
    for row in islice(floor.rows(), singles(jobs)):
        connection.execute(floor.insert, row)
    single = watch.split()
    connection.close()
    return Lap(jobs / inserted, jobs / drained, singles(jobs) / single)


def insert(connection: sqlite3.Connection, floor: Floor, jobs: int) -> None:
    """Put ``jobs`` rows, one commit a batch."""
    rows = islice(floor.rows(), jobs)
    while batch := list(islice(rows, BATCH)):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(floor.insert, batch)
        connection.execute("COMMIT")


def drain(connection: sqlite3.Connection, floor: Floor) -> None:
    """Claim and settle until nothing is left."""
    claimed: list[Row] = []
    while True:
        now = micros()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(floor.settle, [(now, task, attempt) for task, attempt, *_ in claimed])
        claimed = connection.execute(floor.claim, (now + LEASE, now, BATCH)).fetchall()
        connection.execute("COMMIT")
        if not claimed:
            return


def micros() -> int:
    return time.time_ns() // 1000


def create_same(path: Path) -> None:
    """Let the store itself create its tables and indexes, so that both always have the same."""

    async def open_and_close() -> None:
        await (await SQLiteStore.open(path)).close()

    asyncio.run(open_and_close())


SAME = Floor(
    create=create_same,
    rows=lambda: ((task, now, now) for task in task_ids() if (now := micros())),
    insert="""
INSERT INTO taskcore_tasks (id, name, queue, payload, priority, created_at, run_at, ready, expires_at, timeout, retry,
    idempotency_key, schedule, meta)
VALUES (?, 'noop', 'default', 'null', 0, ?, ?, 1, NULL, NULL, NULL, NULL, NULL, NULL)""",
    claim="""
UPDATE taskcore_tasks SET state = 'running', ready = NULL, attempt = attempt + 1, worker = 'floor', lease_until = ?,
    started_at = ?, finished_at = NULL, progress = NULL, progress_note = NULL
WHERE rowid IN (
    SELECT rowid FROM taskcore_tasks WHERE ready = 1 AND queue = 'default' ORDER BY priority DESC, run_at, id LIMIT ?)
RETURNING id, attempt, worker, name, payload""",
    settle="""
UPDATE taskcore_tasks SET state = 'succeeded', lease_until = NULL, finished_at = ?, result = NULL, error = NULL
WHERE id = ? AND attempt = ? AND worker = 'floor' AND state = 'running'""",
    count="SELECT count(*) FROM taskcore_tasks WHERE state = 'succeeded'",
)


def create_lean(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("""
CREATE TABLE jobs (id INTEGER PRIMARY KEY, queue TEXT, name TEXT, payload TEXT, state TEXT, priority INTEGER,
    run_at INTEGER, attempt INTEGER DEFAULT 0, worker TEXT, lease_until INTEGER, started_at INTEGER,
    finished_at INTEGER)""")
        connection.execute("CREATE INDEX jobs_ready ON jobs (state, queue, priority DESC, run_at, id)")
    connection.close()


LEAN = Floor(
    create=create_lean,
    rows=lambda: repeat(("noop", micros())),
    insert="""
INSERT INTO jobs (queue, name, payload, state, priority, run_at) VALUES ('default', ?, 'null', 'pending', 0, ?)""",
    claim="""
UPDATE jobs SET state = 'running', attempt = attempt + 1, worker = 'floor', lease_until = ?, started_at = ?
WHERE id IN (
    SELECT id FROM jobs WHERE state = 'pending' AND queue = 'default' ORDER BY priority DESC, run_at, id LIMIT ?)
RETURNING id, attempt, name, payload""",
    settle="""
UPDATE jobs SET state = 'succeeded', lease_until = NULL, finished_at = ?
WHERE id = ? AND attempt = ? AND worker = 'floor' AND state = 'running'""",
    count="SELECT count(*) FROM jobs WHERE state = 'succeeded'",
)
