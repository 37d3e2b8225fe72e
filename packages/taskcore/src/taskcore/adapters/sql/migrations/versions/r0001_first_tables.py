"""The tables of the first release."""

import sqlalchemy as sa
from alembic import context, op

from taskcore.ids import IdScheme

revision = "0001"
down_revision = None

TaskId = sa.Integer | sa.String


def upgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    numbered = context.config.attributes["ids"] is IdScheme.NUMBERED
    task_id = sa.Integer() if numbered else sa.String(200)
    _create_tasks(prefix, task_id, numbered)
    _create_what_belongs_to_tasks(prefix, task_id)
    _create_schedules(prefix, task_id)
    op.create_table(
        f"{prefix}_leaders",
        sa.Column("name", sa.String(200), primary_key=True, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    for name in ("leaders", "fires", "schedules", "logs", "attempts", "tasks"):
        op.drop_table(f"{prefix}_{name}")


def _create_tasks(prefix: str, task_id: TaskId, numbered: bool) -> None:
    op.create_table(
        f"{prefix}_tasks",
        sa.Column("id", task_id, primary_key=True, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, server_default=sa.text("'pending'")),
        sa.Column("ready", sa.Integer),
        sa.Column("queue", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("run_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("timeout", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("losses", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("cancel_requested", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("worker", sa.String(200)),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("schedule", sa.String(200)),
        sa.Column("progress", sa.Float),
        sa.Column("version", sa.Text),
        sa.Column("retry", sa.Text),
        sa.Column("progress_note", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("meta", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sqlite_autoincrement=numbered,
    )
    at_rest = "ready IS NULL AND lease_until IS NULL"
    rare = "state = 'failed' OR state = 'cancelled' OR state = 'expired' OR state = 'interrupted'"
    expiring = "expires_at IS NOT NULL AND ready IS NOT NULL"
    tasks = f"{prefix}_tasks"
    _index(tasks, "ready", "queue", sa.text("priority DESC"), "run_at", "id", "ready", where="ready = 1")
    _index(tasks, "waiting", "run_at", "queue", "ready", where="ready = 0")
    _index(tasks, "leased", "lease_until", "queue", where="lease_until IS NOT NULL")
    _index(tasks, "rest", "finished_at", "state", "queue", "ready", "lease_until", where=at_rest)
    _index(tasks, "rare", "state", "id", where=rare)
    _index(tasks, "expiring", "expires_at", "ready", where=expiring)
    _index(tasks, "stopping", "worker", where="cancel_requested = 1")
    _index(tasks, "schedule", "schedule", "id", where="schedule IS NOT NULL")
    _index(tasks, "key", "idempotency_key", where="idempotency_key IS NOT NULL", unique=True)


def _create_what_belongs_to_tasks(prefix: str, task_id: TaskId) -> None:
    op.create_table(
        f"{prefix}_attempts",
        sa.Column("task", task_id, primary_key=True, nullable=False),
        sa.Column("number", sa.Integer, primary_key=True, nullable=False),
        sa.Column("worker", sa.String(200), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("ended", sa.String(16)),
        sa.Column("version", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_table(
        f"{prefix}_logs",
        sa.Column("line", sa.Integer, primary_key=True, nullable=False),
        sa.Column("task", task_id, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    _index(f"{prefix}_logs", "task", "task", "line")


def _create_schedules(prefix: str, task_id: TaskId) -> None:
    op.create_table(
        f"{prefix}_schedules",
        sa.Column("version", sa.Integer, primary_key=True, nullable=False),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("paused", sa.Integer, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    _index(f"{prefix}_schedules", "id", "id", unique=True)
    _index(f"{prefix}_schedules", "due", "next_at", where="paused = 0 AND next_at IS NOT NULL")
    op.create_table(
        f"{prefix}_fires",
        sa.Column("fire", sa.Integer, primary_key=True, nullable=False),
        sa.Column("schedule", sa.String(200), nullable=False),
        sa.Column("instant", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("task", task_id),
        sa.Column("skipped", sa.Text),
    )
    _index(f"{prefix}_fires", "schedule", "schedule", "fire")


def _index(
    table: str, name: str, *columns: str | sa.TextClause, where: str | None = None, unique: bool = False
) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(
        f"{table}_{name}",
        table,
        list(columns),
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
