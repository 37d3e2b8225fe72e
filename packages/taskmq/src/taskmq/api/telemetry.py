"""The metrics of a queue: what all processes left in the store, and what this API was asked to do."""

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from taskcore.engine.periodic import Periodic
from taskcore.engine.statistics import StatisticsRecorder
from taskcore.errors import StoreError, TaskcoreError
from taskcore.events import AnyEvent, TaskEvent, TaskPut
from taskcore.metrics import Metrics, taskmq_names
from taskcore.ports import StatisticsStore, TaskStore
from taskcore.states import Event

from taskmq import __version__, process_metrics
from taskmq.job import Job
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import QUEUES, StoreBackend
from taskmq.vocabulary import NO_HANDLER, task_id, utc_now

logger = logging.getLogger("taskmq.api")

FLUSH = timedelta(seconds=2)


class Telemetry:
    """Its counts go to the store, where those of workers are, so that any process can show them all.

    A queue that keeps no counts shows what this process did.
    """

    def __init__(self) -> None:
        self.metrics = Metrics()
        self._system = self.metrics.system("taskmq", __version__)
        self._lock = threading.Lock()
        self._store: TaskStore | None = None
        self._recorder: StatisticsRecorder | None = None
        self._retried = 0
        self._system.also(taskmq_names(self._system, retried=lambda: self._retried))

    def follow(self, backend: QueueBackend) -> None:
        """Speak of this queue from now on; from any thread."""
        if not isinstance(backend, StoreBackend):
            return
        store = backend.store
        with self._lock:
            if store is self._store:
                return
            self._store = store
            self._recorder = StatisticsRecorder(store) if isinstance(store, StatisticsStore) else None
            self._system.watch(store, totals=True)

    def added(self, job_id: int, handler: str | None) -> None:
        process_metrics.JOBS_ADDED.inc()
        self._hear(TaskPut(utc_now(), task_id(job_id), handler or NO_HANDLER, QUEUES[0]))

    def cancelled(self, job: Job) -> None:
        process_metrics.JOBS_CANCELLED.inc()
        self._hear(
            TaskEvent(
                utc_now(), Event.CANCEL, task_id(job.id), job.handler or NO_HANDLER, QUEUES[0], job.attempts, None
            )
        )

    def retried(self) -> None:
        process_metrics.JOBS_RETRIED.inc()
        with self._lock:
            self._retried += 1

    def _hear(self, event: AnyEvent) -> None:
        (self._system if self._recorder is None else self._recorder).hear([event])

    async def flush(self) -> None:
        """Store what was counted since the last time.

        Raises:
            StoreError: it was not stored, and will be offered again.
        """
        if self._recorder is not None:
            await self._recorder.flush()

    async def exposition(self, backends: Callable[[], QueueBackend], accept: str) -> tuple[bytes, str]:
        """Body and content type of a scrape; while the store is away, what was read last."""
        try:
            self.follow(await run_in_threadpool(backends))
            await self.flush()
        except TaskcoreError as error:
            logger.warning("metrics: %s", error)
        return await self.metrics.exposition(accept)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Store counts every two seconds, and the rest at the end."""
        async with Periodic(self.flush, FLUSH, "statistics of the API"):
            yield
        try:
            await self.flush()
        except StoreError as away:
            logger.warning("the last statistics are lost: %s", away)
