"""Open the file, and see to it that it holds the tables of this release."""

import sqlite3
from pathlib import Path

from taskcore.adapters.migrating import turn_of_thread
from taskcore.adapters.schemas import check_revision
from taskcore.adapters.sql import REVISIONS, version_table
from taskcore.adapters.sqlite.session import Session
from taskcore.errors import MissingExtra, SchemaMismatch, StoreUnavailable
from taskcore.ids import IdScheme

_OLDEST = (3, 35)
"""The first one with RETURNING."""

_PRAGMAS = (
    "PRAGMA synchronous = FULL",  # a commit that has returned survives a power cut
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",  # 16 MB
    "PRAGMA journal_size_limit = 67108864",  # a long reader may let the log grow; give the space back afterwards
)


def connect(path: Path) -> sqlite3.Connection:
    """A connection on which a lock that is taken raises at once, and nothing begins or commits by itself.

    Raises:
        StoreUnavailable: this SQLite is too old, or the file is where none can share it.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreUnavailable(f"a SQLite store needs SQLite 3.35 or newer, this Python has {sqlite3.sqlite_version}")
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        _let_readers_read(connection, path)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _let_readers_read(connection: sqlite3.Connection, path: Path) -> None:
    """With a write-ahead log readers and the writer never wait for each other. The mode stays with the file."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreUnavailable(f"{path} cannot have a write-ahead log here; put the file on a local disk")


def is_outdated(connection: sqlite3.Connection, prefix: str) -> bool:
    """Whether there are tables to make or to change. Those of a later release are not touched."""
    found = _revision(connection, prefix)
    return found is None or found in REVISIONS[:-1]


def check(session: Session) -> None:
    """Prove that the tables are those of this release.

    Raises:
        SchemaMismatch: they are not, or they were made for ids of the other kind.
    """
    prefix, found = session.prefix, _revision(session.connection, session.prefix)
    check_revision(prefix, found, REVISIONS)
    kind = session.one("SELECT type FROM pragma_table_info('{p}_tasks') WHERE name = 'id'")
    if kind is None:
        raise SchemaMismatch(f"the table {prefix}_tasks is gone; restore a backup, or remove all tables {prefix}_*")
    present = IdScheme.NUMBERED if kind == "INTEGER" else IdScheme.TIME_SORTED
    if present is not session.ids:
        raise SchemaMismatch(
            f"the tables {prefix}_* number tasks by {present}, the store was opened for {session.ids}; "
            f"open it with ids={present}"
        )


def _revision(connection: sqlite3.Connection, prefix: str) -> str | None:
    """The revision of the tables that are there; None when there are none."""
    try:
        row = connection.execute(f"SELECT version_num FROM {version_table(prefix)}").fetchone()  # noqa: S608
    except sqlite3.OperationalError as error:
        if not str(error).startswith("no such table"):
            raise
        return None
    return None if row is None else str(row[0])


def migrate(path: Path, prefix: str, ids: IdScheme, patience: float) -> None:
    """Apply the revisions that are missing. Processes that come at the same time wait for the first one.

    Raises:
        MissingExtra: SQLAlchemy or alembic are not installed.
    """
    try:
        # Loaded here only: they take longer than everything else that a store does when it is opened.
        from sqlalchemy import NullPool, create_engine
        from sqlalchemy.exc import DBAPIError

        from taskcore.adapters.sql.upgrade import upgrade
    except ImportError as error:
        raise MissingExtra("making the tables of a SQLite store needs: pip install 'taskcore[sqlite]'") from error
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(path, timeout=patience, isolation_level=None), poolclass=NullPool
    )
    try:
        with turn_of_thread(), engine.begin() as connection:
            # The lock comes before the look at what is there, so that nobody else migrates meanwhile.
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            upgrade(connection, prefix, ids)
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise error.orig from error
        raise
