"""Timed counts as ``taskcore.ports.statistics`` tells it. The caller of a method holds the lock."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from taskcore.clock import Clock
from taskcore.models import TimedCount

_Key = tuple[timedelta, datetime, str, str, str]


class Statistics:
    """What ``StatisticsStore`` does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: Counter[_Key] = Counter()

    def add(self, counts: Sequence[TimedCount]) -> None:
        for each in counts:
            self._counts[each.span, each.at, each.queue, each.name, each.what] += each.count

    def between(
        self, span: timedelta, since: datetime, until: datetime, queue: str | None, name: str | None
    ) -> list[TimedCount]:
        wanted = [key for key in self._counts if key[0] == span and since <= key[1] < until]
        return [
            TimedCount(span=span, at=key[1], queue=key[2], name=key[3], what=key[4], count=self._counts[key])
            for key in sorted(wanted)
            if queue in (None, key[2]) and name in (None, key[3])
        ]

    def prune(self, span: timedelta, older_than: timedelta) -> int:
        before = self._clock.now() - older_than
        old = [key for key in self._counts if key[0] == span and key[1] < before]
        for key in old:
            del self._counts[key]
        return len(old)
