"""taskiq-redis on streams, its broker that acknowledges. It has no bulk enqueue, so 20 coroutines call its ``kiq``."""

import asyncio

from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from benchmarks.laps import Lap
from benchmarks.peers.runs import Runs, main

ENQUEUERS, CONCURRENCY = 20, 100


async def lap(place: str, jobs: int) -> Lap:
    broker = RedisStreamBroker(place, xread_count=500)
    runs = Runs("taskiq-redis", jobs)

    @broker.task(task_name="noop")
    async def noop() -> None:
        runs.one()

    async def enqueue(number: int) -> None:
        for _ in range(number, jobs, ENQUEUERS):
            await noop.kiq()

    await broker.startup()
    await asyncio.gather(*(enqueue(number) for number in range(ENQUEUERS)))
    runs.enqueued()
    receiver = Receiver(broker, max_async_tasks=CONCURRENCY, max_prefetch=CONCURRENCY)
    return await runs.lap(receiver.listen(asyncio.Event()))


if __name__ == "__main__":
    main(lap)
