"""Where alembic starts: it runs the revisions on the connection that it is handed; the commit is its owner's."""

from alembic import context

from taskcore.adapters.sql import version_table
from taskcore.adapters.sql.tables import tables

prefix, ids = context.config.attributes["prefix"], context.config.attributes["ids"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables(prefix, ids),
    version_table=version_table(prefix),
)
with context.begin_transaction():
    context.run_migrations()
