"""The metrics of the server: what all processes left in the database, and what was put here."""

import logging
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

from prometheus_client.core import Metric
from taskcore.clock import SystemClock
from taskcore.engine.statistics import StatisticsRecorder
from taskcore.errors import StoreError
from taskcore.events import TaskPut
from taskcore.ids import TaskId
from taskcore.metrics import Metrics, lapinq_names

from lapinq import __version__, wiring
from lapinq.orders import Order
from lapinq.service import Service
from lapinq.vocabulary import name_of
from lapinq.webhooks.metrics import WebhookMetrics

log = logging.getLogger("lapinq.server")

SYSTEM = "lapinq"
_WHOLE = re.compile(rb"^(lapinq_\S.*) (\d+)\.0$", re.MULTILINE)


class Telemetry:
    """Counts of puts go to the database, where workers leave theirs, so that any process can show them all."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self._system = self.metrics.system(SYSTEM, __version__)
        self._system.also(lapinq_names(self._system, __version__))
        self._clock = SystemClock()
        self._recorder: StatisticsRecorder | None = None
        self._store: wiring.Store | None = None
        self._webhooks: WebhookMetrics | None = None
        self._system.also(self._of_webhooks, self._ask_webhooks)

    def follow(self, service: Service) -> None:
        """Speak of this database from now on."""
        store = service.store
        if store is not self._store:
            self._store, self._recorder = store, StatisticsRecorder(store)
            self._system.watch(store, totals=True)
            self._webhooks = WebhookMetrics(service.deliveries, self._clock)

    def _of_webhooks(self) -> Iterator[Metric]:
        return iter(()) if self._webhooks is None else self._webhooks.families()

    async def _ask_webhooks(self) -> None:
        if self._webhooks is not None:
            await self._webhooks.refresh()

    def put(self, put: Iterable[tuple[Order, UUID]]) -> None:
        """Tasks were put."""
        if self._recorder is not None:
            now = self._clock.now()
            self._recorder.hear(
                [
                    TaskPut(now, TaskId(str(task)), name_of(order.module_path, order.task_name), order.queue_name)
                    for order, task in put
                ]
            )

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """Body and content type of a scrape; while the database is away, what was read last."""
        if self._recorder is not None:
            try:
                await self._recorder.flush()
            except StoreError as error:
                log.warning("metrics: %s", error)
        body, content_type = await self.metrics.exposition(accept)
        return _WHOLE.sub(rb"\1 \2", body), content_type  # counts are whole numbers in the documentation

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Store counts every few seconds, and the rest at the end."""
        if self._recorder is None:
            yield
            return
        async with self._recorder:
            yield
