"""How long the dashboard takes for its pages with 100,000 tasks in SQLite, as its own Server-Timing header tells.

``python -m benchmarks.dashboard [TASKS]`` prints a table; a bar that is missed is marked, and the exit code is 1.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import httpx2
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import WorkerId
from taskcore.models import Claim, Settlement, TaskError, TaskRecord, TaskSpec
from taskcore.retry import RetryPolicy
from taskcore.serialization import encode
from taskcore.states import Event
from taskcore.ui.app import Dashboard
from taskcore.ui.stores import store_source

TASKS = 100_000
ROUNDS = 60
QUEUES = ("default", "email", "reports", "billing")
NAMES = ("billing.charge", "email.send", "images.resize", "reports.build", "search.reindex")
_DURATION = re.compile(r"page;dur=([\d.]+)")


@dataclass(frozen=True, slots=True)
class Bar:
    """A page, and the milliseconds that 95 of 100 answers may take; None is only measured."""

    name: str
    path: str
    p95: float | None


BARS = (
    Bar("tasks, newest", "/tasks", 50),
    Bar("tasks, failed", "/tasks?state=failed", 50),
    Bar("tasks, one queue", "/tasks?queue=email&state=succeeded", 50),
    Bar("tasks, by name", "/tasks?task=billing.charge", 50),
    Bar("tasks, 200 rows", "/tasks?limit=200", None),
    Bar("tasks, error search", "/tasks?q=error%3Adeclined", None),
    Bar("tasks, search for nothing", "/tasks?q=args%3Anowhere", None),
    Bar("task", "/tasks/{task}", 30),
    Bar("task, logs", "/tasks/{task}?tab=logs", 30),
    Bar("overview", "/", None),
    Bar("dead letters", "/dead", None),
    Bar("queues", "/queues", None),
)


async def fill(store: SQLiteStore, tasks: int) -> str:
    """Put ``tasks`` tasks; most have succeeded, one in twenty failed, the last thousand wait. Answers one's id."""
    random = Random(7)
    for start in range(0, tasks, 1000):
        await store.put([_spec(random) for _ in range(min(1000, tasks - start))])
    claim = Claim(worker=WorkerId("w1"), queues=QUEUES, limit=500, lease_for=timedelta(minutes=5))
    left, last = tasks - 1000, ""
    while left > 0:
        held = await store.claim(claim)
        await store.settle([_end(record, random) for record in held])
        left, last = left - len(held), held[-1].id
    return last


def _spec(random: Random) -> TaskSpec:
    args = {"args": [random.randrange(10**6)], "kwargs": {"locale": "de", "note": "x" * random.randrange(80)}}
    retry = RetryPolicy(max_attempts=3)
    return TaskSpec(name=random.choice(NAMES), queue=random.choice(QUEUES), payload=encode(args), retry=retry)


def _end(held: TaskRecord, random: Random) -> Settlement:
    if random.random() < 0.05:
        error = TaskError(
            "CardDeclined", f"card {random.randrange(1000)} was declined", "Traceback\n" + "  line\n" * 20
        )
        return Settlement(fence=held.fence, event=Event.FAIL, error=error)
    return Settlement(fence=held.fence, event=Event.SUCCEED, result=encode({"ok": True}))


async def measured(client: httpx2.AsyncClient, path: str) -> tuple[list[float], int]:
    """(milliseconds of each answer, bytes of one)."""
    times: list[float] = []
    size = 0
    for _ in range(ROUNDS):
        answer = await client.get(path)
        answer.raise_for_status()
        found = _DURATION.search(answer.headers["Server-Timing"])
        assert found is not None
        times.append(float(found[1]))
        size = len(answer.content)
    return sorted(times), size


async def rows(tasks: int) -> AsyncIterator[tuple[Bar, Sequence[float], int]]:
    with tempfile.TemporaryDirectory() as folder:
        async with await SQLiteStore.open(Path(folder) / "tasks.db") as store:
            task = await fill(store, tasks)
            transport = httpx2.ASGITransport(Dashboard(store_source(store, system="bench")))
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                for bar in BARS:
                    times, size = await measured(client, bar.path.replace("{task}", task))
                    yield bar, times, size


def cells(bar: Bar, times: Sequence[float], size: int) -> Iterator[str]:
    p95 = times[int(len(times) * 0.95) - 1]
    yield bar.name
    yield f"{times[len(times) // 2]:.1f}"
    yield f"{p95:.1f}"
    yield "" if bar.p95 is None else f"{bar.p95:g}{'' if p95 <= bar.p95 else ' missed'}"
    yield f"{size / 1000:.1f}"


async def main(tasks: int) -> int:
    table = Table(f"{tasks:,} tasks in SQLite", "p50 ms", "p95 ms", "bar", "KB", box=SIMPLE_HEAD, pad_edge=False)
    missed = 0
    async for bar, times, size in rows(tasks):
        row = list(cells(bar, times, size))
        missed += "missed" in row[3]
        table.add_row(*row)
    Console().print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TASKS)))
