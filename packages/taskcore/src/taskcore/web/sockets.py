"""WebSockets: who may open one, and for how long.

A caller shows its credentials as on any request (cookie, ``Authorization``, ``X-API-Key``). Browsers, which can set no
headers here, may name them as subprotocols, ``["bearer", token]``, or send ``{"type": "auth", "token": ...}`` first.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import anyio
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from taskcore.auth.chain import Credentials
from taskcore.auth.principal import Principal
from taskcore.errors import NotAuthenticated, StoreUnavailable
from taskcore.web.access import Access
from taskcore.web.auth import credentials_of
from taskcore.web.principals import principal_of, unauthorized

logger = logging.getLogger(__name__)

NOT_AUTHENTICATED = 4_401
"""The close code of a socket whose caller is nobody, or is nobody any more."""
SUBPROTOCOL = "bearer"
RECHECK_SECONDS = 60.0
MAX_TOKEN = 8_192


@dataclass(slots=True)
class Admission:
    """An accepted socket; ``principal`` is who its credentials say it is, as of the last time they were looked at."""

    principal: Principal


@asynccontextmanager
async def admitted(
    websocket: WebSocket,
    access: Access | None,
    *,
    first_message: float | None = None,
    recheck: float = RECHECK_SECONDS,
    code: int = NOT_AUTHENTICATED,
) -> AsyncIterator[Admission]:
    """Accept a socket of somebody who is recognised. Below ``Authentication``, which refuses pages of other origins.

    Credentials are looked at again every ``recheck`` seconds. Once they are good for nothing the socket is closed with
    ``code``, and the block ends.

    Args:
        first_message: how many seconds a caller without other credentials has to send its token.

    Raises:
        Problem: 401, before the socket is open; only without ``first_message``.
        WebSocketDisconnect: with it, there came no good token; the socket is closed with ``code``.
    """
    credentials, subprotocol = _shown(websocket, access)
    principal = principal_of(websocket) or await _recognised(access, credentials)
    if principal is None and first_message is None:
        raise unauthorized()
    await websocket.accept(subprotocol=subprotocol)
    if principal is None:
        credentials = replace(credentials, bearer=await _first_token(websocket, first_message))
        principal = await _recognised(access, credentials)
    if principal is None:
        await _close(websocket, code)
        raise WebSocketDisconnect(code)
    admission = Admission(principal)
    with anyio.CancelScope() as scope:  # and no task group, which would wrap what the block raises
        watch = asyncio.create_task(_watch(access, credentials, admission, recheck))
        watch.add_done_callback(lambda _: scope.cancel())
        try:
            yield admission
        finally:
            watch.cancel()
    if scope.cancelled_caught:
        await _close(websocket, code)


def _shown(websocket: WebSocket, access: Access | None) -> tuple[Credentials, str | None]:
    """The credentials of the opening request, and the subprotocol to answer with."""
    credentials = Credentials() if access is None else credentials_of(websocket.scope, access.cookie)
    match websocket.scope.get("subprotocols", []):
        case [first, token] if first.lower() == SUBPROTOCOL:
            return (credentials if credentials.bearer else replace(credentials, bearer=token)), first
        case _:
            return credentials, None


async def _first_token(websocket: WebSocket, seconds: float | None) -> str | None:
    """The token of a first message; None for any other message, or none in time."""
    message: Message = {}
    with anyio.move_on_after(seconds):
        message = await websocket.receive()
    text = message.get("text")
    try:
        said = json.loads(text) if text and len(text) <= MAX_TOKEN else None
    except (ValueError, RecursionError):
        return None
    match said:
        case {"type": "auth", "token": str(token)}:
            return token
        case _:
            return None


async def _recognised(access: Access | None, credentials: Credentials) -> Principal | None:
    """Who a token says it is that ``Authentication`` has not seen; what it has seen is not asked about twice."""
    if access is None or credentials.bearer is None:
        return None
    try:
        return await access.chain.authenticate(credentials)
    except NotAuthenticated:
        return None


async def _watch(access: Access | None, credentials: Credentials, admission: Admission, seconds: float) -> None:
    """Return once the caller is not who they were any more."""
    while True:
        await anyio.sleep(seconds)
        try:
            principal = admission.principal if access is None else await access.chain.authenticate(credentials)
        except StoreUnavailable:
            continue  # nobody can say; asked again in a while
        except Exception as error:
            if not isinstance(error, NotAuthenticated):
                logger.exception("a socket is closed, since its caller could not be recognised again")
            return
        if principal is None or principal.id != admission.principal.id:
            return
        admission.principal = principal


async def _close(websocket: WebSocket, code: int) -> None:
    try:
        await websocket.close(code, "not authenticated")
    except RuntimeError:
        return  # it is closed already
