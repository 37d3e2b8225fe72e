"""Tells a registry every few seconds that a worker is there, so that people can see it. Nothing depends on it."""

import hashlib
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from taskcore.clock import Clock, SystemClock
from taskcore.engine.handlers import Handler
from taskcore.engine.periodic import Periodic
from taskcore.engine.worker import Worker
from taskcore.errors import StoreError
from taskcore.models import WorkerInfo, WorkerState
from taskcore.ports import WorkerRegistry

log = logging.getLogger("taskcore.engine")

EVERY = timedelta(seconds=3)
FORGET_AFTER = timedelta(hours=1)
"""A worker that died without a word is shown as silent for so long."""
SHOWN_HANDLERS = 200


class Presence:
    """Keep the context open around ``worker.run()``; leaving it takes the worker off the list.

    Args:
        handlers: what the worker can run now; None where nobody can list it.
        version: of the program, for people.
    """

    def __init__(
        self,
        worker: Worker,
        registry: WorkerRegistry,
        *,
        handlers: Callable[[], Iterable[Handler]] | None = None,
        version: str = "",
        every: timedelta = EVERY,
        forget_after: timedelta = FORGET_AFTER,
        clock: Clock | None = None,
    ) -> None:
        self._worker, self._registry, self._handlers, self._version = worker, registry, handlers, version
        self._forget_after = forget_after
        self._started_at = (clock or SystemClock()).now()
        self._periodic = Periodic(self.tick, every, "presence")

    async def __aenter__(self) -> Self:
        await self._try(self.tick())
        await self._periodic.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._periodic.__aexit__(kind, error, trace)
        await self._try(self._registry.forget(self._worker.id))

    async def _try(self, told: Awaitable[object]) -> None:
        """No worker fails to start or to stop because nobody could be told of it."""
        try:
            await told
        except StoreError as error:
            log.warning("presence: %s", error, extra={"event": "store_unavailable"})

    async def tick(self) -> None:
        """Tell once."""
        await self._registry.sight(self.info(), self._forget_after)

    def info(self) -> WorkerInfo:
        """What the worker says of itself now."""
        worker, tally = self._worker, self._worker.tally
        handlers = None if self._handlers is None else sorted(self._handlers(), key=lambda each: each.name)
        return WorkerInfo(
            id=worker.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=self._version,
            queues=worker.options.queues,
            state=WorkerState.DRAINING if worker.stopping else WorkerState.ONLINE,
            slots=worker.options.concurrency,
            running=worker.running,
            processed=tally.succeeded + tally.failed + tally.retried + tally.cancelled,
            failed=tally.failed,
            memory=resident_bytes(),
            registry=None if handlers is None else digest(handlers),
            handlers=() if handlers is None else tuple(each.name for each in handlers[:SHOWN_HANDLERS]),
            started_at=self._started_at,
        )


def digest(handlers: Iterable[Handler]) -> str:
    """A short text that two processes share when their handlers have the same names and versions."""
    lines = sorted(f"{each.name}\n{each.version or ''}\n{each.mode}" for each in handlers)
    return hashlib.sha256("\n\n".join(lines).encode()).hexdigest()[:12]


def resident_bytes() -> int | None:
    """Memory of this process; on systems without ``/proc`` the most it ever had; None where nobody can say."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource  # there is none on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
