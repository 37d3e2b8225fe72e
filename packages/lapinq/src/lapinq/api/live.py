"""``/ws``: the queues and the newest tasks as HTML, again whenever they look different.

The first message is ``{"type": "auth", "token": "<value of the cookie lapinq_session>"}``. Later ones set filters,
which stay until they are set to ``""`` or null; one that cannot be understood is answered with ``{"error": "..."}``.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from taskcore.auth.authenticators import SessionAuthenticator
from taskcore.auth.chain import Chain, Credentials
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.ratelimit import address_key
from taskcore.web.access import Access
from taskcore.web.documents import parse_json
from taskcore.web.principals import principal_of, set_principal
from taskcore.web.problems import Problem
from taskcore.web.proxies import peer_of
from taskcore.web.sockets import Admission, admitted

from lapinq.api import fragments
from lapinq.api.access import COOKIE
from lapinq.api.desk import Desk, desk_of
from lapinq.tables import Filter

REFUSED = 4_001
"""The close code of a socket whose session is none, or is over."""
FIRST_MESSAGE = 10.0
RECHECK = 20.0
REFRESH = 2.0
"""Seconds for the token to come, between two looks at the session, and between two at what time alone changes."""
LONGEST, LONGEST_VALUE = 16_384, 1_000
KEYS = ("queue", "id", "status", "task_name", "args", "result", "error")


async def live(websocket: WebSocket) -> None:
    """Serve one dashboard until it leaves, or its session ends."""
    desk = desk_of(websocket)
    with desk.sockets.one(), ExitStack() as unknown:
        if not _shows_a_session(websocket):
            unknown.enter_context(desk.sockets.of_stranger(address_key(peer_of(websocket.scope))))
        await _serve(websocket, desk, unknown.close)


def _shows_a_session(websocket: WebSocket) -> bool:
    """By its cookie, as the dashboard does: strangers cannot take its place, though it has to show a token too."""
    principal = principal_of(websocket)
    return principal is not None and principal.via == "session"


async def _serve(websocket: WebSocket, desk: Desk, known: Callable[[], None]) -> None:
    _forget_who_it_is(websocket)
    access = Access(chain=Chain([_Token(desk)]), cookie=COOKIE)
    with suppress(WebSocketDisconnect):
        async with admitted(websocket, access, first_message=FIRST_MESSAGE, recheck=RECHECK, code=REFUSED) as admission:
            known()
            await _Viewer(websocket, desk, admission).serve()


def _forget_who_it_is(websocket: WebSocket) -> None:
    """A cookie, which browsers attach by themselves, opens nothing here."""

    async def nobody() -> None:
        return None

    set_principal(websocket.scope, None, nobody)


class _Token:
    """Recognises the session whose cookie is the token."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        if not credentials.bearer:
            return None
        accounts = await self._desk.accounts()
        return await SessionAuthenticator(accounts).authenticate(Credentials(session=credentials.bearer))


class _Viewer:
    """One socket. Only ``serve`` sends."""

    def __init__(self, websocket: WebSocket, desk: Desk, admission: Admission) -> None:
        self._websocket, self._desk, self._admission = websocket, desk, admission
        self._wanted = Filter()
        self._asked = True
        self._wrong: list[str] = []
        self._shown: dict[str, Any] = {}
        self._wake = asyncio.Event()

    async def serve(self) -> None:
        async with self._desk.board.watched() as self._wake:
            hearing = asyncio.create_task(self._hear())
            try:
                while not hearing.done():
                    await self._tell()
                    await self._woken()
            finally:
                hearing.cancel()
                await asyncio.wait([hearing])
        hearing.result()

    async def _hear(self) -> None:
        """Take filters until the other side leaves."""
        try:
            while (message := await self._websocket.receive())["type"] == "websocket.receive":
                try:
                    self._wanted = narrowed(self._wanted, message.get("text"))
                    self._asked = True
                except InvalidInput as error:
                    self._wrong = [str(error)]
                self._wake.set()
        finally:
            self._wake.set()

    async def _woken(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), REFRESH)
        self._wake.clear()

    async def _tell(self) -> None:
        wrong, self._wrong = self._wrong, []
        for text in wrong:
            await self._websocket.send_json({"error": text})
        asked, self._asked = self._asked, False
        try:
            payload = await self._payload()
        except StoreUnavailable as error:
            payload = {"error": f"the database cannot be reached: {error}"}
        if asked or payload != self._shown:
            self._shown = payload
            await self._websocket.send_json(payload)

    async def _payload(self) -> dict[str, Any]:
        by, board, wanted = self._admission.principal, self._desk.board, self._wanted
        look = await board.look(wanted)
        mine = [stats for stats in look.queues if by.may(Verb.VIEW, Kind.QUEUE, stats.queue_name)]
        narrowed_to = [stats for stats in mine if wanted.queue in (None, stats.queue_name)]
        interval = getattr(self._desk.state, "cleanup_interval", 0)
        return {
            "cards": fragments.cards(narrowed_to, by),
            "table": fragments.table(look.tasks, by, board.now()),
            "queues": [stats.queue_name for stats in mine],
            "user": {"role": by.role, "username": by.name},
            "has_more": look.has_more,
            **({"cleanup_interval": interval} if interval else {}),
        }


def narrowed(wanted: Filter, text: str | None) -> Filter:
    """The filter after a message.

    Raises:
        InvalidInput: it is no object of texts by the names of filters.
    """
    changes: dict[str, Any] = {
        name: _value(name, value) for name, value in _object(text).items() if name not in ("type", "token")
    }
    return replace(wanted, **changes)


def _object(text: str | None) -> Mapping[str, Any]:
    if text is None or len(text) > LONGEST:
        raise InvalidInput(f"a message must be JSON text of at most {LONGEST:,} characters")
    try:
        found = parse_json(text.encode())
    except (Problem, UnicodeEncodeError):
        raise InvalidInput('a message must be a JSON object of filters, as in {"status": "failed"}') from None
    if not isinstance(found, dict):
        raise InvalidInput(f'a message must be a JSON object of filters, as in {{"status": "failed"}}, got {text:.80}')
    return found


def _value(name: str, value: object) -> str | None:
    if name not in KEYS:
        raise InvalidInput(f"unknown filter {name!r:.80}; known are {', '.join(KEYS)}")
    if not isinstance(value, str | None):
        raise InvalidInput(f"{name} must be text, got {value!r:.80}")
    if value is not None and len(value) > LONGEST_VALUE:
        raise InvalidInput(f"{name} must have at most {LONGEST_VALUE:,} characters, got {len(value):,}")
    return value or None


def routes() -> list[WebSocketRoute]:
    return [WebSocketRoute("/ws", live, name="live")]
