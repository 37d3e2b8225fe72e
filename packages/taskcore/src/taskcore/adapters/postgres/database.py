"""Connections to one database, and how statements run on them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import asyncpg

from taskcore.adapters.postgres.errors import PASSING, translated
from taskcore.clock import Clock, to_micros
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.urls import place_of

T = TypeVar("T")
Rows = Sequence[Any]

SETTINGS = {
    "application_name": "taskcore",
    "timezone": "UTC",
    # What the statements are written for, whatever the database or the user have for a default.
    "default_transaction_isolation": "read committed",
    # The statements of a queue run thousands of times a second, on tables that are empty at one moment and full at the
    # next. Plans that follow statistics flip with them; these follow the indexes, always.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
NOW = "SELECT coalesce($1::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)"
"""The server's time, or what a clock says, in microseconds."""
_ALLOW = "SELECT set_config($1, 'on', true)"

_MOST_TEXTS = 500
"""Statements whose text is remembered; searches have many, by what they ask for."""

_TRIES = 5
"""How often a step runs that loses against others; each time all its locks are given back, so others get through."""


class Runner(Protocol):
    """Where a statement runs: each by itself, or all in one transaction.

    Attributes:
        now: microseconds since 1970, where a clock was given; None asks for the server's time.
    """

    @property
    def now(self) -> int | None: ...

    async def fetch(self, sql: str, *parameters: object) -> Rows:
        """Run a statement, in which ``{p}`` stands for the prefix of the tables, and answer its rows."""
        ...


class Database:
    """A pool of connections. It serves the event loop that it was opened on."""

    def __init__(self, url: str, prefix: str, clock: Clock | None, patience: float, connections: int) -> None:
        self.url = checked_url(url)
        self.prefix = prefix
        self.where = _without_secrets(self.url)
        self.patience = patience
        self._clock = clock
        self.connections = connections
        self._pool: asyncpg.Pool | None = None
        self._resident: Any = None
        self._texts: dict[str, str] = {}

    @property
    def now(self) -> int | None:
        return None if self._clock is None else to_micros(self._clock.now())

    async def open(self) -> None:
        """Connect.

        Raises:
            StoreUnavailable: the server cannot be reached, or does not let us in.
        """
        with translated(self.where):
            self._pool = await asyncpg.create_pool(
                self.url,
                min_size=0,  # the driver would restore a floor by itself, and log what it meets
                max_size=max(2, self.connections),  # one may be taken for good
                timeout=self.patience,
                command_timeout=self.patience,
                # A process that stands still in the middle of a step must not keep its locks.
                server_settings=SETTINGS | {"idle_in_transaction_session_timeout": f"{self.patience * 1000:.0f}"},
                reset=_leave_as_it_is,
            )

    async def connect(self) -> Any:
        """A connection beside the pool, which its caller closes. The driver reads the URL by itself, as it knows the
        options of libpq."""
        return await asyncpg.connect(self.url, timeout=self.patience)

    async def close(self) -> None:
        """Let go of the connections, after what is under way. Closing twice is fine."""
        pool, self._pool = self._pool, None
        resident, self._resident = self._resident, None
        if pool is not None:
            try:
                async with asyncio.timeout(self.patience):
                    if resident is not None:
                        await pool.release(resident)
                    await pool.close()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pool.terminate()

    async def fetch(self, sql: str, *parameters: object) -> Rows:
        text = self.text(sql)
        return await self._patiently(lambda: self._fetch(text, parameters))

    async def _fetch(self, text: str, parameters: Sequence[object]) -> Rows:
        """On a connection that stays out of the pool until the next statement, if nobody was quicker: to take one from
        there and to bring it back costs as much as a short statement."""
        pool, self._resident, connection = self._usable(), None, self._resident
        if connection is None or _is_gone(connection):
            connection = await pool.acquire()
        try:
            rows: Rows = await self.answer(connection, text, parameters)
        except BaseException:
            await pool.release(connection)
            raise
        if self._resident is None and self._pool is pool:
            self._resident = connection
        else:
            await pool.release(connection)
        return rows

    async def answer(self, connection: Any, text: str, parameters: Sequence[object]) -> Rows:
        """What the server says on one connection."""
        try:
            rows: Rows = await connection.fetch(text, *parameters)
        except TimeoutError:
            await self._give_up(connection)
            raise
        return rows

    async def _give_up(self, connection: Any) -> None:
        """From a connection that keeps silent no goodbye is awaited either, and none of the others is trusted any more:
        each would be another wait."""
        connection.terminate()
        resident, self._resident = self._resident, None
        if resident is not None:
            resident.terminate()
        await self._usable().expire_connections()

    async def together(self, work: Callable[[Runner], Awaitable[T]]) -> T:
        """Run ``work`` in one transaction, again from its start when it loses against others."""
        return await self._patiently(lambda: self._in_transaction(work))

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Repeat a step that was in the way of others, and had no effect."""
        with translated(self.where):
            for _ in range(_TRIES - 1):
                try:
                    return await step()
                except PASSING:
                    continue
            return await step()

    async def allowing(self, plan: str, sql: str, *parameters: object) -> Rows:
        """Run a statement that looks at much of a table, with ``plan``: one of ``SETTINGS`` that is off otherwise."""

        async def run(transaction: Runner) -> Rows:
            await transaction.fetch(_ALLOW, plan)
            return await transaction.fetch(sql, *parameters)

        return await self.together(run)

    async def _in_transaction(self, work: Callable[[Runner], Awaitable[T]]) -> T:
        async with self._usable().acquire() as connection:
            try:
                async with connection.transaction():
                    return await work(Transaction(self, connection))
            except TimeoutError:  # of its beginning or its end
                await self._give_up(connection)
                raise

    def text(self, sql: str) -> str:
        """The statement with the names of the tables."""
        text = self._texts.get(sql)
        if text is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            text = self._texts[sql] = sql.replace("{p}", self.prefix)
        return text

    def _usable(self) -> "asyncpg.Pool":
        if self._pool is None:
            raise StoreUnavailable(f"the store on {self.where} is closed; open it again")
        return self._pool


class Transaction:
    """A connection on which a transaction is open; its owner ends it."""

    def __init__(self, database: Database, connection: Any) -> None:
        self._database = database
        self._connection = connection

    @property
    def now(self) -> int | None:
        return self._database.now

    async def fetch(self, sql: str, *parameters: object) -> Rows:
        return await self._database.answer(self._connection, self._database.text(sql), parameters)


def _is_gone(connection: Any) -> bool:
    """Whether a connection was lost since its last statement; the pool has taken it back then."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


async def _leave_as_it_is(connection: object) -> None:
    """Our statements change no setting beyond their transaction, so none has to be reset in a round trip of its own."""


def checked_url(url: str) -> str:
    """A URL that asyncpg understands; SQLAlchemy's form with a driver is welcome too.

    Raises:
        InvalidInput: it is for another kind of server, or cannot be read.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("postgres", "postgresql", "postgresql+asyncpg"):
        checked = f"postgresql://{rest}"
        if _has_readable_place(checked):
            return checked
        raise InvalidInput(
            "the URL of a PostgreSQL store cannot be read; it needs the form postgresql://user:password@host:port/"
            "database, with special characters of the password percent-encoded"
        )
    raise InvalidInput(f"a PostgreSQL store needs a URL like postgresql://user@host/database, got {scheme}://...")


def _has_readable_place(url: str) -> bool:
    """Whether hosts and ports are where the driver looks for them; it names what it cannot read, password or not."""
    try:
        place = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return False
    ports = [host.rpartition("]")[2].partition(":")[2] for host in place.split(",")]
    return url.isprintable() and all(not port or (port.isdecimal() and int(port) < 65536) for port in ports)


def _without_secrets(url: str) -> str:
    place = place_of(url)
    return f"postgresql://{'' if place[:1].strip('/') else 'localhost'}{place}"
