"""streaq on Redis, with its bulk enqueue; results are not kept."""

from streaq import Worker

from benchmarks.laps import Lap, batches
from benchmarks.peers.runs import Runs, main

CONCURRENCY, PREFETCH = 100, 500


async def lap(place: str, jobs: int) -> Lap:
    worker = Worker(redis_url=place, concurrency=CONCURRENCY, prefetch=PREFETCH, handle_signals=False)
    runs = Runs("streaq", jobs)

    @worker.task(name="noop", ttl=0, silent=True)
    async def noop() -> None:
        runs.one()

    async with worker:
        for size in batches(jobs):
            await worker.enqueue_many([noop.enqueue() for _ in range(size)])
    runs.enqueued()
    lap = await runs.lap(worker.run_async())
    await worker.redis.function_delete("streaq")  # a library is one for all databases of a server
    return lap


if __name__ == "__main__":
    main(lap)
