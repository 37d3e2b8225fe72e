"""Plain http leads to https, and forwarding headers of strangers do not."""

from datetime import timedelta

import pytest
from taskcore.web.access import Access
from taskcore.web.proxies import TrustedProxies

from .faces import Known, a_client, a_face

ACCESS = Access(chain=Known(), proxies=TrustedProxies(["10.0.0.1"]))
HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.mark.parametrize(
    ("peer", "method", "path", "headers", "status"),
    [
        pytest.param("203.0.113.9", "GET", "/who?a=1", {}, 308, id="reads are redirected"),
        pytest.param("203.0.113.9", "POST", "/write", {}, 403, id="writes are refused"),
        pytest.param("203.0.113.9", "GET", "/who", HTTPS, 308, id="a stranger's header is nothing"),
        pytest.param("10.0.0.1", "GET", "/who", HTTPS, 200, id="a trusted proxy's is"),
        pytest.param("10.0.0.1", "GET", "/who", HTTPS | {"X-Forwarded-Proto": "http"}, 308, id="either way"),
        pytest.param("203.0.113.9", "GET", "/readyz", {}, 404, id="health may be asked for"),
        pytest.param("127.0.0.1", "POST", "/write", {}, 200, id="this machine may"),
        pytest.param("127.0.0.1", "POST", "/write", HTTPS, 403, id="but no proxy on it"),
    ],
)
async def test_who_may_use_plain_http(peer: str, method: str, path: str, headers: dict[str, str], status: int) -> None:
    async with a_client(a_face(ACCESS, https_only=True), peer=peer, base="http://localhost:80") as client:
        answer = await client.request(method, path, headers=headers)

    assert status == answer.status_code
    if status == 308:
        assert f"https://localhost{path}" == answer.headers["location"]


async def test_browsers_are_told_over_https_alone_to_stay_there_also_when_something_fails() -> None:
    face = a_face(ACCESS, hsts=timedelta(days=1))
    async with a_client(face, base="https://localhost") as client:
        good, absent = await client.get("/who"), await client.get("/nothing")
    async with a_client(face) as client:
        plain = await client.get("/who")

    assert ["max-age=86400", "max-age=86400", None] == [
        answer.headers.get("strict-transport-security") for answer in (good, absent, plain)
    ]
