"""What a transaction costs that somebody else keeps open: while it may see old rows, PostgreSQL removes none of them.

A worker drains a queue that is kept fed, beside a REPEATABLE READ transaction that has read something. The same without
it is measured before and after, for a machine that slows down meanwhile; each time in a new database. Run as a program,
this module is the worker: ``python -m benchmarks.snapshot PLACE`` prints how many tasks it has done, again and again.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import asyncpg
from taskcore.engine.handlers import Mode
from taskcore.engine.worker import Worker
from taskcore.models import TaskSpec
from taskcore.ports import TaskStore

from benchmarks.core import HANDLERS
from benchmarks.laps import BATCH, Place, Stopwatch
from benchmarks.processes import running, work
from benchmarks.report import Measure
from benchmarks.stores import open_store

BAR = 25
"""Percent of the throughput."""
EVERY = 0.05
"""Seconds between two numbers that the worker prints."""
AHEAD = 10_000
"""Tasks that are waiting or under way: more than a worker does between two numbers, and always about the same."""
WARM = 10_000
"""Tasks done before the clock starts."""
PATIENCE = 120


def measure(store: str, place: Place, seconds: int) -> Measure:
    """By how many percent a held snapshot lowers the throughput of ``seconds``."""
    rates = {}
    for flow, held in {"before": False, "held": True, "after": False}.items():
        with place() as where:
            rates[flow] = asyncio.run(throughput(where, seconds, held=held))
    cost = 100 * (1 - 2 * sum(rates["held"]) / (sum(rates["before"]) + sum(rates["after"])))
    return Measure(f"{store}: cost of a snapshot held for {seconds} s", cost, "%", BAR, rates)


async def throughput(place: str, seconds: int, *, held: bool) -> list[int]:
    """Tasks done in each second."""
    store = await open_store(place)
    flow = Flow()
    async with running("benchmarks.snapshot", place) as printed, asyncio.TaskGroup() as group:
        both = [group.create_task(flow.feed(store)), group.create_task(flow.watch(printed))]
        await flow.warm_up()
        async with snapshot(place) if held else nullcontext():
            rates = [await flow.second() for _ in range(seconds)]
        for task in both:
            task.cancel()
    await store.close()
    return rates


class Flow:
    """A queue that is kept fed beside a worker, so that it neither runs empty nor grows."""

    def __init__(self) -> None:
        self._put = self._done = 0
        self._warm = asyncio.Event()

    async def feed(self, store: TaskStore) -> None:
        while True:
            if self._put - self._done < AHEAD:
                await store.put([TaskSpec(name="noop")] * BATCH)
                self._put += BATCH
            else:
                await asyncio.sleep(EVERY / 10)

    async def watch(self, printed: asyncio.StreamReader) -> None:
        async for line in printed:
            self._done = int(line)
            if self._done >= WARM:
                self._warm.set()
        raise RuntimeError("the worker of the benchmark has ended by itself; it says why above")

    async def warm_up(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._warm.wait()

    async def second(self) -> int:
        """Tasks done in a second, provided that there always were some to do."""
        before, watch = self._done, Stopwatch()
        await asyncio.sleep(1)
        if self._put - self._done < BATCH:
            raise RuntimeError("the queue ran empty: this would measure the producer, not the worker")
        return round((self._done - before) / watch.split())


@asynccontextmanager
async def snapshot(place: str) -> AsyncIterator[None]:
    """Keep a transaction open, and with it every row version that is current now."""
    connection = await asyncpg.connect(place)
    async with connection.transaction(isolation="repeatable_read"):
        await connection.fetchval("SELECT count(*) FROM pg_class")
        yield
    await connection.close()


async def main(place: str) -> None:
    store = await open_store(place)
    worker = Worker(store, {"noop": HANDLERS[Mode.ASYNC]})
    telling = asyncio.create_task(tell(worker))
    await work(worker)
    telling.cancel()
    await store.close()


async def tell(worker: Worker) -> None:
    while True:
        print(worker.tally.succeeded, flush=True)
        await asyncio.sleep(EVERY)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
