"""Words of the command line as values: durations, instants, rates, ids. Each raises ``click.BadParameter``."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from taskmq.cli.completing import JobId

MOST = 1_000_000
"""Lines that one command prints, where there are no pages."""
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)?")
_RATE = re.compile(r"(\d{1,6})/(s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}

JOB_ID = JobId()


class Setting(click.Option):
    """An option that a variable of the environment can give too, as its help says."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "show_envvar": True})

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return None if record is None else (record[0], record[1].replace("[env var: ", "[env: "))


def duration(text: str) -> timedelta:
    """``30s``, ``5m``, ``2h``, ``1d``, ``500ms``; a bare number counts seconds."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"expected a duration such as 30s, 5m, 2h or 1d, got {text[:40]!r}")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2] or "s"])


def instant(text: str) -> datetime:
    """``2026-04-01T12:00:00Z``, or ``+10m`` from now. In UTC."""
    try:
        if text.startswith("+"):
            return datetime.now(UTC) + duration(text[1:])
        at = datetime.fromisoformat(text)
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except OverflowError:
        raise click.BadParameter(f"{text[:40]!r} is later than the calendar goes") from None
    except ValueError:
        wanted = "an instant such as 2026-04-01T12:00:00Z, or +10m from now"
        raise click.BadParameter(f"expected {wanted}, got {text[:40]!r}") from None
    raise click.BadParameter(f"{text!r} has no time zone; add Z for UTC or an offset such as +02:00")


def past(text: str) -> datetime:
    """``2026-04-01T12:00:00Z``, or ``2h`` for two hours ago. In UTC."""
    if _DURATION.fullmatch(text) is None:
        return instant(text)
    try:
        return datetime.now(UTC) - duration(text)
    except OverflowError:
        raise click.BadParameter(f"{text[:40]!r} ago is earlier than the calendar goes") from None


def rate(text: str) -> timedelta:
    """``5/s`` or ``100/m``, as the time between two."""
    found = _RATE.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"expected a rate such as 5/s or 100/m, got {text[:40]!r}")
    return timedelta(seconds=_SECONDS[found[2]]) / int(found[1])


def slots(text: str) -> int | None:
    """How many at a time; ``none`` is as many as there are."""
    if text == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise click.BadParameter(f"expected a number such as 5, or none, got {text[:40]!r}")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """``a,b`` as two names."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise click.BadParameter(f"expected names with commas between them, got {text[:80]!r}")
    return found
