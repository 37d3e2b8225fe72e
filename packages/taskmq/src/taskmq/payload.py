"""What a job may carry, and the one rule by which text and values are told apart.

A payload is stored as text. Text is stored as it is; any other JSON value as its JSON. Reading follows the text alone:
what parses as JSON is the value, everything else is the text itself. So ``{"a": 1}`` is a dict for its handler whether
it was given as a dict or as text, and "hello" stays "hello"; only a text that happens to be JSON, such as "123", turns
into a value. Whoever must not risk that passes ``json.dumps(text)``. ``Job.raw_payload`` always has the text.
"""

import json
from typing import Any, NoReturn

from taskcore import serialization
from taskcore.errors import NotSerializable, PayloadTooLarge

MAX_BYTES = serialization.DEFAULT_LIMIT


def to_text(payload: object) -> str:
    """The text to store for a payload.

    Raises:
        NotSerializable: some part is not plain JSON, or text that not every store can keep; ``.path`` leads to it.
        PayloadTooLarge: it takes more than a megabyte.
    """
    return _checked(payload) if type(payload) is str else _as_json(payload)


def from_text(text: str) -> Any:
    """The payload whose text was stored."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return text


def _checked(text: str) -> str:
    # Quoting makes text longer, so the limit is measured here.
    serialization.encode(text, limit=2 * MAX_BYTES)
    _check_size(text)
    value = from_text(text)
    if value is not text:  # JSON can spell what plain text must not hold, such as "\\u0000"
        serialization.encode(value, limit=2 * MAX_BYTES)
    return text


def _as_json(payload: object) -> str:
    text = serialization.encode(payload, limit=MAX_BYTES)
    if _TAG not in text:
        return text
    # The codec writes a datetime, a tuple and the like under a tag; here they are refused.
    try:
        text = _ENCODER.encode(payload)
    except TypeError as error:
        raise NotSerializable(f"the payload must be plain JSON: {error}; pass text or numbers instead") from error
    if json.loads(text) != payload:
        raise NotSerializable("the payload has a tuple, which JSON does not have; pass a list")
    return text


def _check_size(text: str) -> None:
    size = len(text) if text.isascii() else len(text.encode())
    if size > MAX_BYTES:
        raise PayloadTooLarge(size, MAX_BYTES)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_TAG = '"~'
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False)
_DECODER = json.JSONDecoder(parse_constant=_no_constant)
