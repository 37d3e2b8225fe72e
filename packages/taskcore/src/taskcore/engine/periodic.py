"""A loop is a ``tick`` that somebody repeats; this is the somebody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from taskcore.errors import StoreUnavailable

log = logging.getLogger("taskcore.engine")


class Periodic:
    """Calls ``tick`` once every ``every`` while the context is open.

    A tick that fails is logged, and the next one comes in its time: one bad answer of a store must not end a loop
    for good. Ticks never overlap. Leaving the context waits for no tick.
    """

    def __init__(self, tick: Callable[[], Awaitable[object]], every: timedelta, name: str) -> None:
        self._tick = tick
        self._every = every.total_seconds()
        self._name = name
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._repeat(), name=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                await self._tick()
            except StoreUnavailable as error:
                log.warning("%s: %s", self._name, error, extra={"event": "store_unavailable"})
            except Exception:
                log.exception("%s failed; it goes on at its next turn", self._name, extra={"event": "tick_failed"})
