"""Values as JSON text and back, exactly: what is decoded equals what was encoded, type by type, or encoding fails.

None, bool, int, float, str, list and dict are written as plain JSON. Everything else that JSON lacks
is an object with one key that begins with ``~``, for example ``{"~datetime": "2026-03-29T02:30:00+02:00"}``;
a user's own dict of that shape gets a second ``~``, so it cannot be mistaken for one. Nothing is ever
pickled, and decoding runs no code that the text could choose.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, NoReturn
from uuid import UUID

from taskcore.errors import CorruptPayload, NotSerializable, PayloadTooLarge

DEFAULT_LIMIT = 1_048_576
MAX_DEPTH = 100

_MARK = "~"
_ATOMS = frozenset({type(None), bool, int, float, str})
_STRINGS = frozenset({str})
_MICROSECOND = timedelta(microseconds=1)

# The walk refuses cycles by depth before the encoder sees them, so its own bookkeeping is saved.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False, check_circular=False)


def encode(value: object, *, limit: int = DEFAULT_LIMIT) -> str:
    """Write ``value`` as compact JSON of at most ``limit`` bytes in UTF-8.

    Raises:
        NotSerializable: some part has no exact form; ``.path`` leads to it.
        PayloadTooLarge: the text is longer than ``limit`` bytes.
    """
    if value is None:
        return "null"
    text = _encode_plain(value, limit)
    if text is None:
        text = _ENCODER.encode(_Tagger(limit).tagged(value))
    size = len(text) if text.isascii() else len(text.encode())
    if size > limit:
        raise PayloadTooLarge(size, limit)
    return text


def decode(text: str) -> Any:
    """Return the value that ``encode`` was given.

    Raises:
        CorruptPayload: the text was not written by ``encode``.
    """
    decoder = _TAGGED if _MARK_IN_TEXT in text else _PLAIN
    try:
        value, end = decoder.raw_decode(text)
        return value if end == len(text) else decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise CorruptPayload(f"expected JSON written by this codec, got {text[:80]!r}: {error}") from error


def _encode_plain(value: object, limit: int) -> str | None:
    """Let the C encoder do it all, or answer None when the careful walk must look."""
    if type(value) not in _ATOMS and not _is_plain(value, limit):
        return None
    try:
        text = _ENCODER.encode(value)
        text.isascii() or text.encode()
    except ValueError:
        return None
    return None if "\\u0000" in text else text


def _is_plain(value: object, limit: int) -> bool:
    """Whether plain JSON holds ``value`` exactly.

    The C encoder would write tuples as lists, int keys as strings and subclasses as their base, and
    say nothing. Level by level, because the set operations keep the common case out of Python loops.
    """
    level, seen = [value], 0
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for container in level:
            items: Iterable[object]
            if type(container) is dict:
                if not _STRINGS.issuperset(map(type, container)) or _looks_tagged(container):
                    return False
                items = container.values()
            elif type(container) is list:
                items = container
            else:
                return False
            seen += len(container)
            if not _ATOMS.issuperset(map(type, items)):
                below.extend(item for item in items if type(item) not in _ATOMS)
        if not below:
            return True
        if seen > limit:
            return False
        level = below
    return False


def _looks_tagged(value: Mapping[str, object]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(_MARK)


class _Tagger:
    """One careful walk over one value: tags what plain JSON lacks, names the path of what cannot be stored."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen = 0
        self._trail: list[str | int] = []

    def tagged(self, value: object) -> object:
        self._seen += 1
        if self._seen > self._limit:  # a value takes a byte at least; shared parts could multiply for ever
            raise PayloadTooLarge(self._seen, self._limit)
        if len(self._trail) >= MAX_DEPTH and type(value) not in _ATOMS:
            self._refuse(f"is nested more than {MAX_DEPTH} levels deep, or contains itself", "flatten it")
        if isinstance(value, UUID):  # asyncpg hands out its own subclass
            return {"~uuid": str(value)}
        write = _WRITERS.get(type(value))
        if write is None:
            self._refuse(f"is {_described(value)}, which has no exact JSON form", _advice(value))
        return write(self, value)

    def mapping(self, value: dict[object, object]) -> object:
        plain = {}
        for key, item in value.items():
            if type(key) is not str:
                self._refuse(f"has the key {key!r} of type {type(key).__name__}", "keys must be str")
            self._string(key)
            plain[key] = self._below(key, item)
        return {_MARK + key: item for key, item in plain.items()} if _looks_tagged(plain) else plain

    def items(self, value: Iterable[object]) -> list[object]:
        return [self._below(index, item) for index, item in enumerate(value)]

    def members(self, value: Iterable[object]) -> list[object]:
        """Members in the order of their text: equal sets give equal documents."""
        return sorted(self.items(value), key=_ENCODER.encode)

    def text(self, value: str) -> str:
        self._string(value)
        return value

    def whole(self, value: int) -> int:
        try:
            int.__repr__(value)
        except ValueError:
            self._refuse("is an integer of thousands of digits", "pass it as text or bytes")
        return value

    def number(self, value: float) -> float:
        if not isfinite(value):
            self._refuse(f"is {value}, which JSON does not have", "pass None or a finite number")
        return value

    def decimal(self, value: Decimal) -> object:
        if not value.is_finite():
            self._refuse(f"is Decimal('{value}')", "pass None or a finite number")
        return {"~decimal": str(value)}

    def moment(self, value: datetime | time) -> object:
        if value.tzinfo is not None and value.utcoffset() is None:
            self._refuse(f"is {value!r}, whose zone gives no offset", "attach a zone with a fixed offset")
        return {f"~{type(value).__name__}": value.isoformat()}

    def _below(self, key: str | int, value: object) -> object:
        self._trail.append(key)
        plain = self.tagged(value)
        self._trail.pop()
        return plain

    def _string(self, value: str) -> None:
        if "\0" in value:
            self._refuse("has a NUL character in its text, which PostgreSQL cannot store", "remove it or pass bytes")
        try:
            value.encode()
        except UnicodeEncodeError:
            self._refuse("has a lone surrogate in its text, which is not valid UTF-8", "repair it or pass bytes")

    def _refuse(self, what: str, advice: str) -> NoReturn:
        path = "$" + "".join(map(_step, self._trail))
        raise NotSerializable(f"{path} {what}; {advice}", path=path)


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() else f"[{key!r}]"


def _described(value: object) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"of type {name}"


def _advice(value: object) -> str:
    if isinstance(value, Enum):
        return "pass its .value"
    if is_dataclass(value) and not isinstance(value, type):
        return "pass dataclasses.asdict(...) of it"
    if hasattr(type(value), "model_dump"):
        return "pass its .model_dump()"
    for base in _WRITERS:
        if isinstance(value, base):
            return f"pass {base.__name__}(...) of it"
    return "pass plain data, or an id by which the task can look it up"


_WRITERS: dict[type, Callable[[_Tagger, Any], object]] = {
    type(None): lambda _, value: value,
    bool: lambda _, value: value,
    int: _Tagger.whole,
    float: _Tagger.number,
    str: _Tagger.text,
    list: _Tagger.items,
    dict: _Tagger.mapping,
    tuple: lambda tagger, value: {"~tuple": tagger.items(value)},
    set: lambda tagger, value: {"~set": tagger.members(value)},
    frozenset: lambda tagger, value: {"~frozenset": tagger.members(value)},
    bytes: lambda _, value: {"~bytes": b64encode(value).decode()},
    datetime: _Tagger.moment,
    date: lambda _, value: {"~date": value.isoformat()},
    time: _Tagger.moment,
    timedelta: lambda _, value: {"~timedelta": value // _MICROSECOND},
    Decimal: _Tagger.decimal,
}

_READERS: dict[str, Callable[[Any], object]] = {
    "~tuple": tuple,
    "~set": set,
    "~frozenset": frozenset,
    "~bytes": lambda value: b64decode(value, validate=True),
    "~datetime": datetime.fromisoformat,
    "~date": date.fromisoformat,
    "~time": time.fromisoformat,
    "~timedelta": lambda value: timedelta(microseconds=value),
    "~decimal": Decimal,
    "~uuid": UUID,
}


def _untagged(found: dict[str, Any]) -> object:
    """Turn a tag back into its value; called by the decoder for each object, innermost first."""
    if not _looks_tagged(found):
        return found
    ((tag, value),) = found.items()
    if tag.startswith(_MARK * 2):
        return {tag[1:]: value}
    try:
        return _READERS[tag](value)
    except (KeyError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise CorruptPayload(f"expected a value that {tag!r} can hold, got {value!r:.80}: {error!r}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_MARK_IN_TEXT = f'"{_MARK}'
_PLAIN = json.JSONDecoder(parse_constant=_no_constant)
_TAGGED = json.JSONDecoder(parse_constant=_no_constant, object_hook=_untagged)
