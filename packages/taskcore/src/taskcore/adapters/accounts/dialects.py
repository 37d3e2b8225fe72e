"""What differs between databases, as a value. All else is said once, in SQLAlchemy's words."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, exc

from taskcore.adapters.sql.dialects import MYSQL
from taskcore.adapters.sql.errors import Translator
from taskcore.adapters.sql.steps import Errors
from taskcore.adapters.sqlite import errors as sqlite
from taskcore.errors import StoreUnavailable

_TAKEN = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
_DIALLING = 10.0
"""Seconds that PostgreSQL has to answer."""
BUSY = 5.0
"""Seconds that a connection to SQLite waits for others before its step is done again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How to work with one kind of database.

    Attributes:
        driver: SQLAlchemy's name for it, with the driver.
        extra: what must be installed.
        errors: makes what names its errors, from where it is.
        now: its clock in microseconds since 1970, as SQL; None is this process's clock.
        connect: what its driver is asked for with every connection.
        dial: makes what connects to a URL, where its driver reads URLs by itself.
        options: of engines that are ours. Steps are right under stricter levels too, and are then repeated more often.
    """

    driver: str
    extra: str
    errors: Callable[[str], Errors]
    now: str | None = None
    connect: Mapping[str, object] = field(default_factory=dict)
    dial: Callable[[str], Callable[[], Awaitable[Any]]] | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: {"isolation_level": "READ COMMITTED"})


def place_of(url: URL) -> str:
    """Where a database is, without user and password."""
    if url.host is None:
        return url.database or "SQLite"
    port = "" if url.port is None else f":{url.port}"
    return f"{url.host}{port}/{url.database}"


class DriverErrors:
    """Names errors by what the driver itself raised, in the words of the task store on that database."""

    def __init__(
        self,
        place: str,
        named: Callable[[str], AbstractContextManager[None]],
        passes: Callable[[BaseException], bool],
        is_taken: Callable[[BaseException], bool],
        lacks_tables: Callable[[BaseException], bool],
    ) -> None:
        self.place = place
        self._named = named
        self._passes = passes
        self._is_taken = is_taken
        self._lacks_tables = lacks_tables

    def is_lost_race(self, error: BaseException) -> bool:
        return self._passes(_cause(error))

    def is_taken(self, error: BaseException) -> bool:
        return self._is_taken(_cause(error))

    def lacks_tables(self, error: BaseException) -> bool:
        return self._lacks_tables(_cause(error))

    @contextmanager
    def translated(self) -> Iterator[None]:
        with self._named(self.place):
            try:
                yield
            except exc.TimeoutError as error:
                raise StoreUnavailable(
                    f"{self.place}: all connections of this process were busy for too long"
                ) from error
            except (exc.DBAPIError, exc.StatementError) as error:
                raise _cause(error) from error


def _cause(error: BaseException) -> BaseException:
    """What the driver raised; SQLAlchemy wraps it once, and what makes a driver asynchronous once more."""
    if not isinstance(error, exc.StatementError) or error.orig is None:
        return error
    inner = error.orig.__cause__
    return error.orig if inner is None or isinstance(error.orig, sqlite3.Error) else inner


def _sqlite_errors(place: str) -> Errors:
    return DriverErrors(
        place,
        lambda where: sqlite.translated(where, BUSY),
        lambda error: isinstance(error, sqlite3.Error) and sqlite.passes(error),
        lambda error: isinstance(error, sqlite3.Error) and error.sqlite_errorcode in _TAKEN,
        lambda error: isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such table"),
    )


def _postgres_errors(place: str) -> Errors:
    import asyncpg

    from taskcore.adapters.postgres import errors as postgres

    return DriverErrors(
        place,
        postgres.translated,
        lambda error: isinstance(error, postgres.PASSING),
        lambda error: isinstance(error, asyncpg.UniqueViolationError),
        lambda error: isinstance(error, asyncpg.UndefinedTableError),
    )


def _dial_postgres(url: str) -> Callable[[], Awaitable[Any]]:
    import asyncpg

    from taskcore.adapters.postgres.database import checked_url

    checked = checked_url(url)
    return lambda: asyncpg.connect(checked, timeout=_DIALLING)


def _open_file(*args: Any, **kwargs: Any) -> Awaitable[Any]:
    from taskcore.adapters.accounts.files import opened

    return opened(*args, **kwargs)


SQLITE = Dialect(
    driver="sqlite+aiosqlite",
    extra="sqlite",
    errors=_sqlite_errors,
    connect={"timeout": BUSY, "async_creator_fn": _open_file},
    options={},
)
POSTGRES = Dialect(
    driver="postgresql+asyncpg",
    extra="postgres",
    errors=_postgres_errors,
    # The same during a statement, so that it can be compared with what an index holds.
    now="CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000 AS BIGINT)",
    dial=_dial_postgres,
)
MARIADB = Dialect(
    driver=MYSQL.driver,
    extra=MYSQL.extra,
    errors=lambda place: Translator(MYSQL, place),
    now=MYSQL.now,
    connect=MYSQL.connect,
)
DIALECTS = {
    "sqlite": SQLITE,
    "postgresql": POSTGRES,
    "postgres": POSTGRES,
    "mysql": MARIADB,
    "mariadb": MARIADB,
}
"""By what the scheme of a URL begins with."""
