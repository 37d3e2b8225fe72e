"""Adds up what this process sees of tasks, and stores the sums every few seconds.

What was not stored yet is lost with a process that is killed: charts may then miss its last two seconds. When a store's
answer to a sum is lost, that sum is stored again and may count twice. Nothing else depends on these numbers.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Self

from taskcore.counting import Counting, Sums
from taskcore.engine.periodic import Periodic
from taskcore.errors import StoreError
from taskcore.events import AnyEvent
from taskcore.models import HOUR, MINUTE, TimedCount
from taskcore.ports import StatisticsStore
from taskcore.statistics import floor

log = logging.getLogger("taskcore.engine")

EVERY = timedelta(seconds=2)
KEEP: Mapping[timedelta, timedelta] = {MINUTE: timedelta(days=2), HOUR: timedelta(days=90)}
"""How long the counts of each span are kept."""

WAITING_MINUTES = 120
"""So many minutes are kept here while the store is away; then the oldest go."""


class StatisticsRecorder:
    """Subscribe ``hear`` to ``taskcore.counting.COUNTED``, and keep the context open; leaving it stores the rest.

    Args:
        names: how many task names, and how many queues, are told apart.
    """

    def __init__(
        self,
        store: StatisticsStore,
        *,
        every: timedelta = EVERY,
        keep: Mapping[timedelta, timedelta] = KEEP,
        names: int = 500,
    ) -> None:
        self._store, self._keep = store, keep
        self._counting = Counting(names)
        self._lock = Lock()
        self._minutes: dict[datetime, Sums] = {}
        self._storing = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._periodics = [
            Periodic(self.flush, every, "statistics"),
            Periodic(self.prune, timedelta(minutes=10), "old statistics"),
        ]

    async def __aenter__(self) -> Self:
        for periodic in self._periodics:
            await self._stack.enter_async_context(periodic)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._storing:  # what is under way ends, or its counts might be stored and stored again
            await self._stack.aclose()
        try:
            await self.flush()
        except StoreError as away:
            log.warning("the last statistics are lost: %s", away, extra={"event": "statistics_lost"})

    def hear(self, events: Sequence[AnyEvent]) -> None:
        """Count a batch of events, which happened at the same time; from any thread."""
        if not events:
            return
        with self._lock:
            self._counting.add(self._of_minute(floor(events[0].at, MINUTE)), events)

    def _of_minute(self, minute: datetime) -> Sums:
        sums = self._minutes.get(minute)
        if sums is None:
            sums = self._minutes[minute] = {}
            if len(self._minutes) > WAITING_MINUTES:
                del self._minutes[min(self._minutes)]
        return sums

    async def flush(self) -> None:
        """Store what was counted since the last time; nothing is forgotten while the store is away.

        Raises:
            StoreError: it was not stored, and will be offered again.
        """
        async with self._storing:
            with self._lock:
                taken, self._minutes = self._minutes, {}
            if not taken:
                return
            try:
                await self._store.add_counts(timed_counts(taken))
            except BaseException:
                self._give_back(taken)
                raise

    def _give_back(self, taken: dict[datetime, Sums]) -> None:
        with self._lock:
            for minute, places in taken.items():
                sums = self._of_minute(minute)
                for place, counts in places.items():
                    sums.setdefault(place, Counter()).update(counts)

    async def prune(self) -> int:
        """Remove what is older than it is kept; answer how many counts."""
        return sum([await self._store.prune_counts(span, age) for span, age in self._keep.items()])


def timed_counts(minutes: Mapping[datetime, Sums]) -> list[TimedCount]:
    """The sums by minute, and what they come to by hour."""
    hours: dict[datetime, Sums] = {}
    for minute, places in minutes.items():
        sums = hours.setdefault(floor(minute, HOUR), {})
        for place, counts in places.items():
            sums.setdefault(place, Counter()).update(counts)
    return [
        TimedCount(at=at, span=span, queue=queue, name=name, what=what, count=count)
        for span, spans in ((MINUTE, minutes), (HOUR, hours))
        for at, places in spans.items()
        for (queue, name), counts in places.items()
        for what, count in counts.items()
    ]
