"""What running handlers tell, collected and stored in batches."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from taskcore.clock import Clock
from taskcore.engine.context import Line, Progress, TaskContext, Told
from taskcore.engine.execution.run import cut, printable
from taskcore.errors import InvalidInput, StoreError, StoreUnavailable
from taskcore.lease import Fence
from taskcore.models import LogLine, Report
from taskcore.ports import TaskWork

log = logging.getLogger("taskcore.engine")

Entry = tuple[TaskContext, datetime, Told]

MAX_WAITING = 100_000
"""Entries kept while the store is away; beyond that the oldest are dropped."""


MOST_LINES = 10_000
"""Lines that one attempt may leave; a handler that logs without end would fill the store."""
LONGEST_LINE = 16_384
"""Characters, also of the word on how far the work is."""


class Reports:
    """``tell`` is called from any thread, ``flush`` on the engine's."""

    def __init__(self, store: TaskWork, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._waiting: deque[Entry] = deque(maxlen=MAX_WAITING)
        self._flushing = asyncio.Lock()

    def tell(self, context: TaskContext, told: Told) -> None:
        """Keep something for the next flush."""
        if isinstance(told, Line):
            count = context.lines = context.lines + 1  # once, as other threads of the handler may count beside this one
            if count > MOST_LINES:
                return
            told = Line(told.level, cut(told.message, LONGEST_LINE)) if count < MOST_LINES else _LAST
        elif told.note is not None:
            told = Progress(told.fraction, cut(told.note, LONGEST_LINE))
        self._waiting.append((context, self._clock.now(), told))

    async def flush(self) -> None:
        """Store what was told, also what another flush has begun with: a report that the end of its run overtakes is
        refused.

        What a store that is away did not take is kept; what is refused is dropped.
        """
        async with self._flushing:
            if self._waiting:
                await self._flush()

    async def _flush(self) -> None:
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            await self._store.report(collect(entries))
        except (StoreUnavailable, asyncio.CancelledError):
            self._waiting.extendleft(reversed(entries))
            raise
        except (StoreError, InvalidInput):
            log.exception("the store refuses what handlers told; it is dropped")


_LAST = Line("WARNING", f"more than {MOST_LINES - 1:,} lines: the rest of this attempt is left out")


def collect(entries: Iterable[Entry]) -> list[Report]:
    """One report a run: the newest progress, all lines."""
    by_fence: dict[Fence, list[tuple[datetime, Told]]] = {}
    for context, at, told in entries:
        by_fence.setdefault(context.task.fence, []).append((at, told))
    return [_report(fence, told) for fence, told in by_fence.items()]


def _report(fence: Fence, entries: list[tuple[datetime, Told]]) -> Report:
    progress = next((told for _, told in reversed(entries) if isinstance(told, Progress)), None)
    lines = tuple(
        LogLine(task=fence.task, attempt=fence.attempt, at=at, level=told.level, message=printable(told.message))
        for at, told in entries
        if isinstance(told, Line)
    )
    if progress is None:
        return Report(fence=fence, lines=lines)
    return Report(fence=fence, progress=progress.fraction, note=progress.note and printable(progress.note), lines=lines)
