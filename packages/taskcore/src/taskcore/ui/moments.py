"""Instants and ages as they stand in URLs and search boxes."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_AGE = re.compile(r"(\d{1,6})\s*([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Age:
    """So long ago, whenever one looks."""

    span: timedelta


def read_moment(text: str) -> datetime | Age | None:
    """An age such as ``24h``, or an ISO instant, UTC where it names no zone; None for anything else."""
    if age := _AGE.fullmatch(text):
        return Age(timedelta(**{_UNITS[age[2]]: int(age[1])}))
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(at: datetime) -> str:
    """``at`` as ``read_moment`` reads it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
