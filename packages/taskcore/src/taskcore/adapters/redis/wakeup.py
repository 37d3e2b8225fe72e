"""How those that wait learn of new work: one subscription an event loop, which the scripts tell of queues."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis.exceptions import RedisError

from taskcore.adapters.redis.session import Session

_PAUSE = 0.2
"""Seconds between two tries to subscribe."""


class Listener:
    """Rings for those who wait on this event loop. The subscription begins with the first of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: dict[asyncio.Event, Sequence[str]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()

    async def wait(self, queues: Sequence[str], timeout: float) -> None:
        """Return when there may be work in ``queues``, or after ``timeout`` seconds.

        Raises:
            StoreError: the server could not be asked.
        """
        try:
            async with asyncio.timeout(timeout):
                with self._bell(queues) as bell:
                    await self._until_ready(queues, bell)
        except TimeoutError:
            return

    async def _until_ready(self, queues: Sequence[str], bell: asyncio.Event) -> None:
        await self._tried.wait()
        while True:
            # Each ring is looked into, since work that is held back is no news.
            bell.clear()
            micros = await self._session.run("peek", *queues)
            if micros == "0":
                return
            try:
                async with asyncio.timeout(None if micros is None else int(micros) / 1_000_000):
                    await bell.wait()
            except TimeoutError:
                return

    @contextmanager
    def _bell(self, queues: Sequence[str]) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._waiting[bell] = queues
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="taskcore-redis-listener")
        try:
            yield bell
        finally:
            del self._waiting[bell]

    async def _listen(self) -> None:
        """Keep the subscription. What happened while there was none is unknown, so everybody looks afterwards."""
        while True:
            try:
                async with self._session.client.pubsub(ignore_subscribe_messages=False) as subscription:
                    await subscription.subscribe(self._session.name("work"))
                    async for message in subscription.listen():
                        self._ring(message["data"] if message["type"] == "message" else None)
                        self._tried.set()
            except (RedisError, OSError):
                self._tried.set()
                await asyncio.sleep(_PAUSE)

    def _ring(self, queue: str | None) -> None:
        for bell, queues in self._waiting.items():
            if queue is None or queue in queues:
                bell.set()

    async def close(self) -> None:
        """End the subscription; those who wait go on to the end of their time."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
