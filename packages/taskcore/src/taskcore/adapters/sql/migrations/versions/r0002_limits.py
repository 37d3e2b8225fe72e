"""Queues are paused and limited, and tasks share the slots of a key."""

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"

READY = ("queue", "priority DESC", "run_at", "id", "ready")
SLOT = ("expires_at", "concurrency_key", "concurrency_limit")


def upgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    op.add_column(f"{prefix}_tasks", sa.Column("concurrency_key", sa.String(200)))
    limit = sa.Column("concurrency_limit", sa.Integer, nullable=False, server_default=sa.text("1"))
    op.add_column(f"{prefix}_tasks", limit)
    _index_ready(prefix, *READY, *SLOT)
    keyed = "concurrency_key IS NOT NULL AND lease_until IS NOT NULL"
    _index(prefix, "slots", "concurrency_key", "lease_until", where=keyed)
    op.create_table(
        f"{prefix}_controls",
        sa.Column("queue", sa.String(200), primary_key=True, nullable=False),
        sa.Column("paused", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("concurrency", sa.Integer),
    )


def downgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    op.drop_table(f"{prefix}_controls")
    op.drop_index(f"{prefix}_tasks_slots", f"{prefix}_tasks")
    _index_ready(prefix, *READY)
    op.drop_column(f"{prefix}_tasks", "concurrency_limit")
    op.drop_column(f"{prefix}_tasks", "concurrency_key")


def _index_ready(prefix: str, *columns: str) -> None:
    op.drop_index(f"{prefix}_tasks_ready", f"{prefix}_tasks")
    _index(prefix, "ready", *columns, where="ready = 1")


def _index(prefix: str, name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        f"{prefix}_tasks_{name}",
        f"{prefix}_tasks",
        [sa.text(column) if " " in column else column for column in columns],
        sqlite_where=condition,
        postgresql_where=condition,
    )
