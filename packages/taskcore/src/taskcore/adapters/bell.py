"""How one thread tells a coroutine on another thread's event loop that something happened."""

import asyncio
from contextlib import suppress


class Bell:
    """Made by the coroutine that listens; any thread may ring. Rings that nobody heard yet are heard as one."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def ring(self) -> None:
        # A listener whose loop was closed without a goodbye is no reason to fail the one who rings.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._event.set)

    async def heard(self) -> None:
        """Wait for a ring, and forget it."""
        await self._event.wait()
        self._event.clear()
