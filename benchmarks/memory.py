"""Whether a worker's memory stays flat: one process drains a long queue and reads its own resident size on the way.

Run as a program, this module is that process: ``python -m benchmarks.memory PLACE JOBS`` prints one JSON document.
"""

import asyncio
import json
import sys
from pathlib import Path

from taskcore.engine.handlers import Mode
from taskcore.engine.worker import Worker
from taskcore.models import TaskSpec

from benchmarks.core import HANDLERS
from benchmarks.laps import Place, batches, done
from benchmarks.processes import running
from benchmarks.report import Measure
from benchmarks.stores import open_store

BAR = 60
"""Megabytes that a draining worker may grow by after its warm-up."""
EVERY = 0.05
"""Seconds between two readings."""
WARM = 0.1
"""The share of the jobs after which imports, threads and caches are there, and growth would be a leak."""


def measure(store: str, place: Place, jobs: int) -> Measure:
    """Fill a queue here, drain it in a process of its own; how much higher than after its warm-up that ever was."""
    with place() as where:
        found = asyncio.run(growth(where, jobs))
    return Measure(f"{store}: growth of a worker over {jobs:,} jobs", found["growth"], "MB", BAR, found)


async def growth(place: str, jobs: int) -> dict[str, float]:
    store = await open_store(place)
    for size in batches(jobs):
        await store.put([TaskSpec(name="noop")] * size)
    await store.close()
    async with running("benchmarks.memory", place, str(jobs)) as printed:
        found: dict[str, float] = json.loads(await printed.readline())
    return found


async def drain(place: str, jobs: int) -> dict[str, float]:
    """Drain what ``growth`` put, and watch."""
    store = await open_store(place)
    worker = Worker(store, {"noop": HANDLERS[Mode.ASYNC]})
    readings: list[tuple[int, float]] = []
    pending = {asyncio.create_task(worker.run(until_idle=True))}
    while pending:
        finished, pending = await asyncio.wait(pending, timeout=EVERY)
        readings.append((worker.tally.succeeded, resident()))
    done("the worker whose memory is watched", jobs, finished.pop().result().succeeded)
    await store.close()
    warmed_up = [size for count, size in readings if count >= jobs * WARM]
    return {"jobs": jobs, "warm": round(warmed_up[0], 1), "growth": round(max(warmed_up) - warmed_up[0], 1)}


def resident() -> float:
    """Megabytes of this process that are in memory now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("expected a VmRSS line in /proc/self/status, as Linux has it")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(drain(sys.argv[1], int(sys.argv[2])))))
