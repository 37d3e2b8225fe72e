"""SAQ on Redis. It has no bulk enqueue, so 20 coroutines call its ``enqueue``, as many as it lets through at once."""

import asyncio
from typing import Any

import saq

from benchmarks.laps import Lap
from benchmarks.peers.runs import Runs, main

ENQUEUERS = CONCURRENCY = 20


async def lap(place: str, jobs: int) -> Lap:
    queue = saq.Queue.from_url(place)
    await queue.connect()
    runs = Runs("SAQ", jobs)

    async def noop(_: Any) -> None:
        runs.one()

    async def enqueue(number: int) -> None:
        for _ in range(number, jobs, ENQUEUERS):
            await queue.enqueue("noop")

    await asyncio.gather(*(enqueue(number) for number in range(ENQUEUERS)))
    runs.enqueued()
    worker = saq.Worker(queue, [("noop", noop)], concurrency=CONCURRENCY)
    return await runs.lap(worker.start())


if __name__ == "__main__":
    main(lap)
