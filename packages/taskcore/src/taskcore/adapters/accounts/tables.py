"""The schema: instants are microseconds since 1970 in UTC, grants are JSON."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects import mysql

from taskcore.auth.text import MAX_FOLDED, MAX_HASH, MAX_TEXT, MAX_USER_NAME

ID = 36
DIGEST = 128
# What MySQL calls TEXT ends at 64 kB.
LONG = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def text(size: int) -> String:
    """Sorts by its bytes, as PostgreSQL does on demand alone."""
    return String(size).with_variant(String(size, collation="C"), "postgresql")


class Tables:
    """The tables whose names begin with ``area``.

    Attributes:
        turns: one row, which whoever does a step of several statements changes first; so those steps come one after
            another, and on SQLite none reads before it may write.
    """

    def __init__(self, area: str) -> None:
        self.area = area
        self.metadata = MetaData()
        self.users = self._users()
        self.sessions = self._sessions()
        self.keys = self._keys()
        self.entries = self._entries()
        self.turns = Table(
            f"{area}_turns",
            self.metadata,
            Column("id", Integer, primary_key=True, autoincrement=False, nullable=False),
            Column("turn", BigInteger, nullable=False),
        )

    def _users(self) -> Table:
        return Table(
            f"{self.area}_users",
            self.metadata,
            Column("id", text(ID), primary_key=True, nullable=False),
            Column("folded", text(MAX_FOLDED), nullable=False),
            Column("name", text(MAX_USER_NAME), nullable=False),
            Column("password_hash", text(MAX_HASH), nullable=False),
            Column("role", text(MAX_USER_NAME), nullable=False),
            Column("grants", LONG, nullable=False),
            Column("enabled", Boolean, nullable=False),
            Column("must_change_password", Boolean, nullable=False),
            Column("created_at", BigInteger, nullable=False),
            Column("last_login_at", BigInteger),
            Column("password_changed_at", BigInteger),
            Index(f"{self.area}_users_folded", "folded", unique=True),
        )

    def _sessions(self) -> Table:
        return Table(
            f"{self.area}_sessions",
            self.metadata,
            Column("digest", text(DIGEST), primary_key=True, nullable=False),
            Column("user_id", text(ID), nullable=False),
            Column("created_at", BigInteger, nullable=False),
            Column("seen_at", BigInteger, nullable=False),
            Column("expires_at", BigInteger, nullable=False),
            Column("peer", text(MAX_TEXT), nullable=False),
            Column("user_agent", text(MAX_TEXT), nullable=False),
            Index(f"{self.area}_sessions_user", "user_id", "created_at"),
            Index(f"{self.area}_sessions_expires", "expires_at"),
            Index(f"{self.area}_sessions_seen", "seen_at"),
        )

    def _keys(self) -> Table:
        return Table(
            f"{self.area}_keys",
            self.metadata,
            Column("id", text(ID), primary_key=True, nullable=False),
            Column("digest", text(DIGEST), nullable=False),
            Column("name", text(MAX_TEXT), nullable=False),
            Column("owner", text(MAX_TEXT)),
            Column("prefix", text(MAX_TEXT), nullable=False),
            Column("role", text(MAX_TEXT), nullable=False),
            Column("grants", LONG, nullable=False),
            Column("created_at", BigInteger, nullable=False),
            Column("expires_at", BigInteger),
            Column("last_used_at", BigInteger),
            Column("last_used_from", text(MAX_TEXT)),
            Column("revoked_at", BigInteger),
            Column("replaces", text(ID)),
            Index(f"{self.area}_keys_digest", "digest", unique=True),
            Index(f"{self.area}_keys_owner", "owner", "id"),
        )

    def _entries(self) -> Table:
        return Table(
            f"{self.area}_entries",
            self.metadata,
            Column("id", text(ID), primary_key=True, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("actor", text(MAX_TEXT), nullable=False),
            Column("action", text(MAX_TEXT), nullable=False),
            Column("via", text(MAX_TEXT), nullable=False),
            Column("target", text(MAX_TEXT), nullable=False),
            Column("peer", text(MAX_TEXT), nullable=False),
            Column("request_id", text(MAX_TEXT), nullable=False),
            Column("detail", LONG, nullable=False),
            Index(f"{self.area}_entries_at", "at", "id"),
            Index(f"{self.area}_entries_actor", "actor", "id"),
            Index(f"{self.area}_entries_action", "action", "id"),
            Index(f"{self.area}_entries_target", "target", "id"),
        )
