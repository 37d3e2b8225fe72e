"""WebSockets are opened by callers that are known, from pages of ours, and end when that ends."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from taskcore.errors import BadToken, StoreUnavailable
from taskcore.testing import eventually
from taskcore.web.access import Access
from taskcore.web.sockets import admitted
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .faces import Known, a_face
from .serving import served


@asynccontextmanager
async def greeting(
    access: Access | None, *, first_message: float | None = None, recheck: float = 60
) -> AsyncIterator[str]:
    """A face that greets callers by name, and then answers what they say."""

    async def greet(websocket: WebSocket) -> None:
        async with admitted(websocket, access, first_message=first_message, recheck=recheck) as admission:
            await websocket.send_text(admission.principal.name)
            while True:
                await websocket.send_text(await websocket.receive_text())

    async with served(a_face(access, routes=[WebSocketRoute("/ws", greet)])) as url:
        yield url.replace("http", "ws") + "/ws"


async def closed_with(connection: ClientConnection) -> int | None:
    with suppress(ConnectionClosed):
        async for _ in connection:
            pass
    return connection.close_code


@pytest.mark.parametrize(
    "headers",
    [{"Cookie": "tc_session=ann-session"}, {"X-API-Key": "bob-key"}, {"Authorization": "Bearer bob-key"}],
    ids=["cookie", "key", "token"],
)
async def test_headers_open_a_socket_as_they_do_a_page(headers: dict[str, str]) -> None:
    async with greeting(Access(chain=Known())) as url, connect(url, additional_headers=headers) as socket:
        assert await socket.recv() in ("ann", "bob")


async def test_a_browser_names_its_token_as_a_subprotocol() -> None:
    async with greeting(Access(chain=Known())) as url:
        async with connect(url, subprotocols=["bearer", "bob-key"]) as socket:  # type: ignore[list-item]
            assert ("bob", "bearer") == (await socket.recv(), socket.subprotocol)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, subprotocols=["bearer", "wrong"]).__aenter__()  # type: ignore[list-item]

    assert 401 == refused.value.response.status_code


async def test_or_sends_it_first() -> None:
    async with greeting(Access(chain=Known()), first_message=5) as url, connect(url) as socket:
        await socket.send(json.dumps({"type": "auth", "token": "bob-key"}))
        assert "bob" == await socket.recv()


@pytest.mark.parametrize(
    "said",
    [
        '{"type":"auth","token":"wrong"}',
        '{"type":"auth","token":7}',
        '{"token":"bob-key"}',
        "bob-key",
        "[" * 5_000,
        "x" * 10_000,
        b"\xff",
        "",
    ],
    ids=["wrong", "number", "untyped", "bare", "deep", "long", "bytes", "empty"],
)
async def test_a_first_message_that_is_no_good_token_closes_the_socket(said: str | bytes) -> None:
    async with greeting(Access(chain=Known()), first_message=5) as url, connect(url) as socket:
        await socket.send(said)
        assert 4401 == await closed_with(socket)


async def test_who_says_nothing_is_not_waited_for() -> None:
    async with greeting(Access(chain=Known()), first_message=0.05) as url, connect(url) as socket:
        assert 4401 == await closed_with(socket)


async def test_without_credentials_a_socket_is_not_opened() -> None:
    async with greeting(Access(chain=Known())) as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url).__aenter__()

    assert (401, "Bearer") == (
        refused.value.response.status_code,
        refused.value.response.headers["www-authenticate"],
    )


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
@pytest.mark.parametrize("access", [None, Access(chain=Known())], ids=["local", "accounts"])
async def test_pages_of_other_origins_open_none(access: Access | None, origin: str) -> None:
    headers = {"Cookie": "tc_session=ann-session", "Origin": origin}
    async with greeting(access) as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers=headers).__aenter__()

    assert 403 == refused.value.response.status_code


async def test_our_page_on_this_machine_opens_one_without_accounts() -> None:
    async with greeting(None) as url:
        origin = url.replace("ws://", "http://").removesuffix("/ws")
        async with connect(url, additional_headers={"Origin": origin}) as socket:
            assert "loopback" == await socket.recv()


@pytest.mark.parametrize("fails", [None, BadToken("revoked")], ids=["nobody", "refused"])
async def test_a_socket_is_closed_once_its_credentials_are_good_for_nothing(fails: Exception | None) -> None:
    known = Known()
    async with (
        greeting(Access(chain=known), recheck=0.05) as url,
        connect(url, additional_headers={"X-API-Key": "bob-key"}) as socket,
    ):
        assert "bob" == await socket.recv()
        known.keys, known.fails = {}, fails
        assert 4401 == await closed_with(socket)


async def test_while_nobody_can_say_whether_they_are_good_it_stays_open() -> None:
    known = Known()
    async with (
        greeting(Access(chain=known), recheck=0.05) as url,
        connect(url, additional_headers={"X-API-Key": "bob-key"}) as socket,
    ):
        await socket.recv()
        known.fails = StoreUnavailable("away")
        asked = len(known.asked)
        await eventually(lambda: asked + 2 <= len(known.asked))
        await socket.send("still here?")
        assert "still here?" == await socket.recv()


async def test_a_caller_who_hangs_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async with (
        greeting(Access(chain=Known())) as url,
        connect(url, additional_headers={"X-API-Key": "bob-key"}) as socket,
    ):
        await socket.recv()

    assert [] == [record.message for record in caplog.records if record.levelno >= logging.ERROR]
