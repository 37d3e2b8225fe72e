"""Requests by route: the template that a router matched, as in ``/tasks/{id}``, never the path that somebody typed."""

from time import perf_counter
from typing import Any

from prometheus_client import Counter, Histogram

from taskcore.metrics.application import Metrics
from taskcore.metrics.endpoint import Receive, Scope, Send

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"


class HTTPMetrics:
    """ASGI middleware; put it around the router.

    A duration ends with the answer's last byte, so live streams are counted when they close.
    """

    def __init__(self, app: Any, metrics: Metrics, system: str) -> None:
        self._app, self._system, self._families = app, system, metrics.requests
        self._open = self._families.open.labels(system)
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, perf_counter()  # what a server answers when the application raises before it does

        async def watch(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._open.inc()
        try:
            await self._app(scope, receive, watch)
        finally:
            self._open.dec()
            answered, durations = self._children_of(_method(scope), _route(scope), status)
            answered.inc()
            durations.observe(perf_counter() - began)

    def _children_of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """To find them by their labels takes longer than to count, and all three are few."""
        found = self._children.get((method, route, status))
        if found is None:
            labels = self._system, method, route
            found = self._families.answered.labels(*labels, status), self._families.durations.labels(*labels)
            self._children[method, route, status] = found
        return found


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"


def _route(scope: Scope) -> str:
    """Routers of Starlette and FastAPI leave the route in the scope, mounted ones the innermost."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) and template else UNMATCHED
