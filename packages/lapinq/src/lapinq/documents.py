"""Arguments, results and metadata as JSON text that PostgreSQL can keep, and back."""

import json
from contextlib import suppress
from typing import Any

from taskcore.errors import NotSerializable, PayloadTooLarge
from taskcore.serialization import DEFAULT_LIMIT

MAX_DEPTH = 100

_DECODER = json.JSONDecoder()
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def dump(value: object, what: str = "the value", *, limit: int = DEFAULT_LIMIT) -> str:
    """Compact JSON of at most ``limit`` bytes; what JSON lacks is written as ``json.dumps`` does, or refused.

    Raises:
        NotSerializable: it is no JSON, is nested too deeply, or holds text that no database keeps.
        PayloadTooLarge: it is longer.
    """
    try:
        text = _ENCODER.encode(value)
        size = len(text) if text.isascii() else len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise NotSerializable(f"{what} must be JSON: {error}") from error
    if size > limit:
        raise PayloadTooLarge(size, limit)
    if "\\u0000" in text and _holds_nul(value):
        raise NotSerializable(f"{what} must not hold NUL characters, which PostgreSQL cannot store")
    # Half of the brackets of a text close; only one that is nested deeply has so many.
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise NotSerializable(f"{what} must not be nested more than {MAX_DEPTH} levels deep")
    return text


def load(text: str) -> Any:
    """The value that was dumped.

    Raises:
        ValueError: the text is no JSON.
    """
    with suppress(ValueError):  # quicker than the way below, which looks for spaces around the value
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    return json.loads(text)


def _holds_nul(value: object) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
        case list() | tuple():
            return any(map(_holds_nul, value))
        case _:
            return False


def _depth(text: str) -> int:
    """How deeply brackets are nested, outside of strings."""
    deepest = depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
