"""How many tasks there are, asked once for all who look within the same second."""

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

    async def counts(self) -> Counts | None:
        """The counts, or the last ones that were known while the store is away; None when there are none at all."""
        now = self._clock.now()
        if self._asked_at is None or abs(now - self._asked_at) >= KEPT:
            await self.count()
        return self.latest

    async def count(self) -> None:
        """Ask anew, for who knows that something has changed."""
        if self._tasks is None:
            return
        self._asked_at = now = self._clock.now()
        try:
            self.latest = await self._tasks.counts()
        except StoreError:
            self.down_since = self.down_since or now
        else:
            self.down_since = None


def by_phase(counts: Counts) -> dict[str, int]:
    """The numbers of all queues together."""
    phases: dict[str, int] = {}
    for queue in counts.by_queue.values():
        for phase, number in queue.items():
            phases[phase] = phases.get(phase, 0) + number
    return phases
