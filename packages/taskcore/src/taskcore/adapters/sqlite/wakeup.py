"""How a waiting worker learns of new work: a bell within the process, a glance at the file now and then beyond it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock

from taskcore.adapters.memory.bell import Bell
from taskcore.adapters.sqlite.lane import Lane
from taskcore.adapters.sqlite.reading import has_work

GLANCE = 0.02
"""Seconds between two looks. One takes some 20 microseconds, so that a waiting worker costs next to nothing."""


class Doorbell:
    """Whoever waits here wakes when this process puts tasks, and soon when another one does or a task becomes due."""

    def __init__(self, reader: Lane) -> None:
        self._reader = reader
        self._bells: set[Bell] = set()
        self._lock = Lock()

    def ring(self) -> None:
        with self._lock:
            for bell in self._bells:
                bell.ring()

    async def wait(self, queues: Sequence[str], timeout: float) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + timeout
        with self._listening() as bell:
            while not await self._reader.run(has_work, queues):
                left = give_up_at - loop.time()
                if left <= 0:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, GLANCE)):
                        await bell.heard()

    @contextmanager
    def _listening(self) -> Iterator[Bell]:
        bell = Bell()
        with self._lock:
            self._bells.add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells.discard(bell)
