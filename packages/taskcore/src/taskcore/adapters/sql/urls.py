"""URLs of databases, in SQLAlchemy's words."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from sqlalchemy import URL, exc, make_url

from taskcore.errors import InvalidInput


class HasDriver(Protocol):
    """A dialect; ``driver`` is SQLAlchemy's name for it, with the driver."""

    @property
    def driver(self) -> str: ...


_FORM = "url must be like mysql://user:password@host:3306/database"

D = TypeVar("D", bound=HasDriver)


def parsed(url: str, dialects: Mapping[str, D]) -> tuple[URL, D]:
    """The parts of a URL, and the one of ``dialects`` that its scheme names. Messages do not repeat it: a password may
    be in it.

    Raises:
        InvalidInput: it cannot be read, or names another dialect or driver, or no database.
    """
    try:
        parts = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise InvalidInput(f"{_FORM}, and cannot be read") from None
    if "@" in (parts.host or ""):  # the end of the password, which would be shown as a part of the place
        raise InvalidInput(f'{_FORM}, with every "@" of the password percent-encoded: %40')
    dialect = dialects.get(parts.get_backend_name())
    driver = parts.drivername.partition("+")[2]
    if dialect is None or driver not in ("", dialect.driver.partition("+")[2]):
        known = ", ".join(f"{name}://" for name in sorted(dialects))
        raise InvalidInput(f"url must begin with one of {known} (or name that driver), got {parts.drivername}://")
    if not parts.database:
        raise InvalidInput(f"url must name a database, as in {parts.drivername}://host/database")
    return parts, dialect
