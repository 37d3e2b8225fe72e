"""Bodies of requests: JSON, whatever the header says that it is, and never more than a route takes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from taskcore.web.documents import parse_json
from taskcore.web.problems import Problem

from lapinq.api.problems import too_large

SMALL = 65_536
"""Bytes of a body that is no task."""

NOT_JSON = "invalid JSON body"


async def json_of(request: Request, most: int = SMALL, *, told: str = NOT_JSON) -> Any:
    """The JSON document that was sent, which is not ``null``.

    Raises:
        Problem: 413, it has more than ``most`` bytes. 400, it is no JSON, or has NaN, NUL, equal keys or the like.
    """
    return _parsed(await body_of(request, most), told)


async def object_of(request: Request, *, told: str = NOT_JSON) -> Mapping[str, Any]:
    """The JSON object that was sent.

    Raises:
        Problem: as ``json_of``; 400, it is no object.
    """
    return _object(await json_of(request, told=told))


async def options_of(request: Request) -> Mapping[str, Any]:
    """The JSON object that was sent; an empty one where there is no body.

    Raises: as ``object_of``.
    """
    body = await body_of(request, SMALL)
    return _object(_parsed(body, NOT_JSON)) if body else {}


def grace_of(given: Mapping[str, Any], default: timedelta, most: timedelta) -> timedelta:
    """For how long what is replaced is good beside what replaces it: ``grace_seconds`` of a body.

    Raises:
        Problem: 400, it is no such time.
    """
    seconds, limit = given.get("grace_seconds", default.total_seconds()), most.total_seconds()
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= limit:
        raise Problem(400, f"grace_seconds must be a number from 0 to {limit:.0f}")
    return timedelta(seconds=seconds)


async def body_of(request: Request, most: int) -> bytes:
    """What was sent, read no further than ``most`` bytes.

    Raises:
        Problem: 413, it has more.
    """
    promised = request.headers.get("content-length", "0")  # digits: the middleware has looked at it
    if int(promised[:19]) > most:
        raise too_large(most)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise too_large(most)
    return bytes(body)


def _parsed(body: bytes, told: str) -> Any:
    try:
        found = parse_json(body)
    except Problem as error:
        raise Problem(400, told if error.details.status == 400 else error.details.detail) from None
    if found is None:
        raise Problem(400, told)
    return found


def _object(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise Problem(400, "the body must be a JSON object")
    return found
