"""The gates of the server as middleware for applications of people's own; ``create_app`` has them already.

Sessions are those of the users in the database that ``app.state.storage`` of the application is opened on. Without one,
nobody has a session.
"""

from starlette.types import ASGIApp, Receive, Scope, Send
from taskcore.auth.authenticators import StaticKeyAuthenticator, static_key
from taskcore.auth.chain import Authenticator, Chain, Credentials
from taskcore.auth.principal import Principal
from taskcore.errors import TaskcoreError
from taskcore.web.access import Access
from taskcore.web.auth import Authentication
from taskcore.web.problems import response_to

from lapinq.api import gates
from lapinq.api.access import COOKIE, Accountholders
from lapinq.api.desk import Desk
from lapinq.api.problems import render
from lapinq.settings import Settings


class _Gate:
    """Answers by itself what a gate refuses."""

    def __init__(self, gate: ASGIApp) -> None:
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._gate(scope, receive, send)
        except TaskcoreError as error:
            await response_to(error, scope, render)(scope, receive, send)


class RateLimitMiddleware(_Gate):
    """So many requests of one address in any such window; others are answered 429.

    Args:
        max_clients: addresses that are told apart; those that were quiet longest are forgotten first.
    """

    def __init__(self, app: ASGIApp, max_requests: int, window_seconds: int = 60, max_clients: int = 10_000) -> None:
        super().__init__(gates.RateLimitMiddleware(app, max_requests, window_seconds, max_clients))


class _Recognising(_Gate):
    def __init__(self, gate: ASGIApp, session_secret: str, *, api_key: str | None = None) -> None:
        self._desk = Desk(Settings(session_secret=session_secret or None))
        keys: list[Authenticator] = [StaticKeyAuthenticator(static_key(api_key))] if api_key else []
        access = Access(chain=Chain([*keys, _Users(self._desk)]), cookie=COOKIE)
        super().__init__(Authentication(gate, access))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            self._desk.state.storage = getattr(scope["app"].state, "storage", None)
        await super().__call__(scope, receive, send)


class AuthMiddleware(_Recognising):
    """Refuses callers below ``prefix`` who show neither the key, as ``X-API-Key``, nor the cookie of a session."""

    def __init__(
        self, app: ASGIApp, api_key: str | None, session_secret: str = "", *, prefix: str = Settings().api_prefix
    ) -> None:
        super().__init__(gates.AuthMiddleware(app, prefix), session_secret, api_key=api_key)


class DashboardAuthMiddleware(_Recognising):
    """Sends browsers without a session from ``/``, ``/admin`` and ``/account`` to ``/login``; other requests there, and
    at ``/me``, are refused."""

    def __init__(self, app: ASGIApp, session_secret: str = "") -> None:
        super().__init__(gates.DashboardAuthMiddleware(app), session_secret)


class _Users:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._users = desk, Accountholders(desk)

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        return None if self._desk.state.storage is None else await self._users.authenticate(credentials)
