"""The tables as SQLAlchemy metadata, and the alembic revisions that lead to them.

Importing this package costs nothing: SQLAlchemy and alembic are loaded by its modules, when a schema must change.
"""

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every schema that a release has ever had, oldest first; the last one is what this release works with."""

SERVER_REVISIONS = ("0001", "0002")
"""The same for the tables on a server, which have revisions of their own."""


def version_table(prefix: str) -> str:
    """Where alembic notes the revision of the tables that begin with ``prefix``."""
    return f"{prefix}_alembic_version"
