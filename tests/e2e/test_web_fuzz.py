"""Whatever a stranger sends to the web kit, the answer is no 5xx, and it has an id and the headers that protect.

Requests go in as ASGI scopes, so that they may hold what no well-behaved client can send.
"""

import asyncio
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes, unquote

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Message, Scope
from taskcore.auth.authenticators import StaticKeyAuthenticator, static_key
from taskcore.auth.chain import Chain
from taskcore.auth.permissions import Kind, Verb
from taskcore.errors import TaskNotFound
from taskcore.pagination import Cursor
from taskcore.ratelimit import MemoryWindows, Rate, RateLimiter
from taskcore.serialization import encode
from taskcore.web import require
from taskcore.web.access import Access
from taskcore.web.auditing import AuditWrites
from taskcore.web.documents import json_of
from taskcore.web.health import Health
from taskcore.web.limits import RateLimits
from taskcore.web.paging import page_body, page_headers, page_request
from taskcore.web.paths import local_path
from taskcore.web.problems import exception_handlers
from taskcore.web.proxies import Forwarding, TrustedProxies
from taskcore.web.sse import Broadcaster, topics_of
from taskcore.web.stack import protected

KEY = "an-api-key"
MANY = int(os.environ.get("FUZZ_EXAMPLES", "300"))
TASKS = {"first"}


async def listing(request: Request) -> Response:
    page = page_request(request)
    key = Cursor.decode(page.cursor, {}).key if page.cursor else ("a",)
    headers = page_headers(request, next_cursor=Cursor(key).encode({}), prev_cursor=page.cursor)
    return JSONResponse(page_body(sorted(TASKS), None), headers=headers)


async def put(request: Request) -> Response:
    require(request, Verb.ENQUEUE)
    # What the kit lets through, the core's codec has to take: that is what a store would be given.
    return Response(encode(await json_of(request)), media_type="application/json")


async def get(request: Request) -> Response:
    task = request.path_params["task"]
    require(request, Verb.VIEW, Kind.QUEUE, task)
    if task not in TASKS:
        raise TaskNotFound(task)
    return JSONResponse(task)


async def form(request: Request) -> Response:
    async with request.form() as fields:
        target = local_path(str(fields.get("next", "/")))
    return Response(status_code=303, headers={"Location": quote_from_bytes(target.encode())})


async def note(*args: object, **more: object) -> None:
    json.dumps([str(arg) for arg in args])


def a_face(forwarding: Forwarding) -> Starlette:
    broadcaster = Broadcaster()
    broadcaster.close()  # a stream would not end

    async def events(request: Request) -> Response:
        topics_of(request, ("counts",))
        if request.method != "HEAD":
            return JSONResponse(broadcaster.position)
        return JSONResponse("head")

    access = Access(
        chain=Chain([StaticKeyAuthenticator(static_key(KEY))]),
        proxies=TrustedProxies(["10.0.0.0/8"], forwarding=forwarding),
        trusted_origins=["https://console.example"],
    )
    tasks = [
        Route("/", listing),
        Route("/", put, methods=["POST"]),
        Route("/{task}", get),
        Route("/f/{x:path}", form, methods=["POST"]),
    ]
    return Starlette(
        routes=[*Health({}).routes(), Route("/events", events), Mount("/tasks", routes=tasks)],
        middleware=[
            *protected(access, public=("/livez", "/readyz"), body_limit=2_000, https_only=True),
            Middleware(RateLimits, limiter=RateLimiter(MemoryWindows(), Rate(1_000_000))),
            Middleware(AuditWrites, note=note),
        ],
        exception_handlers=exception_handlers(),
    )


FACES = {forwarding: a_face(forwarding) for forwarding in Forwarding}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(face: Starlette, scope: Scope, chunks: Iterable[bytes]) -> Answer:
    waiting: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting += [{"type": "http.request", "body": b""}]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await face(scope, receive, send)
    start, *bodies = sent
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(body.get("body", b"") for body in bodies))


WORDS = st.sampled_from(
    [
        b"tasks",
        b"first",
        b"livez",
        b"events",
        b"f",
        b"..",
        b"",
        b"%00",
        b"%2F",
        b"%ff",
        b"%ed%a0%80",
        b"'",
        b"\\",
        b"{x}",
    ]
)
VALUES = st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
NASTY = st.sampled_from(
    [
        b"-1",
        b"100000",
        b"NaN",
        b"\xed\xa0\x80",
        b"1e999",
        b"null",
        b"[]",
        b"a" * 3_000,
        b"%00",
        b"https://[",
        b'for="',
        b"::1",
    ]
)
NAMES = st.sampled_from(
    """accept authorization content-length content-type cookie forwarded host last-event-id origin range referer
    sec-fetch-site transfer-encoding user-agent x-api-key x-forwarded-for x-forwarded-host x-forwarded-proto
    x-request-id""".split()  # noqa: SIM905 - a list would take a screen
)
USEFUL = st.sampled_from(
    [
        ("x-api-key", KEY.encode()),
        ("content-type", b"application/json"),
        ("content-type", b"multipart/form-data; boundary=x"),
        ("content-type", b"multipart/form-data"),
        ("content-type", b"application/x-www-form-urlencoded; charset=nope"),
        ("authorization", b"Basic Og=="),
        ("host", b"localhost"),
    ]
)
HEADERS = st.lists(st.tuples(NAMES, VALUES | NASTY) | USEFUL, max_size=8)
QUERIES = st.lists(
    st.tuples(st.sampled_from([b"limit", b"cursor", b"topics", b"since", b"x"]), NASTY | VALUES), max_size=3
).map(lambda pairs: b"&".join(name + b"=" + quote_from_bytes(value).encode() for name, value in pairs))
BODIES = st.lists(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists, max_leaves=5).map(
        lambda it: json.dumps(it).encode()
    )
    | st.sampled_from(
        [b"[" * 1_000, b'{"a":1,"a":2}', rb'"\ud800"', rb'"\u0000"', b"1" * 1_500, b"--x\r\n", b"a=%FF&next=//e"]
    ),
    max_size=3,
)
METHODS = st.sampled_from(
    ["GET", "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
)
PATHS = st.sampled_from([b"/tasks/", b"/tasks/first", b"/tasks/f/x", b"/events", b"/readyz"]) | st.lists(
    WORDS, max_size=4
).map(lambda words: b"/" + b"/".join(words))
SIGNED = st.sampled_from([[], [("x-api-key", KEY.encode()), ("content-type", b"application/json")]])


@settings(max_examples=MANY)
@given(
    forwarding=st.sampled_from(list(Forwarding)),
    method=METHODS,
    raw_path=PATHS,
    signed=SIGNED,
    query=QUERIES,
    headers=HEADERS,
    chunks=BODIES,
    peer=st.sampled_from([("127.0.0.1", 1), ("10.0.0.1", 1), ("203.0.113.9", 1), ("", 0), None]),
    scheme=st.sampled_from(["https", "https", "https", "http"]),
)
def test_no_request_makes_the_kit_fail(
    forwarding: Forwarding,
    method: str,
    raw_path: bytes,
    signed: list[tuple[str, bytes]],
    query: bytes,
    headers: list[tuple[str, bytes]],
    chunks: list[bytes],
    peer: Any,
    scheme: str,
) -> None:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode(), value) for name, value in [*signed, *headers]],
        "client": peer,
        "server": ("localhost", 80),
        "state": {},
    }

    answer = asyncio.run(ask(FACES[forwarding], scope, chunks))

    event(f"answered {answer.status}")
    assert answer.status < 500, answer
    assert answer.headers["x-request-id"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if answer.headers.get("content-type") == "application/problem+json":
        told = json.loads(answer.body)
        assert (answer.status, answer.headers["x-request-id"]) == (told["status"], told["request_id"])
        assert "Traceback" not in answer.body.decode()


@pytest.mark.parametrize("body", [b"\xff", b"--x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n"])
def test_a_broken_form_is_the_senders_mistake(body: bytes) -> None:
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/tasks/f/x",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"multipart/form-data; boundary=x"), (b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 443),
        "state": {},
    }

    assert asyncio.run(ask(FACES[Forwarding.X_FORWARDED], scope, [body])).status in (303, 400)
