"""No body is longer than its limit, whatever its sender says, and a sender may hang up."""

import asyncio
import logging

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.testing import eventually

from .faces import a_face
from .serving import served


async def swallow(request: Request) -> Response:
    """As a framework does that takes any error in a body for a client's mistake."""
    try:
        await request.body()
    except Exception:
        return JSONResponse({"detail": "There was an error parsing the body"}, 400)
    return JSONResponse("fine")


FACE_ROUTES = [Route("/swallow", swallow, methods=["POST"])]


@pytest.mark.parametrize("path", ["/write", "/swallow"])
@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 413), (12_000_000, 413)])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "counted"])
async def test_a_body_over_the_limit_is_413_in_the_faces_shape(
    path: str, size: int, status: int, chunked: bool
) -> None:
    async def chunks() -> object:
        for start in range(0, size, 10_000):
            yield b"x" * min(10_000, size - start)

    content = chunks() if chunked else b"x" * size
    async with served(a_face(None, routes=FACE_ROUTES, body_limit=1_000)) as url, httpx2.AsyncClient() as client:
        answer = await client.post(url + path, content=content, headers={"Content-Type": "text/plain"})  # type: ignore[arg-type]

    assert status == answer.status_code
    if status == 413:
        assert ("body_too_large", "application/problem+json") == (answer.json()["code"], answer.headers["content-type"])


async def test_a_length_that_is_none_is_refused() -> None:
    async with served(a_face(None, body_limit=1_000)) as url:
        host, port = url.removeprefix("http://").split(":")
        answers = []
        for length in ("9999999999999999999", "-1", "1e3", "²"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"POST /write HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode())
            answers.append((await asyncio.wait_for(reader.readline(), 30)).split()[1])
            writer.close()

    assert [b"413", b"400", b"400", b"400"] == answers


async def test_a_sender_who_hangs_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    gone: list[str] = []

    async def wait(request: Request) -> Response:
        try:
            return JSONResponse(len(await request.body()))
        finally:
            gone.append("gone")

    async with served(a_face(None, routes=[Route("/wait", wait, methods=["POST"])])) as url:
        host, port = url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhalf"
        )
        await writer.drain()
        writer.close()
        await eventually(lambda: gone)

    assert [] == [record.message for record in caplog.records if record.levelno >= logging.ERROR]
