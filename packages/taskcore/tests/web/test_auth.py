"""Callers are recognised by what they show, and what errs denies."""

from base64 import b64encode
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope
from taskcore.auth.loopback import is_loopback
from taskcore.auth.permissions import Grant, Kind, Verb
from taskcore.errors import StoreUnavailable, TokenExpired, TooManyAttempts
from taskcore.web import principal_of, require
from taskcore.web.access import Access
from taskcore.web.auth import origin_of
from taskcore.web.principals import set_principal
from taskcore.web.proxies import TrustedProxies

from .faces import ANN, BOB, Known, a_client, a_face

BASIC = "Basic " + b64encode(b"ann:p:w").decode()


async def retry(request: Request) -> Response:
    principal = require(request, Verb.RETRY, Kind.QUEUE, request.path_params["queue"])
    return JSONResponse(principal.name)


RETRY = Route("/queues/{queue}/retry", retry, methods=["POST"])


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        pytest.param({}, None, id="nothing is nobody"),
        pytest.param({"Cookie": "a=b; tc_session=ann-session"}, "ann", id="a session"),
        pytest.param({"Authorization": "Bearer bob-key"}, "bob", id="a bearer token"),
        pytest.param({"Authorization": "bearer  bob-key"}, "bob", id="the scheme in any case"),
        pytest.param({"X-API-Key": "bob-key"}, "bob", id="a key"),
        pytest.param({"Authorization": BASIC}, "ann", id="a password with a colon"),
        pytest.param({"Authorization": "Basic ???"}, None, id="broken base64"),
        pytest.param({"Authorization": "Basic " + b64encode(b"\xff").decode()}, None, id="no UTF-8"),
        pytest.param({"Authorization": "Basic " + b64encode(b"ann").decode()}, None, id="no colon"),
        pytest.param({"Authorization": "Bearer"}, None, id="a scheme alone"),
        pytest.param({"Cookie": "__Host-tc_session=ann-session"}, None, id="a cookie of https over http"),
    ],
)
async def test_a_caller_is_who_their_credentials_say(headers: dict[str, str], name: str | None) -> None:
    async with a_client(a_face(Access(chain=Known()))) as client:
        answer = await client.get("/who", headers=headers)

    assert name == answer.json()["name"]


async def test_over_https_only_the_cookie_that_no_other_subdomain_can_plant_counts() -> None:
    async with a_client(a_face(Access(chain=Known())), base="https://tasks.example") as client:
        planted = await client.get("/who", headers={"Cookie": "tc_session=ann-session"})
        ours = await client.get("/who", headers={"Cookie": "__Host-tc_session=ann-session"})

    assert (None, "ann") == (planted.json()["name"], ours.json()["name"])


async def test_an_authenticator_that_raises_denies_the_request() -> None:
    known = Known(fails=RuntimeError("secret reason"))
    async with a_client(a_face(Access(chain=known))) as client:
        failed = await client.get("/who", headers={"Authorization": "Bearer bob-key"})
        known.fails = StoreUnavailable("postgres at 10.0.0.7 is gone")
        away = await client.get("/who", headers={"Authorization": "Bearer bob-key"})

    assert (500, 503, "2") == (failed.status_code, away.status_code, away.headers["retry-after"])
    assert "secret" not in failed.text
    assert "10.0.0.7" not in away.text


async def test_refused_credentials_are_like_none_and_where_some_are_needed_the_answer_says_why() -> None:
    known = Known(fails=TokenExpired("the token was good until noon"))
    async with a_client(a_face(Access(chain=known), routes=[RETRY])) as client:
        page, action = await client.get("/who"), await client.post("/queues/mail/retry")
        known.fails = TooManyAttempts(9)
        throttled = await client.get("/who")

    assert (200, 401, "token_expired") == (page.status_code, action.status_code, action.json()["code"])
    assert "noon" in action.json()["detail"]
    assert (429, "9") == (throttled.status_code, throttled.headers["retry-after"])


async def test_what_is_told_of_a_request_does_not_take_a_proxy_here_for_a_person_here() -> None:
    async def whence(request: Request) -> Response:
        origin = origin_of(request)
        return JSONResponse([origin.peer, origin.user_agent, origin.request_id])

    headers = {"User-Agent": "a browser", "X-Request-ID": "abc"}
    async with a_client(a_face(Access(chain=Known()), routes=[Route("/whence", whence)])) as client:
        here = await client.get("/whence", headers=headers)
        proxied = await client.get("/whence", headers=headers | {"Via": "1.1 nginx"})

    assert ["127.0.0.1", "a browser", "abc"] == here.json()
    assert not is_loopback(proxied.json()[0])


async def test_below_public_paths_no_store_is_asked() -> None:
    known = Known(fails=RuntimeError("down"))
    async with a_client(a_face(Access(chain=known), public=("/wh",))) as client:
        answer = await client.get("/who", headers={"Authorization": "Bearer bob-key"})

    assert (200, []) == (answer.status_code, known.asked)


async def test_nobody_gets_401_with_a_challenge_and_who_may_not_gets_403() -> None:
    only_mail = replace(BOB, grants=(Grant(frozenset({Verb.RETRY}), Kind.QUEUE, "mail"),))
    known = Known(keys={"bob-key": only_mail})
    async with a_client(a_face(Access(chain=known), routes=[RETRY])) as client:
        nobody = await client.post("/queues/mail/retry")
        client.headers["X-API-Key"] = "bob-key"
        other = await client.post("/queues/pay/retry")
        own = await client.post("/queues/mail/retry")

    assert (401, "Bearer", "not_authenticated") == (
        nobody.status_code,
        nobody.headers["www-authenticate"],
        nobody.json()["code"],
    )
    assert (403, "forbidden") == (other.status_code, other.json()["code"])
    assert (200, "bob") == (own.status_code, own.json())


async def test_the_authenticator_sees_the_client_behind_the_proxy() -> None:
    known = Known()
    access = Access(chain=known, proxies=TrustedProxies(["10.0.0.0/8"]))
    async with a_client(a_face(access), peer="10.0.0.1") as client:
        await client.get("/who", headers={"X-Forwarded-For": "203.0.113.9"})

    assert ["203.0.113.9"] == [credentials.peer for credentials in known.asked]


async def test_credentials_show_no_secret_when_they_are_printed() -> None:
    known = Known()
    async with a_client(a_face(Access(chain=known))) as client:
        await client.get("/who", headers={"X-API-Key": "hush", "Authorization": BASIC, "Cookie": "tc_session=hush"})

    assert "hush" not in repr(known.asked[0])
    assert "p:w" not in repr(known.asked[0])


@pytest.mark.parametrize(
    ("peer", "host", "headers", "status"),
    [
        pytest.param("127.0.0.1", "localhost", {}, 200, id="this machine"),
        pytest.param("::1", "[::1]:8000", {}, 200, id="over IPv6"),
        pytest.param("::ffff:127.0.0.1", "127.0.0.1", {}, 200, id="IPv4 within IPv6"),
        pytest.param("testclient", "testserver", {}, 200, id="the in-process client"),
        pytest.param("192.168.1.5", "localhost", {}, 403, id="another machine"),
        pytest.param("127.0.0.1", "localhost", {"X-Forwarded-For": "127.0.0.1"}, 403, id="a proxy on this machine"),
        pytest.param("127.0.0.1", "localhost", {"Forwarded": "for=127.0.0.1"}, 403, id="the standard's header"),
        pytest.param("127.0.0.1", "rebound.evil.example", {}, 403, id="a name that was made to lead here"),
    ],
)
async def test_without_accounts_only_this_machine_is_answered(
    peer: str, host: str, headers: dict[str, str], status: int
) -> None:
    async with a_client(a_face(None), peer=peer, base=f"http://{host}") as client:
        answer = await client.get("/who", headers=headers)

    assert status == answer.status_code
    assert (200 == status) == ("loopback" in answer.text)


def test_asking_who_it_is_where_nobody_looked_is_an_error_and_not_nobody() -> None:
    with pytest.raises(RuntimeError, match="Authentication"):
        principal_of({"type": "http"})


def test_a_scope_that_a_face_filled_itself_serves_as_well() -> None:
    async def recheck() -> None:
        return None

    scope: Scope = {"type": "http"}
    set_principal(scope, ANN, recheck)

    assert ANN == principal_of(scope)
