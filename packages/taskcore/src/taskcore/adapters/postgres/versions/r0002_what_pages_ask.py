"""The trace of a task, counts by minute and hour, and the last words of workers."""

from alembic import context, op

revision = "0002"
down_revision = "0001"

CHANGES = """
ALTER TABLE {p}_tasks ADD COLUMN trace text;

CREATE TABLE {p}_statistics (
    span bigint NOT NULL,
    at bigint NOT NULL,
    queue text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    what text COLLATE "C" NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (span, at, queue, name, what)
) WITH (fillfactor = 50);

CREATE TABLE {p}_workers (
    id text COLLATE "C" PRIMARY KEY,
    info text NOT NULL,
    seen_at bigint NOT NULL
) WITH (fillfactor = 50)"""


def upgrade() -> None:
    for statement in CHANGES.replace("{p}", context.config.attributes["prefix"]).split(";"):
        op.execute(statement)


def downgrade() -> None:
    prefix = context.config.attributes["prefix"]
    op.execute(f"DROP TABLE {prefix}_workers")
    op.execute(f"DROP TABLE {prefix}_statistics")
    op.execute(f"ALTER TABLE {prefix}_tasks DROP COLUMN trace")
