"""JSON that clients send, read strictly: what is accepted can be stored everywhere and comes back as it was."""

import json
from collections import Counter
from contextlib import suppress
from typing import Any, NoReturn

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskcore.web.csrf import SAFE_METHODS
from taskcore.web.problems import Problem

MAX_DEPTH = 100

_READ = "taskcore.document"
"""A scope has this when ``StrictJSON`` has parsed its body."""


async def json_of(request: Request, *, depth: int = MAX_DEPTH) -> Any:
    """The body of a request, which has to be JSON.

    Raises:
        Problem: 415, it claims to be something else. 400, 422: as ``parse_json``.
    """
    if not _may_be_json(request.headers):
        raise Problem(415, f"the body must be application/json, got {request.headers['content-type']!r:.80}")
    return parse_json(await request.body(), depth=depth)


def parse_json(body: bytes, *, depth: int = MAX_DEPTH) -> Any:
    """Read one JSON document in UTF-8.

    Python's own parser is laxer than the standard: it knows NaN and Infinity, takes the last of equal keys, and lets
    through halves of surrogate pairs, which no encoding has. Some databases also refuse NUL in text.

    Raises:
        Problem: 400, it is no JSON. 422, it has one of these, or more than ``depth`` levels.
    """
    try:
        return _parsed(_text(body), depth)
    except json.JSONDecodeError as error:
        raise Problem(400, f"the body is not JSON: {error}", code="bad_json") from None


def document_of(scope: Scope) -> Any:
    """What ``StrictJSON`` made of the body of a request, so that nobody parses it again.

    Raises:
        LookupError: the body was no JSON, or there was none.
    """
    return scope[_READ]


class StrictJSON:
    """Looks at JSON bodies as ``parse_json`` does before a framework parses them on its own.

    FastAPI's parser takes all that ``parse_json`` refuses, other encodings too, and FastAPI then fails with 500 when it
    wants to say what it did not like about NaN. What is no JSON at all is left for the framework to tell in its words.
    """

    def __init__(self, app: ASGIApp, depth: int = MAX_DEPTH) -> None:
        self._app = app
        self._depth = depth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _has_body(scope) and _may_be_json(Headers(scope=scope)):
            body = await Request(scope, receive).body()
            with suppress(json.JSONDecodeError):
                scope[_READ] = _parsed(_text(body), self._depth)
            receive = _again(body, receive)
        await self._app(scope, receive, send)


def _again(body: bytes, receive: Receive) -> Receive:
    """``receive`` as if nobody had read the body."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _has_body(scope: Scope) -> bool:
    """Whether there may be one: HTTP/2 says nothing about it in advance, but reads have none unless they say so."""
    if scope["method"] not in SAFE_METHODS:
        return True
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _may_be_json(headers: Headers) -> bool:
    media_type = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _text(body: bytes) -> str:
    """The body as text. NUL and a byte order mark are signs of another encoding, which lax parsers would guess."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or text.startswith("\ufeff"):
        raise Problem(400, "the body is not JSON in UTF-8 without a byte order mark", code="bad_json")
    return text


def _parsed(text: str, depth: int) -> Any:
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep(depth) from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise _refused("a number has too many digits") from None
    _check(value, depth)
    return value


def _check(document: object, depth: int) -> None:
    """Level by level, so that no depth can overflow a stack."""
    level = [document]
    for levels in range(depth + 1):
        below: list[object] = []
        for value in level:
            match value:
                case str():
                    _check_text(value)
                case dict() | list() if levels == depth:
                    raise _too_deep(depth)
                case dict():
                    below += value.keys()
                    below += value.values()
                case list():
                    below += value
                case float() if value in (float("inf"), float("-inf")):
                    raise _refused("a number does not fit into a float")  # 1e999 needs no constant
        level = below


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _refused("a text has a NUL character (\\u0000) in it; leave it out")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _refused("a text has half of a surrogate pair in it; send whole characters")


def _no_constant(name: str) -> NoReturn:
    raise _refused(f"{name} is no JSON; send null or a text instead")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _refused(f"the key {twice!r:.80} comes twice in one object")
    return read


_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_unique)


def _too_deep(depth: int) -> Problem:
    return _refused(f"it has more than {depth} levels")


def _refused(detail: str) -> Problem:
    return Problem(422, f"the body cannot be taken: {detail}", code="bad_json_value")
