"""Windows in this process, bounded in memory.

``limits`` has such a storage too. It walks through all keys at every hit, and knows neither a bound nor another clock
than the machine's: whoever sends from many addresses would make every request slow, and then fill the memory.
"""

from collections import OrderedDict, deque

from taskcore.clock import Clock, SystemClock
from taskcore.ratelimit.rate import Rate
from taskcore.ratelimit.windows import Usage

MAX_KEYS = 100_000


class MemoryWindows:
    """``Windows`` for one process; beyond ``max_keys`` the key that was used least recently is forgotten."""

    def __init__(self, clock: Clock | None = None, *, max_keys: int = MAX_KEYS) -> None:
        self._clock = clock or SystemClock()
        self._max_keys = max_keys
        self._events: OrderedDict[tuple[str, Rate], deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._events)

    async def take(self, key: str, rate: Rate) -> Usage:
        now = self._clock.monotonic()
        events = self._current(key, rate, now)
        taken = len(events) < rate.limit
        if taken:
            events.append(now)
            self._keep(key, rate, events, now)
        return self._usage(events, rate, now, taken=taken)

    async def look(self, key: str, rate: Rate) -> Usage:
        now = self._clock.monotonic()
        return self._usage(self._current(key, rate, now), rate, now, taken=False)

    async def clear(self, key: str, rate: Rate) -> None:
        self._events.pop((key, rate), None)

    def _current(self, key: str, rate: Rate, now: float) -> deque[float]:
        events = self._events.get((key, rate))
        if events is None:
            return deque()
        while events and events[0] <= now - rate.seconds:
            events.popleft()
        if not events:
            del self._events[key, rate]
        return events

    def _keep(self, key: str, rate: Rate, events: deque[float], now: float) -> None:
        self._events[key, rate] = events
        self._events.move_to_end((key, rate))
        # Two at a time: what has run out goes faster than it comes, and no call ever walks through everything.
        for _ in range(2):
            oldest = next(iter(self._events))
            if len(self._events) > self._max_keys or self._events[oldest][-1] <= now - oldest[1].seconds:
                del self._events[oldest]

    @staticmethod
    def _usage(events: deque[float], rate: Rate, now: float, *, taken: bool) -> Usage:
        return Usage(taken, len(events), events[0] + rate.seconds - now if events else 0.0)
