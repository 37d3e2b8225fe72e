"""Bring the tables of one prefix to a revision, inside a transaction that the caller has open."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from taskcore.ids import IdScheme

_MIGRATIONS = Path(__file__).parent / "migrations"
SHARED = _MIGRATIONS / "versions"
"""The revisions of the tables in ``taskcore.adapters.sql.tables``; stores with tables of their own have others."""
SERVERS = _MIGRATIONS / "servers"
"""The revisions of those tables on a server."""


def upgrade(
    connection: Connection, prefix: str, ids: IdScheme, revision: str = "head", *, versions: Path = SHARED
) -> None:
    """Apply the revisions of the folder ``versions`` that are missing; none of them commits."""
    command.upgrade(_config(connection, prefix, ids, versions), revision)


def downgrade(
    connection: Connection, prefix: str, ids: IdScheme, revision: str = "base", *, versions: Path = SHARED
) -> None:
    """Take revisions back, with what only they can hold."""
    command.downgrade(_config(connection, prefix, ids, versions), revision)


def _config(connection: Connection, prefix: str, ids: IdScheme, versions: Path) -> Config:
    config = Config(attributes={"connection": connection, "prefix": prefix, "ids": ids})
    # Alembic reads "%" in options as the start of a variable.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    return config
