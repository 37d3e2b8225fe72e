"""Users, sessions, keys and audit entries in a SQL database: SQLite, PostgreSQL, MySQL or MariaDB.

Importing this package costs nothing: SQLAlchemy is loaded by its modules.
"""

from pathlib import Path

REVISIONS = ("0001",)
"""Every schema that a release has ever had, oldest first; the last one is what this release works with."""

VERSIONS = Path(__file__).parent / "versions"


def area(prefix: str) -> str:
    """What the names of the tables begin with, beside those of a task store with the same prefix."""
    return f"{prefix}_accounts"
