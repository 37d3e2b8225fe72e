"""The answer that does not end: what a client is sent, until it leaves, is no longer welcome, or the process stops."""

from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from taskcore.auth.chain import REFUSALS
from taskcore.clock import Clock
from taskcore.errors import StoreUnavailable
from taskcore.web.methods import HEAD
from taskcore.web.principals import principal_of, recognised_again
from taskcore.web.sse.client import Client

SEND_SECONDS = 30
"""How long a client may leave a chunk unread before its stream is cut."""

HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class Room(Protocol):
    """Where streams are while they last."""

    def enter(self, client: Client) -> None: ...

    def leave(self, client: Client) -> None: ...

    def farewell(self, reason: str) -> bytes: ...


class EventStream(Response):
    """Server-sent events of one client. ``recheck`` is how many seconds credentials are trusted."""

    media_type = "text/event-stream"

    def __init__(self, room: Room, client: Client, first: bytes, clock: Clock, recheck: float) -> None:
        super().__init__(None, headers=HEADERS, media_type=self.media_type)
        del self.headers["content-length"]
        self._room, self._client, self._first = room, client, first
        self._clock, self._recheck = clock, recheck
        self._checked = clock.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        if scope["method"] == "HEAD" or HEAD in scope:
            await send(start)
            await send({"type": "http.response.body"})
            return
        self._room.enter(self._client)  # before anybody can know of the stream: it hears of an end that comes at once
        try:
            await send(start)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_until_gone, receive, tasks.cancel_scope)
                await self._pump(scope, send)
                tasks.cancel_scope.cancel()
        finally:
            self._room.leave(self._client)

    async def _pump(self, scope: Scope, send: Send) -> None:
        chunk = self._first
        while await _sent({"type": "http.response.body", "body": chunk, "more_body": True}, send):
            if self._client.closing and self._client.is_idle:
                await send({"type": "http.response.body"})
                return
            chunk = await self._client.take()
            if reason := await self._parting(scope):
                chunk = b""
                self._client.close(self._room.farewell(reason))

    async def _parting(self, scope: Mapping[str, Any]) -> str:
        """Why the stream must end, asked once in a while, as that may need the store: "session", the caller is not who
        they were; "rights", they may do other things by now than when their topics were chosen. "" lets it go on."""
        now, before = self._clock.monotonic(), principal_of(scope)
        if before is None or now - self._checked < self._recheck or self._client.closing:
            return ""
        self._checked = now
        try:
            after = await recognised_again(scope)
        except StoreUnavailable:
            return ""  # while the store is away there is nothing to hear either
        except REFUSALS:
            return "session"
        if after is None or after.id != before.id:
            return "session"
        return "" if after.all_grants == before.all_grants else "rights"


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _sent(message: MutableMapping[str, Any], send: Send) -> bool:
    """Whether the client took it."""
    with anyio.move_on_after(SEND_SECONDS) as patience:
        try:
            await send(message)
        except OSError:
            return False
    return not patience.cancelled_caught
