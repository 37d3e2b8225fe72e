"""Writes that another site made a browser send are refused.

Browsers say where a request comes from in headers that no page can forge: ``Sec-Fetch-Site``, or at least ``Origin``.
What has neither does not come from a page of another site, so scripts go on. There is no token to carry around.
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from taskcore.web.origins import origin, own_origin
from taskcore.web.problems import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSiteWrites:
    """Refuses unsafe methods from other origins with 403, whatever the body is; ``trusted`` origins may.

    Only what a browser attaches by itself can be abused: cookies, a remembered password, the address of the machine.
    A request with a bearer token or an API key is nobody else's, so it is let through.
    """

    def __init__(self, app: ASGIApp, trusted: Collection[str] = ()) -> None:
        self._app = app
        self._trusted = frozenset(filter(None, map(origin, trusted)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not shows_a_secret(scope):
            refuse_foreign(scope, self._trusted)
        await self._app(scope, receive, send)


def refuse_foreign(scope: Scope, trusted: Collection[str] = ()) -> None:
    """Return if a request, or the opening of a WebSocket, does not come from a page of another origin.

    Raises:
        Problem: 403.
    """
    if not is_ours(Headers(scope=scope), own_origin(scope), trusted):
        raise Problem(403, "the request comes from a page of another site; send it from here", code="cross_site")


def is_ours(headers: Headers, here: str | None, trusted: Collection[str]) -> bool:
    """Whether the request comes from a page of ``here`` or of a ``trusted`` origin, or from no page at all."""
    page = headers.get("origin", headers.get("referer"))
    if page is not None and origin(page) in trusted:
        return True
    match headers.get("sec-fetch-site"):
        case "same-origin" | "none":
            return True
        case None:
            return page is None or (here is not None and origin(page) == here)
        case _:
            return False


def shows_a_secret(scope: Scope) -> bool:
    """Whether the client shows a credential that browsers never attach by themselves."""
    headers = Headers(scope=scope)
    return "x-api-key" in headers or headers.get("authorization", "").lower().startswith("bearer ")
