"""pgqueuer on PostgreSQL, with asyncpg, its faster driver, and its bulk enqueue.

Neither larger batches nor more managers or connections make it faster.
"""

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.queries import Queries

from benchmarks.laps import Lap, batches
from benchmarks.peers.runs import Runs, main

BATCH_SIZE = 500


async def lap(place: str, jobs: int) -> Lap:
    connection = await asyncpg.connect(place)
    queue, queries = PgQueuer.from_asyncpg_connection(connection), Queries.from_asyncpg_connection(connection)
    await queries.install()
    runs = Runs("pgqueuer", jobs)

    @queue.entrypoint("noop")
    async def noop(_: object) -> None:
        runs.one()

    for size in batches(jobs):
        await queries.enqueue(["noop"] * size, [None] * size, [0] * size)
    runs.enqueued()
    return await runs.lap(queue.run(batch_size=BATCH_SIZE))


if __name__ == "__main__":
    main(lap)
