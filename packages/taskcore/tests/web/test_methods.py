"""HEAD is GET without a body, also where routes take GET alone."""

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from taskcore.web.access import Access
from taskcore.web.methods import HeadByGet
from taskcore.web.sse import Broadcaster
from taskcore.web.stack import protected

from .faces import ROUTES, Known, a_client
from .serving import served


def a_forgetful_face() -> Starlette:
    """Its routes take GET and no HEAD, as FastAPI's do."""
    broadcaster = Broadcaster()

    async def events(request: Request) -> Response:
        return broadcaster.stream(request)

    face = Starlette(
        routes=[*ROUTES, Route("/events", events)],
        middleware=[*protected(Access(chain=Known())), Middleware(HeadByGet)],
    )
    for route in face.routes:
        route.methods.discard("HEAD")  # type: ignore[attr-defined]
    return face


async def test_head_is_answered_like_get_without_a_body() -> None:
    async with a_client(a_forgetful_face()) as client:
        got, head = await client.get("/who"), await client.head("/who")

    assert (200, b"") == (head.status_code, head.content)
    assert got.headers["content-length"] == head.headers["content-length"]


async def test_head_of_a_stream_ends_and_the_connection_serves_on() -> None:
    async with served(a_forgetful_face()) as url, httpx2.AsyncClient() as client:
        head, got = await client.head(f"{url}/events", timeout=30), await client.get(f"{url}/who")

    assert (200, "text/event-stream; charset=utf-8") == (head.status_code, head.headers["content-type"])
    assert 200 == got.status_code
