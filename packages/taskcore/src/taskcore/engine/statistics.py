"""Adds up what this process sees of tasks, and stores the sums every few seconds.

What was not stored yet is lost with a process that is killed: charts may then miss its last two seconds. When a store's
answer to a sum is lost, that sum is stored again and may count twice. Nothing else depends on these numbers.
"""

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Self

from taskcore import statistics
from taskcore.engine.periodic import Periodic
from taskcore.errors import StoreError
from taskcore.events import AnyEvent, TaskEvent, TaskPut
from taskcore.models import HOUR, MINUTE, TimedCount
from taskcore.ports import StatisticsStore
from taskcore.states import Event
from taskcore.statistics import BOUNDS, RUN_WORDS, WAIT_WORDS, Names, floor

log = logging.getLogger("taskcore.engine")

EVERY = timedelta(seconds=2)
KEEP: Mapping[timedelta, timedelta] = {MINUTE: timedelta(days=2), HOUR: timedelta(days=90)}
"""How long the counts of each span are kept."""

WAITING_MINUTES = 120
"""So many minutes are kept here while the store is away; then the oldest go."""

COUNTED: Mapping[Event, str] = {
    Event.SUCCEED: statistics.SUCCEEDED,
    Event.REPEAT: statistics.SUCCEEDED,
    Event.FAIL: statistics.FAILED,
    Event.RETRY: statistics.RETRIED,
    Event.CANCEL: statistics.CANCELLED,
    Event.EXPIRE: statistics.EXPIRED,
    Event.LOSE: statistics.LOST,
    Event.RELEASE: statistics.RELEASED,
    Event.INTERRUPT: statistics.RELEASED,
}
"""The word for each event. A run of a periodic task that ended badly repeats as well, but counts as failed."""

Place = tuple[str, str]
"""A queue and a task's name."""
Sums = dict[Place, Counter[str]]


class StatisticsRecorder:
    """Subscribe ``hear`` to a bus, and keep the context open while events may come; leaving it stores the rest.

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
        self._names, self._queues = Names(names), Names(names)
        self._lock = Lock()
        self._minutes: dict[datetime, Sums] = {}
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
            sums = self._of_minute(floor(events[0].at, MINUTE))
            self._count_ends(sums, [event for event in events if type(event) is TaskEvent])
            for event in events:
                if type(event) is TaskPut:
                    self._counts(sums, event.queue, event.name)[statistics.PUT] += 1

    def _of_minute(self, minute: datetime) -> Sums:
        sums = self._minutes.get(minute)
        if sums is None:
            sums = self._minutes[minute] = {}
            if len(self._minutes) > WAITING_MINUTES:
                del self._minutes[min(self._minutes)]
        return sums

    def _counts(self, sums: Sums, queue: str, name: str) -> Counter[str]:
        counts = sums.get((queue, name))
        if counts is None:
            place = self._queues(queue), self._names(name)
            counts = sums.setdefault(place, Counter())
        return counts

    def _count_ends(self, sums: Sums, events: Sequence[TaskEvent]) -> None:
        """Neighbours are mostly of one kind, so what was looked up for the last event is kept: this runs once a task,
        and an enum's hash alone costs as much as all the rest."""
        kind = word = last_name = last_queue = None
        counts = Counter[str]()
        for _, what, _, name, queue, _, _, duration, wait, error in events:
            if what is not kind:
                kind, word = what, COUNTED.get(what)
            if word is None:
                continue
            if name != last_name or queue != last_queue:
                last_name, last_queue, counts = name, queue, self._counts(sums, queue, name)
            counts[statistics.FAILED if error is not None and what is Event.REPEAT else word] += 1
            if duration is not None:
                counts[RUN_WORDS[bisect_left(BOUNDS, duration)]] += 1
            if wait is not None:
                counts[WAIT_WORDS[bisect_left(BOUNDS, wait)]] += 1

    async def flush(self) -> None:
        """Store what was counted since the last time; nothing is forgotten while the store is away.

        Raises:
            StoreError: it was not stored, and will be offered again.
        """
        with self._lock:
            taken, self._minutes = self._minutes, {}
        if not taken:
            return
        try:
            await self._store.add_counts(timed_counts(taken))
        except BaseException:  # cancelled too: the flush at the end will store it
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
