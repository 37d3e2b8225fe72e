"""JSON that no store could keep is refused before anybody tries."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.web.documents import document_of, json_of, parse_json
from taskcore.web.problems import Problem

from .faces import a_client, a_face

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


@given(VALUES)
def test_what_json_has_is_read_as_it_was_written(value: Any) -> None:
    assert value == parse_json(json.dumps(value).encode())
    assert value == parse_json(json.dumps(value, ensure_ascii=False).encode())


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_read_or_refused(body: bytes) -> None:
    with suppress(Problem):
        parse_json(body)


BAD = [
    pytest.param(b"", 400, "not JSON", id="nothing"),
    pytest.param(b"{", 400, "not JSON", id="half"),
    pytest.param(b"\xff", 400, "not JSON", id="no UTF-8"),
    pytest.param(b"\xef\xbb\xbf{}", 400, "not JSON", id="a byte order mark"),
    pytest.param('{"a": NaN}'.encode("utf-16"), 400, "UTF-8", id="UTF-16"),
    pytest.param('{"a": NaN}'.encode("utf-16-le"), 400, "UTF-8", id="UTF-16 without a mark"),
    pytest.param(b"1" * 5_000, 422, "digits", id="a number with too many digits"),
    pytest.param(b'{"a": NaN}', 422, "NaN", id="NaN"),
    pytest.param(b"[-Infinity]", 422, "-Infinity", id="Infinity"),
    pytest.param(b"[1e999]", 422, "float", id="a number that becomes infinite"),
    pytest.param(b'{"a": 1, "a": 2}', 422, "'a' comes twice", id="equal keys"),
    pytest.param(rb'["\ud800"]', 422, "surrogate", id="half a surrogate pair"),
    pytest.param(rb'{"\udfff": 1}', 422, "surrogate", id="half a surrogate pair in a key"),
    pytest.param(rb'["a\u0000"]', 422, "NUL", id="NUL"),
    pytest.param(b"[" * 101 + b"]" * 101, 422, "100 levels", id="too deep"),
    pytest.param(b"[" * 500_000, 422, "100 levels", id="deeper than any stack"),
    pytest.param(b'{"a":' * 200_000, 422, "100 levels", id="objects as deep"),
]


async def echo(request: Request) -> Response:
    return JSONResponse(await json_of(request))


async def lax(request: Request) -> Response:
    """As a framework reads it that is satisfied with Python's parser."""
    try:
        return Response(repr(await request.json()))
    except ValueError:
        return Response("no JSON", 400)


@pytest.mark.parametrize(("body", "status", "word"), BAD)
def test_what_it_has_not_is_refused_with_a_reason(body: bytes, status: int, word: str) -> None:
    with pytest.raises(Problem) as refused:
        parse_json(body)

    assert status == refused.value.details.status
    assert word in refused.value.details.detail


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(("body", "status", "word"), BAD)
async def test_no_framework_sees_any_of_it(body: bytes, status: int, word: str, chunked: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1_000):
            yield body[start : start + 1_000]

    async with a_client(a_face(None, routes=[Route("/lax", lax, methods=["POST"])])) as client:
        answer = await client.post("/lax", content=chunks() if chunked else body)

    assert status == answer.status_code


async def test_what_is_fine_is_read_by_the_framework_as_it_came() -> None:
    async with a_client(a_face(None, routes=[Route("/lax", lax, methods=["POST"])])) as client:
        json_body = await client.post("/lax", content=b'{"a": [1, 2]}', headers={"Content-Type": "application/json"})
        other = await client.post("/lax", content=b"[NaN]", headers={"Content-Type": "text/plain"})

    assert ("{'a': [1, 2]}", "[nan]") == (json_body.text, other.text)


async def test_what_was_read_once_is_there_to_be_had() -> None:
    async def had(request: Request) -> Response:
        try:
            return JSONResponse(document_of(request.scope))
        except LookupError:
            return Response("no JSON", 400)

    async with a_client(a_face(None, routes=[Route("/had", had, methods=["POST"])])) as client:
        fine = await client.post("/had", json={"a": [1, None]})
        others = [await client.post("/had", content=body) for body in (b"", b"{")]
        others.append(await client.post("/had", content=b"{}", headers={"Content-Type": "text/plain"}))

    assert {"a": [1, None]} == fine.json()
    assert [400] * 3 == [other.status_code for other in others]


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("application/merge-patch+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_body_has_to_say_that_it_is_json(media_type: str, status: int) -> None:
    async with a_client(a_face(None, routes=[Route("/echo", echo, methods=["POST"])])) as client:
        answer = await client.post("/echo", content=b"{}", headers={"Content-Type": media_type})

    assert status == answer.status_code


def test_a_hundred_levels_are_fine() -> None:
    assert parse_json(b"[" * 100 + b"]" * 100)
