"""Whether a worker's memory stays flat: one process drains a long queue and reads its own resident size on the way.

Run as a program, this module is that process: ``python -m benchmarks.memory FOLDER JOBS`` prints one JSON document.
"""

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from taskcore.engine.handlers import Mode
from taskcore.engine.worker import Worker
from taskcore.models import TaskSpec

from benchmarks.core import HANDLERS, batches, open_sqlite
from benchmarks.laps import done

EVERY = 0.05
"""Seconds between two readings."""
WARM = 0.1
"""The share of the jobs after which imports, threads and caches are there, and growth would be a leak."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Resident megabytes of the worker process: after the warm-up, and how much higher it ever was from then on."""

    jobs: int
    warm: float
    growth: float


def measure(jobs: int) -> Growth:
    """Fill a queue here, drain it in a process of its own."""
    with TemporaryDirectory(prefix="bench-") as folder:
        asyncio.run(fill(Path(folder), jobs))
        command = [sys.executable, "-m", "benchmarks.memory", folder, str(jobs)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Growth(**json.loads(output))


async def fill(folder: Path, jobs: int) -> None:
    store = await open_sqlite(folder)
    for size in batches(jobs):
        await store.put([TaskSpec(name="noop")] * size)
    await store.close()


async def drain(folder: Path, jobs: int) -> Growth:
    """Drain what ``fill`` put, and watch."""
    store = await open_sqlite(folder)
    worker = Worker(store, {"noop": HANDLERS[Mode.ASYNC]})
    readings: list[tuple[int, float]] = []
    pending = {asyncio.create_task(worker.run(until_idle=True))}
    while pending:
        finished, pending = await asyncio.wait(pending, timeout=EVERY)
        readings.append((worker.tally.succeeded, resident()))
    done("the worker whose memory is watched", jobs, finished.pop().result().succeeded)
    await store.close()
    warmed_up = [size for count, size in readings if count >= jobs * WARM]
    return Growth(jobs, round(warmed_up[0], 1), round(max(warmed_up) - warmed_up[0], 1))


def resident() -> float:
    """Megabytes of this process that are in memory now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("expected a VmRSS line in /proc/self/status, as Linux has it")


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(drain(Path(sys.argv[1]), int(sys.argv[2]))))))
