"""The trace of a task, counts by minute and hour, the last words of workers, and indexes for pages."""

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"

SLOT = ("expires_at", "concurrency_key", "concurrency_limit")
READY = ("queue", "priority DESC", "run_at", "id", "ready", *SLOT)
WAITING = ("run_at", "queue", "ready")
AT_REST = "ready IS NULL AND lease_until IS NULL"


def upgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    op.add_column(f"{prefix}_tasks", sa.Column("trace", sa.String(600)))
    _index_anew(prefix, "ready", *READY, "attempt", where="ready = 1")
    _index_anew(prefix, "waiting", *WAITING, "attempt", where="ready = 0")
    _index_anew(prefix, "rest", "queue", "state", "finished_at", "ready", "lease_until", where=AT_REST)
    op.create_index(f"{prefix}_tasks_name", f"{prefix}_tasks", ["name"])
    op.create_index(f"{prefix}_tasks_created", f"{prefix}_tasks", ["created_at"])
    op.create_table(
        f"{prefix}_statistics",
        sa.Column("span", sa.BigInteger, primary_key=True, nullable=False),
        sa.Column("at", sa.BigInteger, primary_key=True, nullable=False),
        sa.Column("queue", sa.String(200), primary_key=True, nullable=False),
        sa.Column("name", sa.String(200), primary_key=True, nullable=False),
        sa.Column("what", sa.String(200), primary_key=True, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        f"{prefix}_workers",
        sa.Column("id", sa.String(200), primary_key=True, nullable=False),
        sa.Column("info", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    op.drop_table(f"{prefix}_workers")
    op.drop_table(f"{prefix}_statistics")
    op.drop_index(f"{prefix}_tasks_created", f"{prefix}_tasks")
    op.drop_index(f"{prefix}_tasks_name", f"{prefix}_tasks")
    _index_anew(prefix, "rest", "finished_at", "state", "queue", "ready", "lease_until", where=AT_REST)
    _index_anew(prefix, "waiting", *WAITING, where="ready = 0")
    _index_anew(prefix, "ready", *READY, where="ready = 1")
    op.drop_column(f"{prefix}_tasks", "trace")


def _index_anew(prefix: str, name: str, *columns: str, where: str) -> None:
    op.drop_index(f"{prefix}_tasks_{name}", f"{prefix}_tasks")
    condition = sa.text(where)
    op.create_index(
        f"{prefix}_tasks_{name}",
        f"{prefix}_tasks",
        [sa.text(column) if " " in column else column for column in columns],
        sqlite_where=condition,
        postgresql_where=condition,
    )
