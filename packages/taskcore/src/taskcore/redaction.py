"""What may be shown of a value: a copy in plain JSON types, without what its keys or its shape give away as a secret,
and never longer than people can read.

Found are values under secret-looking keys at any depth, and in text: passwords of URLs, bearer tokens, JSON Web Tokens,
and ``key=value`` or ``key: value`` of such a key. A secret that nothing gives away is not found: whoever passes one as
a plain positional argument shows it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

from taskcore import serialization
from taskcore.errors import CorruptPayload, InvalidInput
from taskcore.models import TaskError

DEFAULT_KEYS = "pass|pwd|secret|token|(?:api|access|private)[_-]?key|credential|authorization|cookie|card|ssn"
MASK = "•••• (redacted)"

LIMIT = 65_536
"""Characters that are shown of a value ..."""
DEPTH = 20
"""... levels of it, and ..."""
ITEMS = 1_000
"""... items of each of its parts."""

_BEYOND = 4_096
"""Characters behind the cut that are looked at, so that no secret is found half and shown half."""

_SHOWN_AS_TEXT = (date, time, timedelta, Decimal, UUID, PurePath)  # a datetime is a date
_MAX_BITS = 4_096

# The quantifiers are bounded or possessive and no match begins inside a word: hostile text costs linear time.
_URL = re.compile(r"(://[^\s/?#:@]{0,256}:)(?!\d{1,5}(?:[/?#\s]|$))\S{1,2048}@")
_BEARER = re.compile(r"(?i)(?<!\w)(bearer\s{1,8})[\w.~+/=-]{6,}+")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)", re.DOTALL
)
_WEB_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]*+)?")
_TOKEN = re.compile(
    r"""(?x)
    (?<![A-Za-z0-9])
    (?: [a-z][a-z0-9]{0,15}_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{43}           # an API key of ours
      | [sr]k_(?:live|test)_[A-Za-z0-9]{10,}+                             # Stripe
      | gh[oprsu]_[A-Za-z0-9]{20,}+ | github_pat_\w{20,}+ | glpat-[\w-]{20,}+
      | xox[abeprs]-[\w-]{10,}+                                           # Slack
    )
    """
)
_KEY = re.compile(
    r"""(?x)
    (?<![\w.-])
    (?: (-[\w.-]++) [ ]++ (?=[^\s-])                                 # --password hunter2
      | ([\w.-]++) (?: \\*+ ["'\]]{0,2}+ \s*+ (?: => | %3[Dd] | [=:](?!=) ) \s*+  # password=, 'password':, a[password]=
                     | ["'] \s*+ , \s*+ (?=[bru]{0,2}["']) )         # ('password', '...')
    )
    """
)
_LINE = re.compile(r"(?i)authorization|cookie")
_VALUE = re.compile(
    r"""(?x)
    (?: (?i:bearer|basic|digest|token) [ ]+ )?
    (?: [bru]{0,2} " (?:[^"\\]|\\.)*+ "?
      | [bru]{0,2} ' (?:[^'\\]|\\.)*+ '?
      | \\+" .*? (?: \\+" | $ )
      | \[ [^\]]*+ \]? | \{ [^}]*+ \}? | \( [^)]*+ \)?
      | [^\s,;&)\]}"'<>]++
    )
    """
)
_DEFAULT = re.compile(r"[ ]*+=(?!=)[ ]*+")
"""Behind a type, as in ``token: str = "..."``."""
_REST_OF_LINE = re.compile(r"[^\r\n]++")


class Redactor:
    """``redactor(value)`` gives a copy that is safe to show; it never raises, and leaves ``value`` as it is.

    The copy holds None, bool, int, float, str, list and dict with str keys alone. What was left out says so in place.

    Args:
        keys: regular expression of secret-looking keys, searched for in any case.
        limit: characters shown of one value, or of one text.

    Raises:
        InvalidInput: ``keys`` is no regular expression.
    """

    def __init__(self, keys: str = DEFAULT_KEYS, *, limit: int = LIMIT, depth: int = DEPTH, items: int = ITEMS) -> None:
        try:
            self._keys = re.compile(keys.removeprefix("(?i)"), re.IGNORECASE)
        except re.error as error:
            raise InvalidInput(f"keys must be a regular expression, got {keys!r}: {error}") from error
        self._limit, self._depth, self._items = limit, depth, items

    def __call__(self, value: object) -> object:
        return _Copy(self, self._limit, self._depth, self._items).of(value)

    def document(self, text: str | None) -> object:
        """A stored payload or result: its value, or the text itself where it does not decode. None is None."""
        if text is None:
            return None
        try:
            return self(serialization.decode(text))
        except CorruptPayload:
            return self.text(text)

    def text(self, text: str) -> str:
        """A message, a traceback, a line of a log."""
        return self.cut(text, self._limit)

    def error(self, error: TaskError) -> TaskError:
        """The error with its message and traceback fit to be shown."""
        return TaskError(self.text(error.type), self.text(error.message), self.text(error.traceback))

    def preview(self, value: object, length: int = 80) -> str:
        """The value on one line of at most ``length`` characters."""
        shown = _Copy(self, 4 * length + 200, self._depth, self._items).of(value)
        line = json.dumps(shown, ensure_ascii=False)
        return line if len(line) <= length else line[: max(0, length - 1)] + "…"

    def is_secret(self, key: str) -> bool:
        """Whether a value under this key is not for everybody."""
        return self._keys.search(key) is not None

    def cut(self, text: str, room: int) -> str:
        """At most ``room`` characters of ``text`` without secrets, and a note of how much was left out."""
        shown = self._masked(text[: room + _BEYOND])
        if len(text) <= room + _BEYOND and len(shown) <= room:
            return shown
        return f"{shown[:room]}… ({len(text):,} characters in all)"

    def _masked(self, text: str) -> str:
        text = text.encode("utf-8", "replace").decode()  # lone surrogates cannot be sent to anybody
        text = _URL.sub(r"\1***@", text)
        text = _TOKEN.sub(MASK, _WEB_TOKEN.sub(MASK, _PRIVATE_KEY.sub(MASK, text)))
        text = "".join(self._without_pairs(text))
        return _BEARER.sub(rf"\1{MASK}", text)

    def _without_pairs(self, text: str) -> Iterator[str]:
        at = 0
        for found in _KEY.finditer(text):
            key = found[1] or found[2]
            if found.start() < at or not self.is_secret(key):
                continue
            value = _value_of(key, text, found.end())
            if value is not None:
                yield text[at : found.end()]
                yield MASK
                at = value.end()
                if default := _DEFAULT.match(text, at):
                    yield f"{default[0]}{MASK}"
                    value = _VALUE.match(text, default.end())
                    at = value.end() if value else default.end()
        yield text[at:]


def _value_of(key: str, text: str, start: int) -> re.Match[str] | None:
    """Where the value of ``key`` ends. Headers with several parts go to the end of their line, unless quoted."""
    if _LINE.search(key) and text[start : start + 1] not in ('"', "'", "\\", "b", "[", "{", "("):
        return _REST_OF_LINE.match(text, start)
    return _VALUE.match(text, start)


_NAMES = ("name", "Name", "key", "Key")


@dataclass(slots=True)
class _Field:
    """An attribute that its class hides from its own repr is hidden here too."""

    name: str
    hidden: bool


class _Copy:
    """One walk over one value; what it has shown so far counts against the limit."""

    def __init__(self, redactor: Redactor, room: int, depth: int, items: int) -> None:
        self._redactor, self._room, self._depth, self._items = redactor, room, depth, items
        self._within: list[int] = []

    def of(self, value: object) -> Any:
        try:
            shown = self._copied(value)
        except Exception as error:  # a value's own methods may do anything
            shown = f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
        if not isinstance(shown, str):  # the length of text is taken off where it is cut
            self._room -= 2 if isinstance(shown, list | dict) else len(repr(shown)) + 1
        return shown

    def _copied(self, value: object) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value if type(value) is str else str.__str__(value))
        if isinstance(value, int) and not isinstance(value, Enum):
            return int(value) if value.bit_length() <= _MAX_BITS else f"<integer of {value.bit_length():,} bits>"
        if isinstance(value, float):
            return float(value) if abs(value) < float("inf") else str(float(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self._text(repr(bytes(value[: max(0, self._room) + _BEYOND])))
        if isinstance(value, BaseException):
            return self._text(f"{type(value).__name__}: {value}")
        if isinstance(value, (Enum, *_SHOWN_AS_TEXT)):
            return self._text(str(value))
        return self._container(value)

    def _text(self, text: str) -> str:
        shown = self._redactor.cut(text, max(0, self._room))
        self._room -= len(shown) + 3  # its quotes and a comma
        return shown

    def _container(self, value: object) -> Any:
        if id(value) in self._within:
            return "… (contains itself)"
        if len(self._within) >= self._depth:
            return f"… (more than {self._depth} levels deep)"
        self._within.append(id(value))
        try:
            return self._parts(value)
        finally:
            self._within.pop()

    def _parts(self, value: object) -> Any:
        fields = None if isinstance(value, type) else _fields(value)
        if fields is not None:
            return self._mapping((each.name, MASK if each.hidden else getattr(value, each.name)) for each in fields)
        if isinstance(value, Mapping):
            pairs = dict.items(value) if isinstance(value, dict) else value.items()
            return self._mapping(pairs, len(value), named=self._names_a_secret(value))
        if isinstance(value, Set):
            return self._sequence(sorted(value, key=str) if len(value) <= self._items else value, len(value))
        if isinstance(value, Sequence):
            return self._sequence(value, len(value))
        return self._text(repr(value))

    def _names_a_secret(self, value: Mapping[object, object]) -> bool:
        """Whether it is a pair in long form, as in ``{"name": "DB_PASSWORD", "value": "..."}``."""
        names = [value[key] for key in _NAMES if key in value]
        return any(isinstance(name, str | bytes) and self._redactor.is_secret(_name(name)) for name in names)

    def _mapping(self, pairs: Iterable[tuple[object, object]], size: int = 0, *, named: bool = False) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, item in islice(pairs, self._items):
            if self._room <= 0:
                break
            key = _name(name)
            secret = self._redactor.is_secret(key) or (named and key.lower() == "value")
            shown[self._text(key)] = MASK if secret else self.of(item)
        if size > len(shown):
            shown["…"] = f"({size - len(shown):,} more)"
        return shown

    def _sequence(self, items: Iterable[object], size: int) -> list[Any]:
        first = list(islice(items, self._items))
        if size == 2 and isinstance(first[0], str | bytes) and self._redactor.is_secret(_name(first[0])):
            return [self.of(first[0]), MASK]  # a header, or an item of a mapping
        shown: list[Any] = []
        for item in first:
            if self._room <= 0:
                break
            shown.append(self.of(item))
        return [*shown, f"… ({size - len(shown):,} more)"] if size > len(shown) else shown


def _name(key: object) -> str:
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    return str.__str__(key) if isinstance(key, str) else repr(key)


def _fields(value: object) -> list[_Field] | None:
    """The attributes of a dataclass, an attrs class, a named tuple or a pydantic model; None of anything else."""
    kind = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return [_Field(each.name, not each.repr) for each in kind.__dataclass_fields__.values()]
    if hasattr(kind, "__attrs_attrs__"):
        return [_Field(each.name, each.repr is False) for each in kind.__attrs_attrs__]
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return [_Field(name, False) for name in kind._fields]
    if hasattr(kind, "model_fields") and hasattr(kind, "model_dump"):
        return [_Field(name, each.repr is False) for name, each in kind.model_fields.items()]
    return None
