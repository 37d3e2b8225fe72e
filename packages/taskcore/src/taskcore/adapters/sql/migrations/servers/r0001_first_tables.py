"""The tables of the first release on a server.

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
REAL = sa.Float().with_variant(mysql.DOUBLE(), "mysql", "mariadb")
NAME = sa.String(200)
GATES = range(32)


def upgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    _make(f"{prefix}_tasks", _task_columns(), _task_indexes())
    _make(f"{prefix}_attempts", _attempt_columns(), {})
    _make(f"{prefix}_logs", _log_columns(), {"task": ["task", "line"]})
    _make(f"{prefix}_schedules", _schedule_columns(), {"id": ["id"], "due": ["next_at"]})
    _make(f"{prefix}_fires", _fire_columns(), {"schedule": ["schedule", "fire"]})
    _make(f"{prefix}_leaders", _leader_columns(), {})
    _make(f"{prefix}_controls", _control_columns(), {})
    _make(f"{prefix}_gates", _gate_columns(), {})
    _fill(f"{prefix}_gates")


def downgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    for name in ("gates", "controls", "leaders", "fires", "schedules", "logs", "attempts", "tasks"):
        op.drop_table(f"{prefix}_{name}")


def _make(table: str, columns: Sequence[sa.Column[object]], indexes: dict[str, list[str]]) -> None:
    present = sa.inspect(op.get_bind())
    if not present.has_table(table):
        op.create_table(table, *columns, **table_options(op.get_bind()))
    made = {index["name"] for index in present.get_indexes(table)}
    for name, indexed in indexes.items():
        if f"{table}_{name}" not in made:
            op.create_index(f"{table}_{name}", table, indexed, unique=(name in ("key", "id")))


def _fill(table: str) -> None:
    gates = sa.table(table, sa.column("gate"))
    if op.get_bind().execute(sa.select(sa.func.count()).select_from(gates)).scalar_one() == 0:
        op.bulk_insert(gates, [{"gate": gate} for gate in GATES])


def _number(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Integer, nullable=nullable, server_default=None if default is None else sa.text(default))


def _counter(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, primary_key=True, nullable=False)


def _task_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", NAME, primary_key=True, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, server_default=sa.text("'pending'")),
        _number("ready", nullable=True),
        sa.Column("queue", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        _number("priority"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("run_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("timeout", sa.BigInteger),
        _number("attempt", "0"),
        _number("failures", "0"),
        _number("losses", "0"),
        _number("cancel_requested", "0"),
        sa.Column("worker", NAME),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("idempotency_key", NAME),
        sa.Column("schedule", NAME),
        sa.Column("progress", REAL),
        sa.Column("version", LONG),
        sa.Column("retry", LONG),
        sa.Column("progress_note", LONG),
        sa.Column("payload", LONG, nullable=False),
        sa.Column("meta", LONG),
        sa.Column("result", LONG),
        sa.Column("error", LONG),
        sa.Column("concurrency_key", NAME),
        _number("concurrency_limit", "1"),
        sa.Column("urgency", sa.Integer, sa.Computed("-priority", persisted=True)),
    ]


def _task_indexes() -> dict[str, list[str]]:
    return {
        "ready": ["ready", "queue", "urgency", "run_at", "id"],
        "waiting": ["ready", "run_at"],
        "leased": ["lease_until", "queue"],
        "rest": ["state", "finished_at"],
        "state": ["state", "id", "queue"],
        "expiring": ["ready", "expires_at"],
        "schedule": ["schedule", "id"],
        "key": ["idempotency_key"],
        "slots": ["concurrency_key", "lease_until"],
    }


def _attempt_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("task", NAME, primary_key=True, nullable=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("worker", NAME, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("ended", sa.String(16)),
        sa.Column("version", LONG),
        sa.Column("result", LONG),
        sa.Column("error", LONG),
    ]


def _log_columns() -> list[sa.Column[object]]:
    return [
        _counter("line"),
        sa.Column("task", NAME, nullable=False),
        _number("attempt"),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("level", LONG, nullable=False),
        sa.Column("message", LONG, nullable=False),
    ]


def _schedule_columns() -> list[sa.Column[object]]:
    return [
        _counter("version"),
        sa.Column("id", NAME, nullable=False),
        sa.Column("spec", LONG, nullable=False),
        _number("paused"),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
    ]


def _fire_columns() -> list[sa.Column[object]]:
    return [
        _counter("fire"),
        sa.Column("schedule", NAME, nullable=False),
        sa.Column("instant", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        _number("count"),
        sa.Column("task", NAME),
        sa.Column("skipped", LONG),
    ]


def _leader_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("name", NAME, primary_key=True, nullable=False),
        sa.Column("holder", LONG, nullable=False),
        _number("epoch"),
        sa.Column("until", sa.BigInteger, nullable=False),
    ]


def _gate_columns() -> list[sa.Column[object]]:
    return [sa.Column("gate", sa.Integer, primary_key=True, autoincrement=False, nullable=False)]


def _control_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("queue", NAME, primary_key=True, nullable=False),
        _number("paused", "0"),
        _number("concurrency", nullable=True),
    ]
