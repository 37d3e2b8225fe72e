"""How ``Storage`` tells a program that tasks have changed."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from taskcore.errors import StoreUnavailable

from lapinq.service import Service

log = logging.getLogger("lapinq.storage")


class StoredChanges:
    """Whoever wants to hear of changes: one listener at a time."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._listening: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def listen_for_changes(self, callback: Callable[[], Any]) -> None:
        """Call ``callback()`` after tasks have changed, until ``stop_listening``: soon, and once for many of them.

        It may be called without a change too. A coroutine function is awaited.
        """
        await self.stop_listening()
        self._stop.clear()
        self._listening = asyncio.create_task(self._listen(callback, await self._revision()))

    async def stop_listening(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            self._stop.set()
            await listening

    async def _listen(self, callback: Callable[[], Any], seen: str | None) -> None:
        while not await self._stopped_within(0.1):
            await self.service.store.wait_for_change(0.25)
            if (now := await self._revision()) is not None and now != seen:
                seen = now
                await _told(callback)

    async def _stopped_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()

    async def _revision(self) -> str | None:
        """None while the database is away."""
        try:
            return await self.service.store.revision()
        except StoreUnavailable:
            return None


async def _told(callback: Callable[[], Any]) -> None:
    """An error of the program's own ends neither its listening nor, later, its ``close``."""
    try:
        if asyncio.iscoroutine(telling := callback()):
            await telling
    except Exception:
        log.exception("what listens for changes has failed")
