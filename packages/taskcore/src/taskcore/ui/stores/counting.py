"""Counts that are asked for often and looked up seldom."""

import asyncio
from datetime import datetime, timedelta

from taskcore.clock import Clock
from taskcore.models import QueueCounts
from taskcore.ports import TaskReader
from taskcore.ui.models import Counts

AT_LEAST = 1.0
"""Seconds for which numbers are good enough, however cheap they are."""
TIMES_ITS_COST = 20
"""Counting takes at most a twentieth of the time."""
EXACT_FOR = timedelta(seconds=2)


class CachedCounts:
    """What ``store.counts()`` said last, and since when."""

    def __init__(self, store: TaskReader, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = asyncio.Lock()
        self._found: list[QueueCounts] = []
        self._at: datetime | None = None
        self._good_until = float("-inf")

    async def get(self) -> tuple[list[QueueCounts], datetime]:
        """The counts by queue, and when they were counted; those who ask at the same time share one look."""
        async with self._lock:
            if self._at is None or self._clock.monotonic() >= self._good_until:
                await self._look()
            assert self._at is not None  # noqa: S101 - just looked
            return self._found, self._at

    async def _look(self) -> None:
        begun = self._clock.monotonic()
        self._found = list(await self._store.counts())
        ended = self._clock.monotonic()
        self._at = self._clock.now()
        self._good_until = ended + max(AT_LEAST, TIMES_ITS_COST * (ended - begun))

    async def counts(self) -> Counts:
        """The same as pages show it."""
        found, at = await self.get()
        return Counts(
            by_queue={each.queue: {phase.value: n for phase, n in each.by_phase.items() if n} for each in found},
            oldest_due={each.queue: each.oldest_due for each in found if each.oldest_due is not None},
            counted_at=at,
            exact=self._clock.now() - at <= EXACT_FOR,
        )
