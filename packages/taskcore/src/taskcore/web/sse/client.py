"""One browser that listens: a short queue, and what becomes of one who does not read."""

import asyncio
from collections import deque
from collections.abc import Collection

QUEUE = 100


class Client:
    """What waits to be sent to one stream.

    Attributes:
        owner: whose stream it is, for the limit of streams.
        topics: it hears of; empty is all.
    """

    def __init__(self, owner: str, topics: Collection[str]) -> None:
        self.owner = owner
        self.topics = frozenset(topics)
        self.closing = False
        self._waiting: deque[bytes] = deque()
        self._ready = asyncio.Event()

    def hears(self, topic: str) -> bool:
        return not self.topics or topic in self.topics or topic == "*"

    def push(self, chunk: bytes, resync: bytes) -> None:
        """Let ``chunk`` wait its turn. When too much waits, all of it gives way to ``resync``: look at everything."""
        if len(self._waiting) >= QUEUE:
            self._waiting.clear()
            chunk = resync
        self._waiting.append(chunk)
        self._ready.set()

    def close(self, farewell: bytes) -> None:
        """Send what waits and ``farewell``, and no more."""
        if not self.closing:
            self.closing = True
            self._waiting.append(farewell)
            self._ready.set()

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    async def take(self) -> bytes:
        """Everything that waits, once there is something; empty at the end."""
        if not self._waiting and not self.closing:
            self._ready.clear()
            await self._ready.wait()
        chunk = b"".join(self._waiting)
        self._waiting.clear()
        return chunk
