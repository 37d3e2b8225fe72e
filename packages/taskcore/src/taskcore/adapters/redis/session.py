"""What a store needs on one event loop: connections, fresh ids, and the one way to run a script."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, cast

from hiredis import pack_command
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.maint_notifications import MaintNotificationsConfig

from taskcore.adapters.redis.errors import translated
from taskcore.adapters.redis.records import id_of, key_of, micros
from taskcore.adapters.redis.scripts import Script, script
from taskcore.clock import Clock, SystemClock, to_micros
from taskcore.errors import InvalidInput
from taskcore.ids import IdScheme, TaskId, task_ids

Value = str | int

LAYOUT = 2
"""Grows with every change of the keys that an earlier release could not work with. Keys of the one before are brought
to it by ``upgrade.lua``."""

_CONNECTIONS = 20
_PATIENCE = 10.0
"""Seconds to wait for an answer, or for a connection that is free."""
_TO_CONNECT = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is, and how it works there.

    Attributes:
        clock: None for the server's own time.
        within: what stands before the braces in the names of all keys.
    """

    url: str = field(repr=False)  # it may hold a password
    prefix: str
    ids: IdScheme
    clock: Clock | None
    keep: timedelta | None
    within: str = ""

    @property
    def base(self) -> str:
        """What the names of all keys begin with. The braces keep all keys of a store on one server of a cluster."""
        return f"{self.within}{{{self.prefix}}}:"

    @property
    def layout(self) -> str:
        """What the key ``layout`` holds."""
        return f"{LAYOUT} {self.ids.name.lower()}"

    @property
    def layout_before(self) -> str:
        """What it holds where an earlier release was at work."""
        return f"{LAYOUT - 1} {self.ids.name.lower()}"

    @property
    def server(self) -> str:
        """Where it is, without user and password."""
        return server_of(self.url)


def server_of(url: str) -> str:
    """Where a server is, without user and password.

    Raises:
        InvalidInput: the URL names none.
    """
    options = _options(url)
    if "path" in options:
        return f"Redis at {options['path']}"
    where = f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    return f"Redis at {where}/{options.get('db', 0)}"


class _Packing:
    """What the driver sends is put together by hiredis, which takes a tenth of the time."""

    def pack_command(self, *args: Value) -> list[bytes]:
        return [pack_command(args)]  # type: ignore[arg-type]  # its stub says tuple of one


@cache
def _packing(connection: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(f"Packing{connection.__name__}", (_Packing, connection), {})


def _options(url: str) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", parse_url(url))
    except ValueError:
        # Neither the cause nor the URL is shown: both may hold a password.
        raise InvalidInput(
            "a Redis URL looks like redis://user:password@host:6379/0, rediss://... or unix:///path?db=0; got another"
        ) from None


class Session:
    """Of one event loop alone."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.server = place.server
        self.ids, self._clock = place.ids, place.clock
        clock = place.clock or SystemClock()
        self.fresh_ids: Iterator[TaskId] = task_ids(lambda: to_micros(clock.now()) * 1000)
        self._base = place.base
        self._layout = place.layout
        self._keep = "" if place.keep is None else str(micros(place.keep))
        options = _options(place.url)
        # Not the driver's own limit: on Python 3.11 it can lose that its caller is cancelled.
        self._patience = float(options.pop("socket_timeout", _PATIENCE))
        # A script that may have run must not run again by itself, so the driver tries nothing twice.
        self._pool = BlockingConnectionPool(
            **{
                "decode_responses": True,
                "retry": Retry(NoBackoff(), 0),
                "socket_timeout": None,
                "socket_connect_timeout": _TO_CONNECT,
                "timeout": _PATIENCE,
                "max_connections": _CONNECTIONS,
                "protocol": 2,
                "client_name": "taskcore",
                "driver_info": None,
                "maint_notifications_config": MaintNotificationsConfig(enabled=False),
                **options,
                "connection_class": _packing(options.get("connection_class", Connection)),
            }
        )
        self.client: Redis = Redis.from_pool(self._pool)
        self._execute: Callable[..., Awaitable[Any]] = self.client.execute_command

    def name(self, key: str) -> str:
        """The full name of a key."""
        return self._base + key

    def key(self, task: TaskId) -> str:
        """What a task is called in Redis."""
        return key_of(self.ids, task)

    def id(self, key: str) -> TaskId:
        """The task that is called ``key``."""
        return id_of(self.ids, key)

    async def run(self, name: str, *args: Value, layout: str | None = None) -> Any:
        """Run the script ``name``; ``args`` are those that follow the three of ``parts/base.lua``.

        Raises:
            StoreError: the server could not be used.
        """
        return await self._run(name, args, layout or self._layout)

    async def run_with(self, name: str, *heads: Value, rows: Iterable[Iterable[Value]]) -> Any:
        """Run a script that takes ``rows`` of values behind its first ones."""
        args = list(heads)
        for row in rows:
            args += row
        return await self._run(name, args, self._layout)

    async def _run(self, name: str, args: Iterable[Value], layout: str) -> Any:
        what = script(name)
        clock = "" if self._clock is None else to_micros(self._clock.now())
        with translated(self.server, layout):
            return await self._sent(what, clock, layout, args)

    async def _sent(self, what: Script, clock: Value, layout: str, args: Iterable[Value]) -> Any:
        async with asyncio.timeout(self._patience):
            try:
                return await self._execute(
                    "EVALSHA", what.sha, 1, self.name("layout"), clock, layout, self._keep, *args
                )
            except NoScriptError:
                return await self._execute("EVAL", what.text, 1, self.name("layout"), clock, layout, self._keep, *args)

    async def ask(self, command: str, key: str, *args: str | int) -> Any:
        """Run a single command that reads."""
        with translated(self.server):
            async with asyncio.timeout(self._patience):
                return await self._execute(command, self.name(key), *args)

    async def info(self) -> Mapping[str, Any]:
        """What the server says of itself."""
        with translated(self.server):
            async with asyncio.timeout(self._patience):
                return cast("Mapping[str, Any]", await self.client.info())

    async def close(self) -> None:
        """Let go of all connections."""
        await self._pool.aclose()
