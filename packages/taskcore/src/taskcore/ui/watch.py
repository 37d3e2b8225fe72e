"""Asks the source whether anything has changed, while anybody listens, and tells all who do: once a second, or, where
the source tells of changes, at once and every other second.

However many pages are open, one task of one process asks. What it tells is little: new counts, and the advice to look
again; what changed, each page then asks for itself, with its own reader's permissions.
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress

from starlette.requests import Request

from taskcore.clock import Clock
from taskcore.errors import TaskcoreError
from taskcore.ports import ChangeAlerts
from taskcore.ui.source import ChangesPart
from taskcore.ui.tally import Tally, by_phase
from taskcore.web.sse import ALL, Broadcaster, EventStream

logger = logging.getLogger(__name__)

COUNTS = "counts"
CHANGED = "changed"
STORE = "store"
TOPICS = frozenset({COUNTS, CHANGED, STORE})
EVERY, AT_LEAST = 1.0, 0.25
"""Seconds between two questions, at the most and at the least ..."""
UNTOLD = 2.0
"""... and at the most where the source tells of changes: for those of which nobody tells."""


class Watch:
    """The streams of one dashboard, and who feeds them."""

    def __init__(self, changes: ChangesPart | None, tally: Tally, clock: Clock) -> None:
        self._changes, self._tally = changes, tally
        self._broadcaster = Broadcaster(clock=clock)
        self._watcher: asyncio.Task[None] | None = None
        self._revision: str | None = None
        self._told: dict[str, int] | None = None
        self._answers: bool | None = None

    @property
    def position(self) -> str:
        """Where the stream stands, for a page that is being made."""
        return self._broadcaster.position

    def stream(self, request: Request, topics: Collection[str]) -> EventStream:
        """The answer to somebody who listens."""
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="dashboard-watch")
        self._told = self._answers = None  # whoever comes new wants to hear them, too
        return self._broadcaster.stream(request, topics)

    async def _watch(self) -> None:
        """Ask while anybody listens, and a little longer: a page that reloads is gone for a moment."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._broadcaster.until_watched()
            if not self._broadcaster.streams:
                return
            change = asyncio.create_task(self._change())  # first, as it may come while the source is asked
            try:
                await self._look()
                await asyncio.sleep(AT_LEAST)
                await change
            finally:
                change.cancel()

    async def _change(self) -> None:
        """Return when it is time to ask again."""
        if isinstance(self._changes, ChangeAlerts):
            await self._changes.wait_for_change(UNTOLD)
        else:
            await asyncio.sleep(EVERY)

    async def _look(self) -> None:
        assert self._changes is not None  # noqa: S101 - there is no stream otherwise
        try:
            revision = await self._changes.revision()
        except TaskcoreError:
            self._tell_whether_it_answers(False)
            return
        except Exception:
            logger.exception("asking whether anything has changed failed")
            return
        self._tell_whether_it_answers(True)
        if revision != self._revision:
            self._revision = revision
            self._broadcaster.invalidate(ALL)
        await self._tell_counts()  # they lag behind where counting is dear, so also when nothing has changed since

    def _tell_whether_it_answers(self, answers: bool) -> None:
        """Or pages would look as if they were up to date, while nobody knows."""
        if answers != self._answers:
            self._answers = answers
            self._broadcaster.publish(STORE, {"answers": answers})

    async def _tell_counts(self) -> None:
        await self._tally.count()
        counts = self._tally.latest
        if counts is None:
            return
        phases = by_phase(counts)
        if phases != self._told:
            self._told = phases
            self._broadcaster.publish(COUNTS, phases)
