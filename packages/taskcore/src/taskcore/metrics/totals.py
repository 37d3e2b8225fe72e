"""What all processes did, out of the counts they left in the store: one exporter can speak for a whole fleet."""

from collections import Counter
from datetime import datetime, timedelta

from taskcore.clock import Clock
from taskcore.counting import Sums
from taskcore.models import HOUR
from taskcore.ports import StatisticsStore
from taskcore.statistics import floor

SINCE = timedelta(days=90)
LOOK_BACK = timedelta(hours=2)
"""An hour grows while it lasts, and a little longer: a process stores what it counted up to some seconds late."""

_Key = tuple[datetime, str, str, str]


class StoredTotals:
    """Sums that only grow, although old counts are pruned: what was read once is remembered, and growth added."""

    def __init__(self, store: StatisticsStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._recent: dict[_Key, int] = {}
        self._from: datetime | None = None
        self.sums: Sums = {}

    async def refresh(self) -> None:
        """Read what is new; everything, the first time."""
        now = self._clock.now()
        since = self._from or floor(now - SINCE, HOUR)
        for each in await self._store.timed_counts(HOUR, since, now + HOUR):
            key = each.at, each.queue, each.name, each.what
            grown = each.count - self._recent.get(key, 0)
            if grown > 0:
                self._recent[key] = each.count
                self.sums.setdefault((each.queue, each.name), Counter())[each.what] += grown
        self._from = floor(now - LOOK_BACK, HOUR)
        self._recent = {key: count for key, count in self._recent.items() if key[0] >= self._from}
