"""Guessing passwords is slow, and those who know theirs do not notice.

Failures are counted three ways: for a name from one address, so that somebody who guesses locks out nobody but himself;
for one address, whatever names it tries; and for a name, whatever addresses it is tried from. What is refused was not
looked at. Logins that are being verified take up room until they are through: guessing in parallel gains nothing.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from taskcore.auth.digests import digest
from taskcore.auth.text import fold
from taskcore.clock import Clock
from taskcore.errors import TooManyAttempts
from taskcore.ratelimit import MemoryWindows, Rate, RateLimiter, Windows, address_key

PER_NAME_AND_ADDRESS = Rate(5, 60)
PER_ADDRESS = Rate(20, 60)
PER_NAME = Rate(50, 60)


class Attempt:
    """A login that is being verified."""

    good = False

    def succeeded(self) -> None:
        """It does not count, and what failed before it with this name from this address is forgotten."""
        self.good = True


class LoginThrottle:
    """Refuses logins after too many failures.

    Args:
        windows: where failures are counted; in this process unless said otherwise.
    """

    def __init__(
        self,
        windows: Windows | None = None,
        *,
        per_name_and_address: Rate = PER_NAME_AND_ADDRESS,
        per_address: Rate = PER_ADDRESS,
        per_name: Rate = PER_NAME,
        clock: Clock | None = None,
    ) -> None:
        windows = MemoryWindows(clock) if windows is None else windows  # an empty one is false
        rates = {"both": per_name_and_address, "address": per_address, "name": per_name}
        self._limiters = {kind: RateLimiter(windows, rate, clock=clock) for kind, rate in rates.items()}
        self._pending: Counter[str] = Counter()
        self._gate = asyncio.Lock()
        self._over = asyncio.Event()
        self._recording: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def attempt(self, name: str, peer: str | None) -> AsyncIterator[Attempt]:
        """Verify the credentials inside; whatever leaves without ``succeeded()`` is a failure, be it by an error or
        because the client hung up.

        Raises:
            TooManyAttempts: it is refused.
        """
        keys = _keys(name, peer)
        attempt = Attempt()
        await self._admit(keys)
        try:
            yield attempt
        finally:
            try:
                await self._record(keys, good=attempt.good)
            finally:
                self._pending.subtract(keys.values())
                self._pending += Counter()  # drops those at zero
                self._over.set()
                self._over = asyncio.Event()

    async def _admit(self, keys: Mapping[str, str]) -> None:
        """Wait while others are being verified who would, if they failed, use up what is left."""
        while True:
            async with self._gate:
                over = self._over  # before looking: one may end meanwhile, and be the last that does
                if await self._has_room(keys):
                    self._pending.update(keys.values())
                    return
            await over.wait()

    async def _has_room(self, keys: Mapping[str, str]) -> bool:
        room = True
        for kind, key in keys.items():
            verdict = await self._limiters[kind].look(key, room_for=self._pending[key] + 1)
            if not verdict.allowed and not verdict.remaining:
                raise TooManyAttempts(verdict.retry_after)
            room = room and verdict.allowed
        return room

    async def _record(self, keys: Mapping[str, str], *, good: bool) -> None:
        # A task of its own: a client that hangs up cancels the request, and must not thereby guess for free.
        task = asyncio.create_task(self._recorded(keys, good=good))
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)
        await asyncio.shield(task)

    async def _recorded(self, keys: Mapping[str, str], *, good: bool) -> None:
        if good:
            await self._limiters["both"].reset(keys["both"])
        else:
            for kind, key in keys.items():
                await self._limiters[kind].hit(key)


def _keys(name: str, peer: str | None) -> dict[str, str]:
    """Names are folded as the store does, and hashed: what people type there may be their password."""
    who, where = digest(fold(name))[:32], address_key(peer)
    return {"both": f"login:{who}:{where}", "address": f"login:{where}", "name": f"login:{who}"}
