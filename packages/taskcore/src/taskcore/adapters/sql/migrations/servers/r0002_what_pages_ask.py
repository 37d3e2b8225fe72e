"""The trace of a task, counts by minute and hour, and the last words of workers.

A server that commits each table by itself may be left in the middle, so what is there already is not made again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
NAME = sa.String(200)


def upgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    columns = sa.inspect(op.get_bind()).get_columns(f"{prefix}_tasks")
    if "trace" not in {column["name"] for column in columns}:
        op.add_column(f"{prefix}_tasks", sa.Column("trace", sa.String(600)))
    _make(f"{prefix}_statistics", *_statistics_columns())
    _make(f"{prefix}_workers", *_worker_columns())


def downgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    op.drop_table(f"{prefix}_workers")
    op.drop_table(f"{prefix}_statistics")
    op.drop_column(f"{prefix}_tasks", "trace")


def _make(table: str, *columns: sa.Column[object]) -> None:
    if not sa.inspect(op.get_bind()).has_table(table):
        op.create_table(table, *columns, **_options())


def _options() -> dict[str, Any]:
    """As in the first revision: text compares byte by byte."""
    kind = op.get_bind().dialect
    if kind.name not in ("mysql", "mariadb"):
        return {}
    collation = "utf8mb4_nopad_bin" if getattr(kind, "is_mariadb", False) else "utf8mb4_0900_bin"
    return {
        f"{kind.name}_engine": "InnoDB",
        f"{kind.name}_charset": "utf8mb4",
        f"{kind.name}_collate": collation,
        f"{kind.name}_row_format": "DYNAMIC",
    }


def _statistics_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("span", sa.BigInteger, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("queue", NAME, primary_key=True, nullable=False),
        sa.Column("name", NAME, primary_key=True, nullable=False),
        sa.Column("what", NAME, primary_key=True, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
    ]


def _worker_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", NAME, primary_key=True, nullable=False),
        sa.Column("info", LONG, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    ]
