"""A search box's text as terms: words, "quoted text", and either behind a qualifier, as in ``error:"no such"``."""

import re
from collections.abc import Iterator

_TERM = re.compile(r'(?:([A-Za-z][\w.]*):)?(?:"((?:[^"\\]|\\.)*)"?|([^\s"]+))?')
_ESCAPED = re.compile(r"\\(.)")
_ID = re.compile(r"(?=.*\d)[0-9a-f-]{6,36}", re.IGNORECASE)
_PLAIN = re.compile(r'[^\s"\\:]+')


def terms(text: str) -> Iterator[tuple[str | None, str]]:
    """(qualifier or None, value) for each term; a quotation mark that is never closed closes at the end."""
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None or found.end() == at:
            at += 1
            continue
        at = found.end()
        qualifier, quoted, plain = found.groups()
        value = plain or "" if quoted is None else _ESCAPED.sub(r"\1", quoted)
        if qualifier is not None or value:
            yield qualifier.lower() if qualifier else None, value


def written(value: str) -> str:
    """``value`` so that ``terms`` gives it back."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def looks_like_id(word: str) -> bool:
    """Whether it is some part of an id rather than of a name."""
    return _ID.fullmatch(word) is not None
