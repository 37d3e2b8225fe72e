"""Values as text for people and pipes: nothing that a stored value contains can act on a terminal or fake a line.

``taskmq.cli.text`` is its twin.
"""

import json
import os
import re
from datetime import datetime

from taskcore.urls import masked

# Controls, line separators, direction overrides, and surrogates, which no terminal can be sent.
_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))


def visible(value: object) -> str:
    """``value`` as one line of text, with every character that would act shown as an escape such as ``\\n``."""
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), str(value))


def cell(value: object) -> str:
    """A value of a document as one field of a tab-separated line."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) else visible(json.dumps(value, ensure_ascii=False))


def counted(number: int, noun: str) -> str:
    """``1 task``, ``2 tasks``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, or in how long, as ``2 min ago`` or ``in 3 h``."""
    seconds = (now - at).total_seconds()
    span = rough(abs(seconds))
    return f"{span} ago" if seconds >= 0 else f"in {span}"


def as_json(document: object) -> str:
    """JSON that is safe to show: readable text stays readable, what would act on a terminal is escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return _ACTING.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def colourless() -> bool:
    """Whether the user wants no colours, in any of the ways to say so."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("CLICOLOR") == "0" or os.environ.get("TERM") == "dumb"


def rough(seconds: float) -> str:
    """A span in its largest unit: ``2 d``, ``4 min``, ``12 s``."""
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def address(url: str) -> str:
    """A database's URL without its password and options."""
    return masked(url).partition("?")[0]
