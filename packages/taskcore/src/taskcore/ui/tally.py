"""How many tasks there are, asked once for all who look within the same second."""

import asyncio
from datetime import datetime, timedelta

from taskcore.clock import Clock
from taskcore.errors import StoreError
from taskcore.ui.models import Counts
from taskcore.ui.source import TaskPart

KEPT = timedelta(seconds=1)


class Tally:
    """The newest counts, at most a second old, and since when the store has not answered."""

    def __init__(self, tasks: TaskPart | None, clock: Clock) -> None:
        self._tasks, self._clock = tasks, clock
        self.latest: Counts | None = None
        self._asked_at: datetime | None = None
        self.down_since: datetime | None = None
        self._asking = asyncio.Lock()

    async def counts(self) -> Counts | None:
        """The counts, or the last ones that were known while the store is away; None when there are none at all.

        Who comes while somebody asks has the last ones too, or waits for the first: what one may see depends on them.
        """
        if self._asking.locked() and self.latest is not None:
            return self.latest
        async with self._asking:
            if self._asked_at is None or abs(self._clock.now() - self._asked_at) >= KEPT:
                await self._ask()
        return self.latest

    async def count(self) -> None:
        """Ask anew, for who knows that something has changed."""
        async with self._asking:
            await self._ask()

    async def _ask(self) -> None:
        if self._tasks is None:
            return
        now = self._clock.now()
        try:
            self.latest = await self._tasks.counts()
        except StoreError:
            self.down_since = self.down_since or now
        else:
            self.down_since = None
        self._asked_at = now


def by_phase(counts: Counts) -> dict[str, int]:
    """The numbers of all queues together."""
    phases: dict[str, int] = {}
    for queue in counts.by_queue.values():
        for phase, number in queue.items():
            phases[phase] = phases.get(phase, 0) + number
    return phases
