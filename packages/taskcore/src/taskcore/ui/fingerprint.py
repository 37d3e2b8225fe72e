"""Which errors are the same error: their type, and their message without what differs from task to task."""

import re
from hashlib import sha256

MOST = 500
"""Characters of a message that count."""

_VARYING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def normalised(message: str) -> str:
    """``message`` with ids, hexadecimal numbers and other numbers replaced by what they are."""
    text = message[:MOST]
    for pattern, stands_for in _VARYING:
        text = pattern.sub(stands_for, text)
    return text.strip()


def fingerprint(error_type: str, message: str) -> str:
    """Twelve hexadecimal digits that errors of one kind share."""
    return sha256(f"{error_type}\n{normalised(message)}".encode(errors="replace")).hexdigest()[:12]
