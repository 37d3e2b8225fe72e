"""Which SQLite errors pass by themselves, and what the others are called here."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from taskcore.errors import InvalidInput, SchemaMismatch, StoreError, StoreUnavailable

# "locking protocol" is what a connection hears that lost too many races for the first read of a busy file.
_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_SCHEMA})

_UNAVAILABLE = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and that this user may write there",
    sqlite3.SQLITE_PERM: "cannot be opened; check that this user may read and write it",
    sqlite3.SQLITE_AUTH: "cannot be used; check that this user may read and write it",
    sqlite3.SQLITE_READONLY: "cannot be written; make the file and its folder writable for this user, and open the "
    "store again if the file was moved or deleted",
    sqlite3.SQLITE_FULL: "cannot grow: the disk or the quota is full; make room, nothing was stored",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error; nothing was stored",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database; choose another path, or move that file away",
    sqlite3.SQLITE_CORRUPT: "is damaged; run `PRAGMA integrity_check` and restore a backup",
    sqlite3.SQLITE_NOMEM: "needs more memory than there is",
}


def passes(error: sqlite3.Error) -> bool:
    """Whether ``error`` only says that somebody else was quicker."""
    return _code(error) in _PASSING


@contextmanager
def translated(path: str, patience: float) -> Iterator[None]:
    """Turn what the driver raises into this project's errors, with the cause kept."""
    try:
        yield
    except (sqlite3.Error, UnicodeEncodeError, OverflowError) as error:
        raise translation(error, path, patience) from error


def translation(error: Exception, path: str, patience: float) -> Exception:
    """What is raised in the place of ``error``; itself when the driver has nothing to do with it."""
    named: Exception
    match error:
        case sqlite3.Error():
            named = _named(error, path, patience)
        case UnicodeEncodeError():
            named = InvalidInput(f"text must be valid Unicode to be stored, got {error.object[:80]!r}")
        case OverflowError():
            named = InvalidInput("a number or a time span is too large to be stored: more than 64 bits")
        case _:
            return error
    named.__cause__ = error
    return named


def _named(error: sqlite3.Error, path: str, patience: float) -> StoreError:
    code = _code(error)
    if passes(error):
        return StoreUnavailable(
            f"{path} stayed locked by another connection for {patience:g} s; look for a long transaction on it"
        )
    if code in _UNAVAILABLE:
        return StoreUnavailable(f"{path} {_UNAVAILABLE[code]} (SQLite says: {error})")
    if code is None and "closed" in str(error):
        return StoreUnavailable(f"the store on {path} is closed; open it again")
    if str(error).startswith(("no such table", "no such column")):
        return SchemaMismatch(f"{path} lacks tables of this release ({error}); open the store anew to create them")
    return StoreError(f"SQLite refused what the store asked of {path}: {error}")


def _code(error: sqlite3.Error) -> int | None:
    """The primary result code; None when the module itself complains, as it does about a closed connection."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
