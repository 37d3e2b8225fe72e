"""The numbers of tasks by queue and kind, as changes that add up."""

from alembic import context, op

revision = "0003"
down_revision = "0002"

CHANGES = """
CREATE TABLE {p}_counts (
    queue text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    change bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

DROP INDEX {p}_tasks_waiting;
CREATE INDEX {p}_tasks_waiting ON {p}_tasks (run_at) INCLUDE (queue, attempt) WHERE ready = 0;

INSERT INTO {p}_counts (queue, kind, change)
SELECT queue, CASE WHEN state <> 'pending' THEN state WHEN attempt > 0 THEN 'again' ELSE 'new' END, count(*)
FROM {p}_tasks WHERE state <> 'running' GROUP BY 1, 2"""


def upgrade() -> None:
    for statement in CHANGES.replace("{p}", context.config.attributes["prefix"]).split(";"):
        op.execute(statement)


def downgrade() -> None:
    prefix = context.config.attributes["prefix"]
    op.execute(f"DROP INDEX {prefix}_tasks_waiting")
    op.execute(f"CREATE INDEX {prefix}_tasks_waiting ON {prefix}_tasks (run_at) WHERE ready = 0")
    op.execute(f"DROP TABLE {prefix}_counts")
