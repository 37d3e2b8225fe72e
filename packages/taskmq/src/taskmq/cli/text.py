"""Values as text for people and pipes: nothing that a stored value contains can act on a terminal or fake a line.

``lapinq.cli.text`` is its twin.
"""

import json
import os
import re
from datetime import UTC, datetime, timedelta

# Controls, line separators, direction overrides, and surrogates, which no terminal can be sent.
_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))


def visible(value: object) -> str:
    """``value`` as one line of text, with every character that would act shown as an escape such as ``\\n``."""
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), str(value))


def colourless() -> bool:
    """Whether the user wants no colours, in any of the ways to say so."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("CLICOLOR") == "0" or os.environ.get("TERM") == "dumb"


def as_json(document: object, *, indent: int | None = None) -> str:
    """JSON that is safe to show: readable text stays readable, what would act on a terminal is escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=str)
    return _ACTING.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def cell(value: object) -> str:
    """A value of a document as one field of a tab-separated line."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) else visible(as_json(value))


def timestamp(at: datetime | None) -> str | None:
    """An instant as ``2026-11-21T22:30:58.117Z``."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(duration: timedelta) -> int:
    """A duration as machines get it."""
    return duration // timedelta(milliseconds=1)


def ago(at: datetime, now: datetime) -> str:
    """How long ago, or in how long, as ``2 min ago`` or ``in 3 h``."""
    seconds = (now - at).total_seconds()
    span = rough(abs(seconds))
    return f"{span} ago" if seconds >= 0 else f"in {span}"


def rough(seconds: float) -> str:
    """A span in its largest unit: ``2 d``, ``4 min``, ``12 s``."""
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def even(seconds: int) -> str:
    """A span in the largest unit of which it is a whole number: ``90 min``, ``1 d``."""
    for unit, size in _UNITS:
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def counted(number: int, noun: str) -> str:
    """``1 dead job``, ``2 dead jobs``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def precise(ms: int) -> str:
    """A duration as people read it: ``412 ms``, ``1.2 s``, ``4 min 3 s``."""
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else rough(minutes * 60)
