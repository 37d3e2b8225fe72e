"""What the dashboards of a process show, read once for all of them.

While anybody watches, the database tells of changes, wherever they are made, and is asked now and then for what nobody
has told of. What is changed through this server is seen at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.types import ASGIApp, Receive, Scope, Send
from taskcore.errors import TaskcoreError
from taskcore.web.csrf import SAFE_METHODS

from lapinq.numbers import QueueStats
from lapinq.service import Service
from lapinq.tables import Filter
from lapinq.task import Task

ROWS = 20
PAUSE, SELDOM = 0.25, 2.0
"""Seconds between two looks: at the least, however much happens, and at the most."""
MOST_FILTERS = 200


@dataclass(frozen=True, slots=True)
class Look:
    """The newest tasks that meet a filter, and the numbers of all queues."""

    queues: Sequence[QueueStats]
    tasks: Sequence[Task]
    has_more: bool


class Board:
    """Readings that are good until something changes.

    Args:
        service: gives the use cases, of whatever database they are by now.
    """

    def __init__(self, service: Callable[[], Service]) -> None:
        self._service = service
        self._watchers: set[asyncio.Event] = set()
        self._following: asyncio.Task[None] | None = None
        self._poked = asyncio.Event()
        self._revision: str | None = None
        self._queues: asyncio.Future[Sequence[QueueStats]] | None = None
        self._looks: dict[Filter, asyncio.Future[Look]] = {}
        self._ahead = timedelta()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever it is worth looking again; who waits for it clears it.

        Raises:
            StoreUnavailable: the database cannot be reached.
        """
        if not self._watchers:
            self._forget()
            self._ahead = await self._service().now() - datetime.now(UTC)
        wake = asyncio.Event()
        self._watchers.add(wake)
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow(), name="lapinq-board")
        try:
            yield wake
        finally:
            self._watchers.discard(wake)
            if not self._watchers:
                self._poked.set()

    def poke(self) -> None:
        """Something was changed through this server."""
        self._revision = None
        self._poked.set()

    async def close(self) -> None:
        """Stop asking; returns when nothing is asked any more."""
        self._watchers.clear()
        self._poked.set()
        following, self._following = self._following, None
        if following is not None:
            await asyncio.wait([following])

    def now(self) -> datetime:
        """The database's time, as this machine's clock goes on."""
        return datetime.now(UTC) + self._ahead

    async def look(self, wanted: Filter) -> Look:
        """What there is to see; asked for only once by however many, until something has changed.

        Raises:
            StoreUnavailable: the database cannot be reached.
        """
        reading = self._looks.get(wanted)
        if reading is None:
            reading = self._looks[wanted] = asyncio.ensure_future(self._read(wanted))
            reading.add_done_callback(self._failed)
            while len(self._looks) > MOST_FILTERS:
                self._looks.pop(next(iter(self._looks)))
        return await asyncio.shield(reading)  # whoever leaves does not take it from the others

    async def _read(self, wanted: Filter) -> Look:
        if self._queues is None:
            self._queues = asyncio.ensure_future(self._service().queues())
            self._queues.add_done_callback(self._failed)
        queues = await self._queues
        page = await self._service().list(wanted, limit=ROWS)
        return Look(queues, page.items, page.next_cursor is not None)

    def _failed(self, reading: "asyncio.Future[Sequence[QueueStats]] | asyncio.Future[Look]") -> None:
        """What was not read is asked for again by whoever looks next."""
        if reading.cancelled() or reading.exception() is not None:
            self._forget()

    def _forget(self) -> None:
        self._queues = None
        self._looks = {}

    async def _follow(self) -> None:
        while self._watchers:
            # Before the database is asked, or a change in between would not be heard.
            change = asyncio.create_task(self._service().store.wait_for_change(SELDOM))
            await self._ask()
            await self._poked_within(PAUSE)
            poke = asyncio.create_task(self._poked.wait())
            await asyncio.wait([change, poke], return_when=asyncio.FIRST_COMPLETED)
            for waiting in (change, poke):
                waiting.cancel()
            await asyncio.wait([change, poke])
            self._poked.clear()

    async def _poked_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._poked.wait(), seconds)

    async def _ask(self) -> None:
        try:
            revision = await self._service().store.revision()
        except TaskcoreError:
            return  # who looks hears of it
        if revision != self._revision:
            self._revision = revision
            self._forget()
            for wake in self._watchers:
                wake.set()


class TellBoard:
    """Lets dashboards look again after a request that may have changed something."""

    def __init__(self, app: ASGIApp, board: Board) -> None:
        self._app, self._board = app, board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            self._board.poke()
