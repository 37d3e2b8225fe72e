"""Recognises the caller of each request. What errs on the way denies the request."""

import logging
from base64 import b64decode
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from taskcore.auth.auditing import Origin
from taskcore.auth.chain import Credentials
from taskcore.auth.loopback import LOOPBACK, whence
from taskcore.auth.principal import Principal
from taskcore.errors import NotAuthenticated
from taskcore.web.access import Access
from taskcore.web.cookies import SessionCookie
from taskcore.web.csrf import refuse_foreign
from taskcore.web.paths import path_below_root
from taskcore.web.principals import Recheck, set_principal
from taskcore.web.problems import Problem
from taskcore.web.proxies import is_forwarded, is_local, peer_of
from taskcore.web.request_ids import current_request_id

logger = logging.getLogger(__name__)


class Authentication:
    """Sets the principal of each request and WebSocket, which may be nobody; whether that will do, routes decide.

    Refused credentials are like none, but ``require`` then tells why. A store that is away is 503.

    Without ``access`` there are no accounts: programs on this very machine are admins, and everybody else gets 403.

    Below ``public`` paths (static files, health checks) nobody is recognised and no store is asked, unless a route
    does so itself by ``recognised_again``.
    A WebSocket that was opened by a page of another origin is refused.
    """

    def __init__(self, app: ASGIApp, access: Access | None, *, public: Collection[str] = ()) -> None:
        self._app = app
        self._access = access
        self._public = tuple(public)
        if access is None:
            logger.warning("no access is configured: only programs on this machine are answered, as admins")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            await self._recognise(scope)
        await self._app(scope, receive, send)

    async def _recognise(self, scope: Scope) -> None:
        if scope["type"] == "websocket":
            refuse_foreign(scope, self._access.trusted_origins if self._access else ())
        recognise = self._recogniser(scope)
        if scope["type"] == "http" and path_below_root(scope).startswith(self._public):
            set_principal(scope, None, recognise)
            return
        try:
            set_principal(scope, await recognise(), recognise)
        except NotAuthenticated as refusal:
            set_principal(scope, None, recognise, refusal)

    def _recogniser(self, scope: Scope) -> Recheck:
        access = self._access
        if access is None:

            async def local() -> Principal | None:
                return local_admin(scope)

            return local
        credentials = credentials_of(scope, access.cookie)

        async def recognise() -> Principal | None:
            return await access.chain.authenticate(credentials)

        return recognise


def credentials_of(scope: Scope, cookie: SessionCookie) -> Credentials:
    """Everything a request shows by which somebody could recognise its caller."""
    headers = Headers(scope=scope)
    scheme, _, value = headers.get("authorization", "").partition(" ")
    kind, value = scheme.lower(), value.strip()
    return Credentials(
        bearer=value if kind == "bearer" and value else None,
        basic=_basic(value) if kind == "basic" else None,
        api_key=headers.get("x-api-key") or None,
        session=cookie.read(scope),
        peer=peer_of(scope),
        forwarded=is_forwarded(scope),
    )


def origin_of(connection: HTTPConnection) -> Origin:
    """Where a request came from, for logins and the audit log."""
    peer = whence(peer_of(connection.scope), forwarded=is_forwarded(connection.scope))
    agent = connection.headers.get("user-agent", "")
    return Origin(peer=peer, user_agent=agent, request_id=current_request_id())


def local_admin(scope: Scope) -> Principal:
    """Who a program on this machine is.

    Raises:
        Problem: 403, the client is elsewhere, or came through a proxy or by a foreign name.
    """
    if not is_local(scope):
        detail = "without accounts only programs on this machine are answered, by an address or localhost"
        raise Problem(403, detail, code="local_only")
    return LOOPBACK


def _basic(encoded: str) -> tuple[str, str] | None:
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None
