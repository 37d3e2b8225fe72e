"""Plain http is sent to https. How browsers are told to stay there, ``SecurityHeaders`` knows."""

from collections.abc import Collection

from starlette.datastructures import URL
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from taskcore.web.csrf import SAFE_METHODS
from taskcore.web.paths import path_below_root
from taskcore.web.problems import Problem
from taskcore.web.proxies import is_local


class HTTPSOnly:
    """Redirects reads over plain http to https with 308 and refuses everything else with 403.

    A write is not redirected: its body, with whatever secrets it has, went over the wire already, and its sender
    should notice. The scheme is the connection's, or what ``ProxyHeaders`` above took from a trusted proxy; without
    one a client's own X-Forwarded-Proto is nothing.

    Args:
        local: whether programs on this machine may use plain http.
        exempt: paths that may be read over plain http, as health checks do.
    """

    def __init__(self, app: ASGIApp, *, local: bool = True, exempt: Collection[str] = ()) -> None:
        self._app = app
        self._local = local
        self._exempt = frozenset(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._may_pass(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            raise Problem(403, "this is answered over https alone; change the address to https", code="https_required")
        url = URL(scope=scope)
        port = None if url.port == 80 else url.port
        await RedirectResponse(url.replace(scheme="https", port=port), status_code=308)(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        if scope["scheme"] in ("https", "wss") or (self._local and is_local(scope)):
            return True
        return path_below_root(scope) in self._exempt and scope.get("method") in SAFE_METHODS
