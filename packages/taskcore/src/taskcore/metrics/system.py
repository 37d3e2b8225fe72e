"""The metrics of one task system within an application."""

import platform
from collections.abc import Awaitable, Callable, Iterator, Sequence
from threading import Lock

from prometheus_client.core import Metric

from taskcore.clock import Clock
from taskcore.counting import Counting, Sums
from taskcore.events import AnyEvent
from taskcore.metrics.families import Families, gauge, task_families
from taskcore.metrics.gauges import CountedStore, StoreGauges
from taskcore.metrics.schedules import ScheduleMetrics
from taskcore.metrics.totals import StoredTotals
from taskcore.ports import StatisticsStore


class SystemMetrics:
    """``hear`` counts what this process does; ``watch`` lets it show what a store holds too.

    Either ``hear`` the events of tasks or let ``watch`` read the counts of all processes: both would count twice.
    """

    def __init__(self, system: str, version: str, clock: Clock, *, names: int = 500) -> None:
        self.system = system
        self._version, self._clock = version, clock
        self._counting, self._lock = Counting(names), Lock()
        self._sums: Sums = {}
        self._schedules = ScheduleMetrics(system)
        self.gauges: StoreGauges | None = None
        self._totals: StoredTotals | None = None
        self._aliases: list[Families] = []
        self._refreshes: list[Callable[[], Awaitable[None]]] = []

    def hear(self, events: Sequence[AnyEvent]) -> None:
        """Count a batch of events; from any thread. Subscribe it to ``taskcore.counting.COUNTED``."""
        with self._lock:
            self._counting.add(self._sums, events)
            self._schedules.add(events)

    def watch(self, store: CountedStore, *, totals: bool = False) -> None:
        """Show the queues and workers of ``store``; with ``totals`` also what all processes counted in it, which needs
        a ``StatisticsStore`` and makes ``hear`` superfluous."""
        self.gauges = StoreGauges(self.system, store, self._clock)
        if totals and isinstance(store, StatisticsStore):
            self._totals = StoredTotals(store, self._clock)

    def lead(self, leads: Callable[[], bool]) -> None:
        """Show whether this process leads the schedulers; ``leads`` is asked at every scrape."""
        self._schedules.leads = leads

    def also(self, families: Families, refresh: Callable[[], Awaitable[None]] | None = None) -> None:
        """Show further families, such as names of an earlier release; ``refresh`` asks for what they show, as often as
        the store is asked."""
        self._aliases.append(families)
        if refresh is not None:
            self._refreshes.append(refresh)

    async def refresh(self) -> None:
        """Ask the store, where there is one.

        Raises:
            StoreError: it did not answer; what it said before is kept.
        """
        if self.gauges is not None:
            await self.gauges.refresh()
        if self._totals is not None:
            await self._totals.refresh()
        for refresh in self._refreshes:
            await refresh()

    def sums(self) -> Sums:
        """What happened to tasks so far, as a copy."""
        if self._totals is not None:
            return {place: counts.copy() for place, counts in list(self._totals.sums.items())}
        with self._lock:
            return {place: counts.copy() for place, counts in self._sums.items()}

    def families(self) -> Iterator[Metric]:
        """Everything there is to show of this system."""
        build = gauge("taskcore_build_info", "What runs here; always 1", ("system", "version", "python"))
        build.add_metric([self.system, self._version, platform.python_version()], 1)
        yield build
        yield from task_families(self.system, self.sums())
        with self._lock:
            yield from list(self._schedules.families())
        if self.gauges is not None:
            yield from self.gauges.families()
        for alias in self._aliases:
            yield from alias()
