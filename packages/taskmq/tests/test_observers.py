"""A worker on a store that keeps statistics and a list of workers fills both."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.ids import IdScheme
from taskcore.models import MINUTE, WorkerInfo
from taskcore.ports import TaskStore
from taskmq.job import Job
from taskmq.jobs.handlers import register_handler
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker


class Recording(MemoryStore):
    """Remembers what it was told of workers."""

    def __init__(self) -> None:
        super().__init__(SystemClock(), IdScheme.NUMBERED)
        self.told: list[WorkerInfo] = []

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        self.told.append(worker)
        await super().sight(worker, forget_after)


class Backend(StoreBackend):
    """A queue in the memory of this process."""

    def __init__(self, store: TaskStore) -> None:
        super().__init__()
        self._kept = store

    async def _open(self) -> TaskStore:
        return self._kept


def test_what_a_worker_did_is_counted_in_the_store_and_the_worker_is_listed_while_it_works(folder: Path) -> None:
    @register_handler("fine")
    def fine(job: Job) -> None: ...

    @register_handler("broken")
    def broken(job: Job) -> None:
        raise ValueError("no")

    store = Recording()
    backend = Backend(store)
    backend.insert_jobs([1, 2], handler="fine")
    backend.insert_jobs([3], handler="broken", retry_policy="none")

    Worker(backend=backend, max_workers=3).start(until_idle=True)

    counted = Counter[tuple[str, str]]()
    now, day = SystemClock().now(), timedelta(days=1)
    for each in asyncio.run(store.timed_counts(MINUTE, now - day, now + day)):
        counted[each.name, each.what] += each.count
    assert (2, 1) == (counted["fine", "succeeded"], counted["broken", "failed"])
    assert (3, ("broken", "dummy", "fine")) == (store.told[0].slots, store.told[0].handlers)
    assert [] == asyncio.run(store.workers())


def test_the_file_of_failures_is_written_beside_the_statistics(folder: Path) -> None:
    @register_handler("broken")
    def broken(job: Job) -> None:
        raise ValueError("no")

    backend = Backend(Recording())
    backend.insert_job("x", handler="broken", retry_policy="none")

    Worker(backend=backend).start(until_idle=True)

    assert "Error: no" in (folder / "failed_jobs.log").read_text()
