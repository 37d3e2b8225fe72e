"""``GET /metrics`` as an ASGI application of its own, for any server and any framework that can mount one."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from taskcore.metrics.application import Metrics

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class MetricsEndpoint:
    """Answers GET and HEAD on whatever path it is mounted at. Who may ask is for the application to decide."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the metrics endpoint speaks http, got {scope['type']!r}")
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, b"use GET\n", [(b"allow", b"GET, HEAD"), (b"content-type", b"text/plain")])
            return
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        body, content_type = await self._metrics.exposition(accept)
        headers = [(b"content-type", content_type.encode("latin-1", "replace")), (b"cache-control", b"no-store")]
        await _answer(send, 200, b"" if scope["method"] == "HEAD" else body, headers)


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
