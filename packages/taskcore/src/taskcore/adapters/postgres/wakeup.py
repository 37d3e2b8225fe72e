"""How those that wait learn of new work and of other changes. A notification is a hint: who misses one polls.

PostgreSQL hands out notifications one transaction at a time, for the whole server. So a store that puts tasks in quick
succession tells of the first at its commit, and of all that follow within ``PAUSE`` together, after their commits. Of
other changes it tells afterwards, and seldom, on a channel of their own: people watch them.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg

from taskcore.adapters.bell import Bell
from taskcore.adapters.postgres.database import SETTINGS, Database
from taskcore.adapters.postgres.errors import AWAY
from taskcore.errors import StoreError

PAUSE = 0.005
"""Seconds between two notifications of one store."""

CHANGES_PAUSE = 0.25
"""Seconds between two notifications of changes, of one store."""

RECONNECT = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Seconds before the next try to listen again, the last one for ever after."""

NOTIFY = "SELECT pg_notify('{p}_work', $1)"
# Nobody who was told of a change asks for more than the tables say, so nobody waits for a disk here.
_NOTIFY_CHANGE = """
SELECT set_config('synchronous_commit', 'off', true), pg_notify(channel, '') FROM unnest($1::text[]) AS channel"""
_MOST = 2000
"""Characters of a notification; PostgreSQL takes 8,000 bytes."""


class Announcements:
    """Says which of this store's notifications are sent, and sends those that were held back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._quiet_until = 0.0
        self._held: set[str] = set()
        self._sending: asyncio.Task[None] | None = None

    @contextmanager
    def of(self, queues: set[str]) -> Iterator[str | None]:
        """What to tell at the commit of tasks in ``queues``; None when they will be told of together with more.

        That is after the block: news of what is not committed yet would be forgotten before there is something to find.
        """
        due = set[str]()
        if queues and self._loop.time() >= self._quiet_until:
            self._quiet_until = self._loop.time() + PAUSE
            due, self._held = self._held | queues, set()
        untold = queues | due  # Unless the block succeeds; what others had held back must not go down with it.
        try:
            yield told(due) if due else None
            untold = queues - due
        finally:
            self._hold(untold)

    def _hold(self, queues: set[str]) -> None:
        self._held |= queues
        if self._held and self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        """Tell what is held back, unless a later put has taken it along."""
        while self._held:
            await asyncio.sleep(2 * PAUSE)
            if self._held and self._loop.time() >= self._quiet_until:
                await self._flush()
        self._sending = None

    async def _flush(self) -> None:
        queues, self._held = self._held, set()
        try:
            await self._database.fetch(NOTIFY, told(queues))
        except StoreError:
            return  # Who waits polls as well.
        except asyncio.CancelledError:
            self._held |= queues
            raise

    async def close(self) -> None:
        """Send what is held back."""
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
            await asyncio.wait([sending])
        if self._held:
            await self._flush()


class ChangeNotices:
    """Says that something has changed: of the first change at once, and of those that follow together.

    Args:
        elsewhere: a channel on which others listen, who know of no other; "" is none.
    """

    def __init__(self, database: Database, elsewhere: str = "") -> None:
        self._database = database
        self._elsewhere = elsewhere
        self._untold = False
        self._telling: asyncio.Task[None] | None = None

    def note(self) -> None:
        """Something has changed."""
        self._untold = True
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    def note_put(self) -> None:
        """Tasks were put, of which ``Announcements`` tell all but those elsewhere."""
        if self._elsewhere:
            self.note()

    async def _tell(self) -> None:
        while self._untold:
            await self._flush()
            await asyncio.sleep(CHANGES_PAUSE)
        self._telling = None

    async def _flush(self) -> None:
        self._untold = False
        channels = [f"{self._database.prefix}_changes", *filter(None, [self._elsewhere])]
        try:
            await self._database.fetch(_NOTIFY_CHANGE, channels)
        except StoreError:
            return  # Who watches looks now and then anyway.
        except asyncio.CancelledError:
            self._untold = True
            raise

    async def close(self) -> None:
        """Tell what is not told yet."""
        telling, self._telling = self._telling, None
        if telling is not None:
            telling.cancel()
            await asyncio.wait([telling])
        if self._untold:
            await self._flush()


def told(queues: Iterable[str]) -> str:
    """A notification of work in ``queues``; "" concerns everybody."""
    text = json.dumps(sorted(set(queues)))
    return text if len(text) <= _MOST else ""


class Listener:
    """Rings the bells of those for whose queues there is news. Its connection begins with the first that waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[Bell, frozenset[str] | None] = {}
        self._watching = set[Bell]()
        self._listening: asyncio.Task[None] | None = None
        self._closed = False

    def wait(self, queues: Sequence[str] | None) -> Bell:
        """A bell that rings with every notification of work in ``queues``, or in any, until ``forget``."""
        bell = Bell()
        self._waiting[bell] = None if queues is None else frozenset(queues)
        self._begin()
        return bell

    def watch(self) -> Bell:
        """A bell that rings with every notification of work or of another change, until ``forget``."""
        bell = self.wait(None)
        self._watching.add(bell)
        return bell

    def _begin(self) -> None:
        if self._listening is None and not self._closed:
            self._listening = asyncio.create_task(self._listen())

    def forget(self, bell: Bell) -> None:
        """Ring it no more."""
        self._waiting.pop(bell, None)
        self._watching.discard(bell)

    async def close(self) -> None:
        """End the connection, and begin no other."""
        self._closed = True
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen(self) -> None:
        """Listen, and listen again when the connection is lost."""
        failures = 0
        while True:
            with suppress(*AWAY, asyncpg.PostgresError):
                await self._listen_once()
                failures = 0
            await asyncio.sleep(RECONNECT[min(failures, len(RECONNECT) - 1)])
            failures += 1

    async def _listen_once(self) -> None:
        """Return when the connection is lost."""
        lost = asyncio.Event()
        patience = self._database.patience
        connection = await asyncpg.connect(
            self._database.url, timeout=patience, command_timeout=patience, server_settings=SETTINGS
        )
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(f"{self._database.prefix}_work", self._heard)
            await connection.add_listener(f"{self._database.prefix}_changes", self._heard_of_change)
            self._ring(self._waiting)  # What came while nobody listened was not heard.
            await self._until_lost(connection, lost)
        finally:
            connection.terminate()

    async def _until_lost(self, connection: Any, lost: asyncio.Event) -> None:
        """A network that swallows everything is noticed by a question now and then."""
        while not lost.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), self._database.patience)
                return
            await connection.execute("SELECT", timeout=self._database.patience)

    def _heard(self, connection: object, process: int, channel: str, payload: object) -> None:
        queues = None
        with suppress(ValueError, TypeError):
            queues = frozenset(json.loads(str(payload)))
        self._ring(
            [bell for bell, wanted in self._waiting.items() if queues is None or wanted is None or wanted & queues]
        )

    def _heard_of_change(self, connection: object, process: int, channel: str, payload: object) -> None:
        self._ring(self._watching)

    @staticmethod
    def _ring(bells: Iterable[Bell]) -> None:
        for bell in bells:
            bell.ring()
