"""The metrics of an application: one registry, and the task systems in it."""

import asyncio
import logging
from collections.abc import Iterator
from functools import cached_property

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from taskcore.clock import Clock, SystemClock
from taskcore.errors import TaskcoreError
from taskcore.metrics.exposition import exposition
from taskcore.metrics.families import merged
from taskcore.metrics.requests import RequestFamilies
from taskcore.metrics.system import SystemMetrics

log = logging.getLogger("taskcore.metrics")

AT_MOST_EVERY = 1.0
"""Seconds between two questions to a store, however often somebody scrapes ..."""
PATIENCE = 2.0
"""... and how long a scrape waits for its answer before it shows what was read last."""


class Metrics:
    """Owns its registry. Applications register metrics of their own in ``registry`` too."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock or SystemClock()
        self._systems: dict[str, SystemMetrics] = {}
        self._asked = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Systems(self._systems))

    def system(self, name: str, version: str = "", *, names: int = 500) -> SystemMetrics:
        """The metrics of the task system ``name``, the same object each time.

        Args:
            names: how many task names, and how many queues, are told apart; later ones are "other".
        """
        if name not in self._systems:
            self._systems[name] = SystemMetrics(name, version, self._clock, names=names)
        return self._systems[name]

    @cached_property
    def requests(self) -> RequestFamilies:
        """The families of HTTP requests; in the registry from the first use on."""
        return RequestFamilies(self.registry)

    async def refresh(self) -> None:
        """Ask the stores, once a second at the most, and wait a little for the answer. Never raises."""
        now = self._clock.monotonic()
        if self._reading is None and now - self._asked >= AT_MOST_EVERY:
            self._asked = now
            self._reading = asyncio.create_task(self._read(), name="metrics")
            self._reading.add_done_callback(self._read_it)
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=PATIENCE)

    async def _read(self) -> None:
        for system in list(self._systems.values()):
            try:
                await system.refresh()
            except TaskcoreError as error:
                log.warning("metrics of %s: %s", system.system, error, extra={"event": "store_unavailable"})
            except Exception:
                log.exception("metrics of %s could not be read", system.system)

    def _read_it(self, reading: asyncio.Task[None]) -> None:
        self._reading = None

    async def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Body and content type for a scrape whose ``Accept`` header is ``accept``."""
        await self.refresh()
        return exposition(self.registry, accept)


class _Systems(Collector):
    def __init__(self, systems: dict[str, SystemMetrics]) -> None:
        self._systems = systems

    def describe(self) -> Iterator[Metric]:
        """Nothing: names depend on what is switched on, so they are not checked against others' when registered."""
        return iter(())

    def collect(self) -> list[Metric]:
        return merged(family for system in list(self._systems.values()) for family in system.families())
