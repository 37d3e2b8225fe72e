"""Instants, as the API reads them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_WANTED = "an instant such as 2026-04-01T12:00:00Z was expected"


def instant_of(value: Any) -> datetime | None:
    """ISO 8601; without a time zone it is UTC, as the documentation of the public release has it."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise PydanticCustomError("datetime_type", _WANTED)
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.utcoffset() is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("datetime_parsing", _WANTED) from None


Instant = Annotated[datetime | None, BeforeValidator(instant_of)]
