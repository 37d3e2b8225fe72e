"""JSON that clients send, read strictly: what is accepted can be stored everywhere and comes back as it was."""

import json
from collections import Counter
from typing import Any, NoReturn

from starlette.requests import Request

from taskcore.web.problems import Problem

MAX_DEPTH = 100


async def json_of(request: Request, *, depth: int = MAX_DEPTH) -> Any:
    """The body of a request, which has to be JSON.

    Raises:
        Problem: 415, it claims to be something else. 400, 422: as ``parse_json``.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Problem(415, f"the body must be application/json, got {media_type!r:.80}")
    return parse_json(await request.body(), depth=depth)


def parse_json(body: bytes, *, depth: int = MAX_DEPTH) -> Any:
    """Read one JSON document in UTF-8.

    Python's own parser is laxer than the standard: it knows NaN and Infinity, takes the last of equal keys, and lets
    through halves of surrogate pairs, which no encoding has. Some databases also refuse NUL in text.

    Raises:
        Problem: 400, it is no JSON. 422, it has one of these, or more than ``depth`` levels.
    """
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise _too_deep(depth) from None
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {error!s:.200}", code="bad_json") from None
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


def _too_deep(depth: int) -> Problem:
    return _refused(f"it has more than {depth} levels")


def _refused(detail: str) -> Problem:
    return Problem(422, f"the body cannot be taken: {detail}", code="bad_json_value")
