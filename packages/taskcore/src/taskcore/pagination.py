"""Pages by key: a cursor says after which row the next page begins, so rows that come or go shift nothing.

A cursor is opaque to clients and bound to the query that made it. It is not signed: it holds nothing but the
sort key of a row its bearer has seen, and is checked like any other input.
"""

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Generic, Self, TypeVar

from taskcore.errors import BadCursor, InvalidInput

DEFAULT_LIMIT = 50
MAX_LIMIT = 1_000
MAX_LENGTH = 2_000

_VERSION = 1
_START_AGAIN = "ask for the first page again, without a cursor"

Item = TypeVar("Item", covariant=True)
KeyPart = str | int | float | None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows of a listing; ``next_cursor`` is None on the last page."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort key of the last row that was shown."""

    key: tuple[KeyPart, ...]

    def encode(self, query: Mapping[str, object]) -> str:
        """The cursor as URL-safe text that only listings with the same ``query`` (filters and order) accept."""
        text = json.dumps(
            [_VERSION, _digest(query), *self.key], separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str, query: Mapping[str, object]) -> Self:
        """Read a cursor that ``encode`` made for the same ``query``.

        Raises:
            BadCursor: it is broken, of another release, or made for another query.
        """
        version, digest, *key = _unpack(text)
        if version != _VERSION:
            raise BadCursor(f"the cursor was made by another release; {_START_AGAIN}")
        if digest != _digest(query):
            raise BadCursor(f"the cursor was made for other filters or another order; {_START_AGAIN}")
        if not all(map(_is_key_part, key)):
            raise BadCursor(f"the cursor is damaged; {_START_AGAIN}")
        return cls(tuple(key))


def checked_limit(limit: int | None, *, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> int:
    """How many rows a page holds: ``default`` when nobody said, never more than ``most``.

    Raises:
        InvalidInput: it is no whole number, or less than one.
    """
    if limit is None:
        return default
    if type(limit) is not int or limit < 1:
        raise InvalidInput(f"limit must be a whole number from 1 to {most}, got {limit!r:.80}")
    return min(limit, most)


def _unpack(text: str) -> list[KeyPart]:
    padded = text[:MAX_LENGTH] + "=" * (-len(text) % 4)
    try:
        parts = json.loads(b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise BadCursor(f"{text[:80]!r} is no cursor; {_START_AGAIN}") from error
    if not isinstance(parts, list) or len(parts) < 3:
        raise BadCursor(f"{text[:80]!r} is no cursor; {_START_AGAIN}")
    return parts


def _digest(query: Mapping[str, object]) -> str:
    text = json.dumps(query, sort_keys=True, default=_canonical)
    return sha256(text.encode()).hexdigest()[:16]


def _canonical(value: object) -> object:
    """What JSON lacks, told apart by its text; sets have no order, so they get one."""
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(value)


def _is_key_part(part: object) -> bool:
    """A forged cursor is input too: whatever no database can compare is refused here."""
    match part:
        case bool():
            return False
        case int():
            return -(2**63) <= part < 2**63
        case float():
            return isfinite(part)
        case str():
            return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in part)
        case _:
            return part is None
