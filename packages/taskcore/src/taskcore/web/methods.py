"""Which methods an address answers to, and HEAD where a framework forgets it."""

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = "taskcore.head"
"""A scope has this when its GET stands for a HEAD, so that what never ends need not begin."""

_ROOT = "taskcore.root_path"


def remember_root(scope: Scope) -> None:
    """Note where the application is mounted: routing moves ``root_path`` on to its mounted parts."""
    scope[_ROOT] = scope.get("root_path", "")


def allowed_methods(scope: Scope) -> frozenset[str]:
    """The methods of all routes of the application whose path fits; empty when nobody can say. Routers know less: they
    stop at the first of them."""
    routes: Iterable[BaseRoute] = getattr(scope.get("app"), "routes", ())
    return frozenset(_methods(routes, {**scope, "root_path": scope.get(_ROOT, scope.get("root_path", ""))}))


def _methods(routes: Iterable[BaseRoute], scope: dict[str, Any]) -> Iterator[str]:
    for route in routes:
        match, below = route.matches(scope)
        if match is Match.NONE:
            continue
        if parts := getattr(route, "routes", None):
            yield from _methods(parts, {**scope, **below})
        else:
            yield from getattr(route, "methods", None) or ()


class HeadByGet:
    """Answers HEAD as GET without its body: for FastAPI, whose routes take GET and nothing else, unlike Starlette's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        # A copy: the server looks at its own to see whether a body may follow.
        await self._app({**scope, "method": "GET", HEAD: True}, receive, send_headers)
