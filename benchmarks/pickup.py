"""How soon an idle worker picks a task up: from before ``put`` here to the handler's start in the worker's process.

Run as a program, this module is the worker: ``python -m benchmarks.pickup PLACE`` prints the delay of every task in
nanoseconds. Both processes read the system's monotonic clock, which is one for all of them.
"""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from statistics import quantiles

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.worker import Worker
from taskcore.models import TaskSpec

from benchmarks.laps import Place
from benchmarks.processes import running, work
from benchmarks.report import Measure
from benchmarks.stores import open_store

BAR = 10
"""Milliseconds that 95 of 100 tasks may wait."""
WARM = 5
"""The first tasks, which also wait for connections and imports."""
GAP = (0.05, 0.1)
"""Seconds that a worker is idle before each task, at least and at most."""
PATIENCE = 60.0


def measure(store: str, place: Place, tasks: int) -> list[Measure]:
    """The delay that half of the tasks stay below, and the one that 95 of 100 stay below."""
    with place() as where:
        delays = asyncio.run(collect(where, tasks))
    hundredths = quantiles(delays, n=100, method="inclusive")
    details = {"tasks": tasks, "highest": max(delays)}
    return [
        Measure(f"{store}: pickup by an idle worker, p50", hundredths[49], "ms"),
        Measure(f"{store}: pickup by an idle worker, p95", hundredths[94], "ms", BAR, details),
    ]


async def collect(place: str, tasks: int) -> list[float]:
    """The delays of ``tasks`` in milliseconds, after those of the warm-up."""
    async with running("benchmarks.pickup", place) as printed:
        found = [delay async for delay in delays(place, WARM + tasks, printed)]
    return found[WARM:]


async def delays(place: str, tasks: int, printed: asyncio.StreamReader) -> AsyncIterator[float]:
    """Put a task, wait until the worker tells its delay, leave the worker idle, and so on."""
    store = await open_store(place)
    for _ in range(tasks):
        await asyncio.sleep(random.uniform(*GAP))
        await store.put([TaskSpec(name="tell", payload=str(time.monotonic_ns()))])
        async with asyncio.timeout(PATIENCE):
            yield int(await printed.readline()) / 1e6
    await store.close()


async def tell(context: TaskContext) -> None:
    print(time.monotonic_ns() - int(context.task.payload), flush=True)


async def main(place: str) -> None:
    store = await open_store(place)
    await work(Worker(store, {"tell": Handler(name="tell", function=tell, mode=Mode.ASYNC)}))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
