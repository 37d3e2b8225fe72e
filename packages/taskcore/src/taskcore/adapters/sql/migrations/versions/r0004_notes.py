"""Short texts that processes agree on."""

import sqlalchemy as sa
from alembic import context, op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    op.create_table(
        f"{prefix}_notes",
        sa.Column("name", sa.String(200), primary_key=True, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    prefix: str = context.config.attributes["prefix"]
    op.drop_table(f"{prefix}_notes")
