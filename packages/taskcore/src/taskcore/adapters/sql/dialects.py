"""What differs between servers, as a value. All else is said once, in SQLAlchemy's words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from taskcore.errors import InvalidInput, SchemaMismatch, StoreError, StoreUnavailable

Code = int | str | None


def _number(error: BaseException) -> Code:
    code = error.args[0] if error.args else None
    return code if isinstance(code, int) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How to speak with one kind of server.

    Attributes:
        driver: SQLAlchemy's name for it, with the driver.
        port: where it listens unless a URL says otherwise.
        extra: what must be installed.
        connect: what its driver is asked for with every connection.
        now: the server's clock in microseconds since 1970, whatever time zone a session has.
        statement_size: asks for how many bytes a statement may have.
        force: makes a statement use one index, so that it never locks rows it only looks at.
        lock, unlock: one process at a time, for as long as its connection lasts; with the name and a patience.
        code: what the driver says an error is.
        lost_races: somebody else was quicker, the transaction had no effect, and can be repeated as it is.
        taken: a unique value is stored already.
        no_tables: what was asked for is not there.
        words: which error of this project another code is, and what to say of it.
    """

    driver: str
    port: int
    extra: str
    connect: Mapping[str, object]
    now: str
    statement_size: str
    force: str
    primary: str
    lock: str
    unlock: str
    code: Callable[[BaseException], Code] = _number
    lost_races: frozenset[Code] = frozenset()
    taken: frozenset[Code] = frozenset()
    no_tables: frozenset[Code] = frozenset()
    words: Mapping[Code, tuple[type[StoreError] | type[InvalidInput], str]] = field(default_factory=dict)


_LOST = "closed the connection; whether the last step was stored is not known"
_TOO_BIG = "refused a value that is out of the range of its column"

MYSQL = Dialect(
    driver="mysql+aiomysql",
    port=3306,
    extra="mysql",
    connect={
        "charset": "utf8mb4",
        "connect_timeout": 10,
        # Strict: what does not fit is refused, not cut. Rows are locked for milliseconds; who waits longer begins anew.
        "init_command": "SET SESSION innodb_lock_wait_timeout = 4, "
        "SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    },
    now="TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))",
    statement_size="SELECT @@max_allowed_packet",
    force="FORCE INDEX ({})",
    primary="PRIMARY",
    lock="SELECT GET_LOCK(:name, :patience)",
    unlock="SELECT RELEASE_LOCK(:name)",
    lost_races=frozenset({1205, 1213, 1020}),  # lock wait timeout, deadlock, record changed since it was read
    taken=frozenset({1062}),
    no_tables=frozenset({1146, 1054}),
    words={
        1040: (StoreUnavailable, "has too many connections; raise max_connections or run fewer processes"),
        1203: (StoreUnavailable, "has too many connections of this user; raise max_user_connections"),
        1044: (StoreUnavailable, "does not let this user use the database; GRANT it the rights"),
        1045: (StoreUnavailable, "refused the user or the password; check the URL"),
        1698: (StoreUnavailable, "refused the user or the password; check the URL"),
        1049: (StoreUnavailable, "has no such database; CREATE DATABASE it first"),
        1142: (StoreUnavailable, "does not let this user use the tables; GRANT it the rights"),
        1129: (StoreUnavailable, "blocks this host after too many errors; run FLUSH HOSTS"),
        1130: (StoreUnavailable, "lets nobody in from this host; GRANT the user access from here"),
        1290: (StoreUnavailable, "is read-only; connect to the primary"),
        1792: (StoreUnavailable, "is read-only; connect to the primary"),
        1836: (StoreUnavailable, "is read-only; connect to the primary"),
        1021: (StoreUnavailable, "has a full disk; make room, nothing was stored"),
        1114: (StoreUnavailable, "has no room for the table; make room, nothing was stored"),
        1053: (StoreUnavailable, "is shutting down"),
        1927: (StoreUnavailable, "ended the connection; somebody killed it"),
        1158: (StoreUnavailable, _LOST),
        1160: (StoreUnavailable, _LOST),
        2002: (StoreUnavailable, "cannot be reached; check that it runs, and the URL"),
        2003: (StoreUnavailable, "cannot be reached; check that it runs, and the URL"),
        2005: (StoreUnavailable, "cannot be reached: nobody knows this host; check the URL"),
        2006: (StoreUnavailable, _LOST),
        2013: (StoreUnavailable, _LOST),
        2014: (StoreUnavailable, _LOST),
        4031: (StoreUnavailable, _LOST),
        1050: (SchemaMismatch, "has tables of these names that somebody else made; choose another prefix"),
        1064: (StoreError, "does not know a statement of the store; it must be MySQL 8.0.17, MariaDB 10.6 or newer"),
        1153: (InvalidInput, "takes no statement as long as this one; raise max_allowed_packet or store less"),
        1264: (InvalidInput, _TOO_BIG),
        1366: (InvalidInput, "refused text that is not valid Unicode"),
        1406: (InvalidInput, _TOO_BIG),
        1690: (InvalidInput, _TOO_BIG),
    },
)

DIALECTS = {"mysql": MYSQL, "mariadb": MYSQL}
"""By what the scheme of a URL begins with."""
