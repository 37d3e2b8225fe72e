"""Open a server's database, and see to it that it holds the tables of this release."""

from sqlalchemy import Connection, select, text

from taskcore.adapters.migrating import turn_of_task
from taskcore.adapters.schemas import check_revision
from taskcore.adapters.sql import SERVER_REVISIONS
from taskcore.adapters.sql.alone import alone
from taskcore.adapters.sql.dialects import DIALECTS
from taskcore.adapters.sql.revisions import stored_revision
from taskcore.adapters.sql.server import Server
from taskcore.adapters.sql.session import Session
from taskcore.adapters.sql.urls import parsed
from taskcore.clock import Clock
from taskcore.errors import InvalidInput, MissingExtra
from taskcore.ids import IdScheme

_MOST_LETTERS = 40
"""Of a prefix: the names of indexes begin with it, and have 64 at most."""


async def open_server(url: str, prefix: str, clock: Clock | None) -> Server:
    """The server of ``url``, with tables.

    Raises: as ``SQLStore.open``.
    """
    where, dialect = parsed(url, DIALECTS)
    if not (prefix.isascii() and prefix.isidentifier() and len(prefix) <= _MOST_LETTERS):
        raise InvalidInput(
            f"prefix must be an identifier of at most {_MOST_LETTERS} ASCII letters, digits and _, got {prefix!r}"
        )
    server = Server(where, prefix, dialect, clock)
    try:
        if await server.read(_revision) in (None, *SERVER_REVISIONS[:-1]):
            await _migrate(server)
        await server.read(check)
        server.tables.largest = await server.read(_largest)
    except BaseException:
        await server.close()
        raise
    return server


async def check(session: Session) -> None:
    """Prove that the tables are those of this release.

    Raises:
        SchemaMismatch: they are not.
    """
    prefix, found = session.schema.prefix, await _revision(session)
    check_revision(prefix, found, SERVER_REVISIONS)
    await session.first(select(session.schema.tasks.c.id).limit(1))


async def _revision(session: Session) -> str | None:
    return await stored_revision(session, session.schema.prefix, session.tables.errors)


async def _largest(session: Session) -> int:
    row = await session.first(text(session.schema.dialect.statement_size))
    return int(row[0]) // 4


async def _migrate(server: Server) -> None:
    """Apply the revisions that are missing. Processes that come at the same time wait for the first one."""
    schema = server.tables.schema
    with server.errors.translated():
        async with (
            turn_of_task(),
            server.engine.connect() as connection,
            alone(connection, schema.dialect, f"the tables {schema.prefix}_*", schema.prefix, server.errors.place),
        ):
            await connection.run_sync(_upgrade, schema.prefix)
            await connection.commit()


def _upgrade(connection: Connection, prefix: str) -> None:
    try:
        # Loaded here only: it takes longer than everything else that a store does when it is opened.
        from taskcore.adapters.sql.upgrade import SERVERS, upgrade
    except ImportError as error:
        raise MissingExtra("making the tables of a store needs alembic: pip install 'taskcore[mysql]'") from error
    upgrade(connection, prefix, IdScheme.TIME_SORTED, versions=SERVERS)
