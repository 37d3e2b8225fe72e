"""dramatiq on Redis. It has no bulk enqueue.

With its own prefetch of two messages a thread, threads wait for the thread that fetches: 100 make it twice as fast.
"""

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.laps import Lap
from benchmarks.peers.runs import Runs, main

THREADS, PREFETCH = 8, 100


async def lap(place: str, jobs: int) -> Lap:
    broker = RedisBroker(url=place)
    runs = Runs("dramatiq", jobs)

    @dramatiq.actor(broker=broker)
    def noop() -> None:
        runs.one()

    for _ in range(jobs):
        noop.send()
    runs.enqueued()
    worker = dramatiq.Worker(broker, worker_threads=THREADS)
    worker.queue_prefetch = PREFETCH
    worker.start()
    return await runs.lap()


if __name__ == "__main__":
    main(lap)
