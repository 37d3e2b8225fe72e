"""arq on Redis. It has no bulk enqueue, so 20 coroutines call its ``enqueue_job``; results are not kept."""

import asyncio
from typing import Any

from arq import create_pool, func
from arq.connections import RedisSettings
from arq.worker import Worker

from benchmarks.laps import Lap
from benchmarks.peers.runs import Runs, main

ENQUEUERS = 20
SETTINGS: dict[str, Any] = {"max_jobs": 32, "poll_delay": 0.001, "keep_result": 0}


async def lap(place: str, jobs: int) -> Lap:
    pool = await create_pool(RedisSettings.from_dsn(place))
    runs = Runs("arq", jobs)

    async def noop(_: Any) -> None:
        runs.one()

    async def enqueue(number: int) -> None:
        for _ in range(number, jobs, ENQUEUERS):
            await pool.enqueue_job("noop")

    await asyncio.gather(*(enqueue(number) for number in range(ENQUEUERS)))
    runs.enqueued()
    worker = Worker([func(noop, name="noop")], redis_pool=pool, burst=True, handle_signals=False, **SETTINGS)
    return await runs.lap(worker.main())


if __name__ == "__main__":
    main(lap)
