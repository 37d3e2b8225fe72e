"""The tables of the first release.

A server that commits each table by itself may be left in the middle, so what is there already is not made again.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

from taskcore.adapters.sql.migrations.collation import table_options

revision = "0001"
down_revision = None

LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    area: str = context.config.attributes["prefix"]
    _make(f"{area}_users", _users(), {"folded": ["folded"]}, unique="folded")
    sessions = {"user": ["user_id", "created_at"], "expires": ["expires_at"], "seen": ["seen_at"]}
    _make(f"{area}_sessions", _sessions(), sessions)
    _make(f"{area}_keys", _keys(), {"digest": ["digest"], "owner": ["owner", "id"]}, unique="digest")
    by = {name: [name, "id"] for name in ("at", "actor", "action", "target")}
    _make(f"{area}_entries", _entries(), by)
    _make(f"{area}_turns", _turns(), {})
    turns = sa.table(f"{area}_turns", sa.column("id"), sa.column("turn"))
    if op.get_bind().execute(sa.select(turns.c.id)).first() is None:
        op.bulk_insert(turns, [{"id": 1, "turn": 0}])


def downgrade() -> None:
    area: str = context.config.attributes["prefix"]
    for name in ("turns", "entries", "keys", "sessions", "users"):
        op.drop_table(f"{area}_{name}")


def _make(
    table: str, columns: Sequence[sa.Column[object]], indexes: dict[str, list[str]], *, unique: str | None = None
) -> None:
    present = sa.inspect(op.get_bind())
    made = set()
    if present.has_table(table):
        made = {index["name"] for index in present.get_indexes(table)}
    else:
        op.create_table(table, *columns, **table_options(op.get_bind()))
    for name, indexed in indexes.items():
        if f"{table}_{name}" not in made:
            op.create_index(f"{table}_{name}", table, indexed, unique=name == unique)


def _text(name: str, size: int = 300, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[object]:
    kind = sa.String(size).with_variant(sa.String(size, collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _flag(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _long(name: str) -> sa.Column[object]:
    return sa.Column(name, LONG, nullable=False)


def _users() -> list[sa.Column[object]]:
    return [
        _text("id", 36, primary_key=True),
        _text("folded", 200),
        _text("name", 100),
        _text("password_hash", 500),
        _text("role", 100),
        _long("grants"),
        _flag("enabled"),
        _flag("must_change_password"),
        _instant("created_at"),
        _instant("last_login_at", nullable=True),
        _instant("password_changed_at", nullable=True),
    ]


def _sessions() -> list[sa.Column[object]]:
    return [
        _text("digest", 128, primary_key=True),
        _text("user_id", 36),
        _instant("created_at"),
        _instant("seen_at"),
        _instant("expires_at"),
        _text("peer"),
        _text("user_agent"),
    ]


def _keys() -> list[sa.Column[object]]:
    return [
        _text("id", 36, primary_key=True),
        _text("digest", 128),
        _text("name"),
        _text("owner", nullable=True),
        _text("prefix"),
        _text("role"),
        _long("grants"),
        _instant("created_at"),
        _instant("expires_at", nullable=True),
        _instant("last_used_at", nullable=True),
        _text("last_used_from", nullable=True),
        _instant("revoked_at", nullable=True),
        _text("replaces", 36, nullable=True),
    ]


def _entries() -> list[sa.Column[object]]:
    return [
        _text("id", 36, primary_key=True),
        _instant("at"),
        _text("actor"),
        _text("action"),
        _text("via"),
        _text("target"),
        _text("peer"),
        _text("request_id"),
        _long("detail"),
    ]


def _turns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        _instant("turn"),
    ]
