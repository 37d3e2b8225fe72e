"""What PostgreSQL, its driver and the network complain about, and what that is called here."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from asyncpg import exceptions as pg

from taskcore.errors import InvalidInput, SchemaMismatch, StoreError, StoreUnavailable

PASSING = (pg.DeadlockDetectedError, pg.SerializationError, pg.LockNotAvailableError)
"""Two transactions were in each other's way, and this one had no effect: it may be repeated."""

AWAY = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    pg.PostgresConnectionError,
    pg.OperatorInterventionError,  # the server shuts down, or an administrator ended the connection
    pg.InsufficientResourcesError,  # too many connections, out of memory, disk full
    pg.IdleInTransactionSessionTimeoutError,
    pg.ReadOnlySQLTransactionError,  # a standby
    pg.InternalClientError,
    *PASSING,
)
_UNSTORABLE = (
    pg.DataError,
    asyncpg.DataError,  # the driver's own, for values that do not fit a parameter; also an InterfaceError
    pg.ProgramLimitExceededError,
    UnicodeEncodeError,
    OverflowError,
)
_SCHEMA = (pg.UndefinedTableError, pg.UndefinedColumnError, pg.UndefinedObjectError, pg.InvalidSchemaNameError)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what the driver raises into this project's errors, with the cause kept. ``where`` holds no password."""
    try:
        yield
    except (*AWAY, asyncpg.PostgresError, *_UNSTORABLE) as error:
        raise _named(error, where) from error


def _named(error: BaseException, where: str) -> Exception:
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    match error:
        case pg.UniqueViolationError():
            taken = (error.detail or "").removeprefix("Key (id)=(").removesuffix(") already exists.")
            return InvalidInput(f"the task id {taken!r} is taken; choose another, or none and let the store number it")
        case _ if isinstance(error, _UNSTORABLE):
            return InvalidInput(f"PostgreSQL cannot store this value ({said}); text must be valid Unicode without NUL")
        case _ if isinstance(error, _SCHEMA):
            return SchemaMismatch(f"{where} lacks tables of this release ({said}); open the store anew to make them")
        case pg.InvalidAuthorizationSpecificationError() | pg.InsufficientPrivilegeError():
            return StoreUnavailable(f"{where} does not let this user in ({said}); check user, password and grants")
        case pg.InvalidCatalogNameError():
            return StoreUnavailable(f"there is no database at {where} ({said}); create it, or correct the URL")
        case _ if isinstance(error, AWAY):
            return StoreUnavailable(f"{where} cannot be used now ({said})")
        case _:
            return StoreError(f"{where} refused what the store asked of it ({said})")
