"""Where alembic starts: it runs the revisions on the connection that it is handed; the commit is its owner's."""

from alembic import context

from taskcore.adapters.sql import version_table

context.configure(
    connection=context.config.attributes["connection"],
    version_table=version_table(context.config.attributes["prefix"]),
)
with context.begin_transaction():
    context.run_migrations()
