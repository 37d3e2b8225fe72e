"""A page's model as JSON: the same facts as on the page, in a stable form for programs."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import isfinite


def plain(value: object) -> object:
    """``value`` as JSON has it: instants in ISO 8601, durations in seconds, sets sorted, whatever is unknown as text."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if isfinite(value) else str(value)
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case set() | frozenset():
            return sorted((plain(each) for each in value), key=str)
        case list() | tuple():
            return [plain(each) for each in value]
        case _ if is_dataclass(value):
            return {name: plain(getattr(value, name)) for name in _shown(value)}
        case _:
            return str(value)


def json_text(value: object) -> str:
    """``value`` as a program would write it."""
    return json.dumps(plain(value), ensure_ascii=False, indent=2)


def _shown(value: object) -> Iterable[str]:
    """The fields of a dataclass that its ``repr`` shows too; then its computed properties."""
    kind = type(value)
    assert is_dataclass(kind)  # noqa: S101 - tells mypy what `match` has asked
    yield from (field.name for field in fields(kind) if field.repr)
    yield from (name for name, member in vars(kind).items() if isinstance(member, property))
