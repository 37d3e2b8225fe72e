"""Bring the tables of one prefix to a revision, inside a transaction that the caller has open."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from taskcore.ids import IdScheme

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, prefix: str, ids: IdScheme, revision: str = "head") -> None:
    """Apply the revisions that are missing; none of them commits."""
    command.upgrade(_config(connection, prefix, ids), revision)


def downgrade(connection: Connection, prefix: str, ids: IdScheme, revision: str = "base") -> None:
    """Take revisions back, with what only they can hold."""
    command.downgrade(_config(connection, prefix, ids), revision)


def _config(connection: Connection, prefix: str, ids: IdScheme) -> Config:
    config = Config(attributes={"connection": connection, "prefix": prefix, "ids": ids})
    # Alembic reads "%" in options as the start of a variable.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
