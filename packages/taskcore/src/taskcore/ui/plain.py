"""A page's model as JSON: the same facts as on the page, in a stable form for programs, and without secrets.

What a dataclass declares as ``object``, or as a mapping to text or objects, is somebody else's value: arguments,
results, facts. It goes through the redactor whole, as do mappings inside a list. All other text goes through it by
itself.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, get_type_hints

from taskcore.redaction import Redactor

_FOREIGN: tuple[object, ...] = (object, Any, Mapping[str, object], Mapping[str, str])


def document(model: Mapping[str, object], redactor: Redactor | None) -> dict[str, object]:
    """``model`` in JSON's types; None as a redactor leaves everything as it is."""
    return {name: plain(value, redactor) for name, value in model.items()}


def plain(value: object, redactor: Redactor | None = None) -> object:
    """Instants in ISO 8601, durations in seconds, sets sorted, whatever is unknown as text."""
    match value:
        case Enum():
            return plain(value.value)
        case str():
            return redactor.text(value) if redactor else value
        case None | bool() | int():
            return value
        case float():
            return value if isfinite(value) else str(value)
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            return _container(value, redactor)


def _container(value: object, redactor: Redactor | None) -> object:
    match value:
        case Mapping():
            return redactor(value) if redactor else {str(key): plain(each) for key, each in value.items()}
        case set() | frozenset():
            return sorted((plain(each, redactor) for each in value), key=str)
        case list() | tuple():
            return [plain(each, redactor) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {
                name: redactor(getattr(value, name)) if foreign and redactor else _part(getattr(value, name), redactor)
                for name, foreign in _parts(type(value))
            }
        case _:
            return plain(str(value), redactor)


def _part(value: object, redactor: Redactor | None) -> object:
    """A field of ours. The keys of its mappings are names, as those of queues, whatever they look like."""
    if isinstance(value, Mapping):
        return {str(key): _part(each, redactor) for key, each in value.items()}
    return plain(value, redactor)


@cache
def _parts(kind: type) -> tuple[tuple[str, bool], ...]:
    """(name, whether it is somebody else's) of the fields that ``repr`` shows too, then of computed properties."""
    hints = get_type_hints(kind)
    shown = [(field.name, hints[field.name] in _FOREIGN) for field in fields(kind) if field.repr]
    return (*shown, *((name, False) for name, member in vars(kind).items() if isinstance(member, property)))


def json_text(value: object) -> str:
    """``value`` as a program would write it."""
    return json.dumps(plain(value), ensure_ascii=False, indent=2)
