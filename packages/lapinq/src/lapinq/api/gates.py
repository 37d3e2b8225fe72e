"""Middleware that decides by the address who goes on, before a body is read."""

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from taskcore.ratelimit import MemoryWindows, Rate, RateLimiter, address_key
from taskcore.ui.page import wants_json
from taskcore.web.csrf import SAFE_METHODS, refuse_foreign
from taskcore.web.limits import RateLimits
from taskcore.web.paths import path_below_root
from taskcore.web.principals import principal_of
from taskcore.web.problems import Problem
from taskcore.web.proxies import peer_of

WITHOUT_KEY = (
    "unauthorized: without an API key only programs on this machine are answered; set LAPINQ_API_KEY on the server, "
    "or run it with --insecure to answer everybody"
)
_PAGES = ("/", "/admin", "/account", "/logout")
_ACCOUNTS = (*_PAGES, "/me")
_KEYS = (b"x-api-key", b"authorization")


class AuthMiddleware:
    """Refuses callers of the API whom nobody recognised. Below ``Authentication``.

    Args:
        prefix: of the API's paths.
        hint: what those are told who are refused.
    """

    def __init__(self, app: ASGIApp, prefix: str, hint: str = "unauthorized") -> None:
        self._app, self._prefix, self._hint = app, prefix, hint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] != "OPTIONS" and is_below(scope, self._prefix)
        if asked and principal_of(scope) is None:
            raise Problem(401, self._hint, code="no_credentials", headers={"WWW-Authenticate": "Bearer"})
        await self._app(scope, receive, send)


class NoForeignPages:
    """Refuses what a page of another site made the browser send to callers who are known by nothing but where they are:
    a browser on this machine is on it, whatever page it shows. Writes by a session are refused, too, though the page
    may have put a key beside it that is none; and so is the address that ends one. Below ``Authentication``.

    Args:
        trusted: origins whose pages may.
    """

    def __init__(self, app: ASGIApp, trusted: Collection[str] = ()) -> None:
        self._app, self._trusted = app, tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] != "OPTIONS":
            principal = principal_of(scope)
            reads = scope["method"] in SAFE_METHODS and path_below_root(scope) != "/logout"
            where = ("loopback", "insecure") if reads else ("loopback", "insecure", "session")
            if principal is not None and principal.via in where:
                refuse_foreign(scope, self._trusted)
        await self._app(scope, receive, send)


class SessionsAlone:
    """Keeps keys from those who recognise callers where only a session counts: a program may show both. Above
    ``Authentication``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_any(scope, _ACCOUNTS):
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in _KEYS]
        await self._app(scope, receive, send)


class DashboardAuthMiddleware:
    """Sends browsers without a session from pages to the login, and refuses other requests. Below
    ``Authentication``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] != "OPTIONS" and _is_any(scope, _ACCOUNTS):
            principal = principal_of(scope)
            if principal is None or principal.via != "session":
                if not is_a_page_of_old(scope) or wants_json(Request(scope)):
                    raise Problem(401, "log in first", code="no_session")
                await RedirectResponse(f"{scope.get('root_path', '')}/login")(scope, receive, send)
                return
        await self._app(scope, receive, send)


class RateLimitMiddleware:
    """So many requests of one address in any such window; those that are refused for other reasons count too.

    Above ``Authentication``, so that guessing keys is counted.

    Args:
        prefix: of the paths that are counted; "" is all.
        max_clients: addresses that are told apart; those that were quiet longest are forgotten first.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_requests: int,
        window_seconds: int = 60,
        max_clients: int = 10_000,
        prefix: str = "",
    ) -> None:
        limiter = RateLimiter(MemoryWindows(max_keys=max_clients), Rate(max_requests, window_seconds))
        self._app, self._prefix = app, prefix
        self._limited = RateLimits(app, limiter, key=_address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counts = scope["type"] == "http" and scope["method"] != "OPTIONS" and is_below(scope, self._prefix)
        await (self._limited if counts else self._app)(scope, receive, send)


def is_below(scope: Scope, prefix: str) -> bool:
    """Whether the path is ``prefix`` or lies below it."""
    path = path_below_root(scope)
    return path == prefix or path.startswith(f"{prefix.rstrip('/')}/")


def is_a_page_of_old(scope: Scope) -> bool:
    """Whether it asks for a page that the API documents, so that a stranger is sent to the login."""
    return scope["method"] in ("GET", "HEAD") and _is_any(scope, _PAGES)


def _is_any(scope: Scope, paths: Collection[str]) -> bool:
    return any(path_below_root(scope) == path or (path != "/" and is_below(scope, path)) for path in paths)


def _address(scope: Scope) -> str:
    return address_key(peer_of(scope))
