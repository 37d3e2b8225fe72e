"""Words of the command line as values: spans of time, instants, grants. What is none ends the command with usage."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def span(text: str) -> timedelta:
    """``30s``, ``5m``, ``2h``, ``1d``, ``500ms``; a bare number counts seconds."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(f"expected a span of time such as 30s, 5m, 2h or 1d, got {text[:40]!r}")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2] or "s"])


def instant(text: str) -> datetime:
    """``2026-04-01T12:00:00Z``, or ``+10m`` from now; in UTC."""
    try:
        if text.startswith("+"):
            return datetime.now(UTC) + span(text[1:])
        at = datetime.fromisoformat(text)
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    wanted = "an instant with its zone such as 2026-04-01T12:00:00Z, or +10m from now"
    raise ArgumentTypeError(f"expected {wanted}, got {text[:40]!r}")


def past(text: str) -> datetime:
    """``2h`` for two hours ago, or an instant with a time zone; in UTC."""
    try:
        if _SPAN.fullmatch(text):
            return datetime.now(UTC) - span(text)
        at = datetime.fromisoformat(text)
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    wanted = "a span of time such as 2h, or an instant with its zone such as 2026-04-01T12:00:00Z"
    raise ArgumentTypeError(f"expected {wanted}, got {text[:40]!r}")


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number from ``least`` to ``most``."""

    def convert(text: str) -> int:
        number = int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else None
        if number is None or not least <= number <= most:
            raise ArgumentTypeError(f"expected a whole number from {least} to {most}, got {text[:40]!r}")
        return number

    return convert


def at_once(text: str) -> int | None:
    """How many at a time; ``none`` is as many as there are."""
    return None if text == "none" else whole(1, 1_000_000)(text)


def maybe(convert: Callable[[str], T]) -> Callable[[str], T | None]:
    """The same, or ``none`` for none."""
    return lambda text: None if text == "none" else convert(text)


def grant(text: str) -> tuple[str, list[str]]:
    """``video=enqueue,cancel``: a queue, and what may be done to it."""
    queue, equals, verbs = text.rpartition("=")
    if not equals or not queue or not verbs:
        raise ArgumentTypeError(f"expected QUEUE=VERB,VERB as in video=enqueue,cancel, got {text[:80]!r}")
    return queue, names(verbs)


def names(text: str) -> list[str]:
    """``a,b`` as two names."""
    return [name.strip() for name in text.split(",") if name.strip()]


def permissions(grants: list[tuple[str, list[str]]]) -> dict[str, Any]:
    """Grants as the JSON of permissions; a queue that is named twice has both."""
    queues: dict[str, list[str]] = {}
    for queue, verbs in grants:
        queues.setdefault(queue, []).extend(verbs)
    return {"queues": queues}
