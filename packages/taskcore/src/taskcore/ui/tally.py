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
        if self._tasks is None or (self._asked_at is not None and abs(now - self._asked_at) < KEPT):
            return self.latest
        self._asked_at = now
        try:
            self.latest = await self._tasks.counts()
        except StoreError:
            self.down_since = self.down_since or now
        else:
            self.down_since = None
        return self.latest
