"""The limiter: one rate, many keys, and what happens when nobody remembers."""

import logging
import math
from dataclasses import dataclass
from enum import Enum, auto

from taskcore.clock import Clock, SystemClock
from taskcore.errors import StoreUnavailable
from taskcore.ratelimit.memory import MemoryWindows
from taskcore.ratelimit.rate import Rate
from taskcore.ratelimit.windows import Usage, Windows

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""How long a store that did not answer is left alone, so that an outage does not slow every request down."""


class Outage(Enum):
    """What to do while the windows cannot be reached."""

    COUNT_HERE = auto()
    """Count in this process until they are back: each process then allows the whole rate."""
    ALLOW = auto()
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may happen now. ``retry_after`` is in whole seconds, 0 when allowed; ``remaining`` of ``limit``."""

    allowed: bool
    limit: int
    remaining: int
    retry_after: int = 0


class RateLimiter:
    """Allows each key ``rate.limit`` hits in any ``rate.seconds``. Keys are any text, their kind first."""

    def __init__(
        self,
        windows: Windows,
        rate: Rate,
        *,
        outage: Outage = Outage.COUNT_HERE,
        clock: Clock | None = None,
    ) -> None:
        self.rate = rate
        self._windows = windows
        self._outage = outage
        self._clock = clock or SystemClock()
        self._here = MemoryWindows(self._clock)
        self._away_until: float | None = None

    async def hit(self, key: str) -> Verdict:
        """Count one event of ``key``; a refused one does not count."""
        usage = await self._ask(key, count=True)
        return self._verdict(usage, allowed=usage.taken)

    async def look(self, key: str, *, room_for: int = 1) -> Verdict:
        """Whether ``room_for`` more events of ``key`` would be allowed, without counting one."""
        usage = await self._ask(key, count=False)
        return self._verdict(usage, allowed=usage.used + room_for <= self.rate.limit)

    async def reset(self, key: str) -> None:
        """Forget what ``key`` has used."""
        await self._here.clear(key, self.rate)
        if not self._is_away():
            try:
                await self._windows.clear(key, self.rate)
            except StoreUnavailable as error:
                self._went_away(error)

    async def _ask(self, key: str, *, count: bool) -> Usage:
        if not self._is_away():
            try:
                usage = await self._asked(self._windows, key, count=count)
            except StoreUnavailable as error:
                self._went_away(error)
            else:
                self._came_back()
                return usage
        return await self._without(key, count=count)

    async def _without(self, key: str, *, count: bool) -> Usage:
        match self._outage:
            case Outage.COUNT_HERE:
                return await self._asked(self._here, key, count=count)
            case Outage.ALLOW:
                return Usage(taken=True, used=0, frees_in=0.0)
            case Outage.REFUSE:
                return Usage(taken=False, used=self.rate.limit, frees_in=RETRY_SECONDS)

    async def _asked(self, windows: Windows, key: str, *, count: bool) -> Usage:
        return await (windows.take if count else windows.look)(key, self.rate)

    def _verdict(self, usage: Usage, *, allowed: bool) -> Verdict:
        remaining = max(0, self.rate.limit - usage.used)
        return Verdict(allowed, self.rate.limit, remaining, 0 if allowed else max(1, math.ceil(usage.frees_in)))

    def _is_away(self) -> bool:
        return self._away_until is not None and self._clock.monotonic() < self._away_until

    def _went_away(self, error: StoreUnavailable) -> None:
        if self._away_until is None:
            logger.warning("rate limits: %s; meanwhile: %s", error, self._outage.name.lower().replace("_", " "))
        self._away_until = self._clock.monotonic() + RETRY_SECONDS

    def _came_back(self) -> None:
        if self._away_until is not None:
            logger.info("rate limits: the store answers again")
            self._away_until = None
