"""See to it that the database has what this package adds to the core's tables; once, whoever comes first.

The table ``lapinq_schema_version`` of the public release counts on: its steps end with 5, ours begin with 6.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from taskcore.errors import SchemaMismatch

from lapinq.schema import moving, removing, takeover, views, webhooks
from lapinq.schema.names import BACKUP
from lapinq.schema.takeover import DumpGrants

LATEST = 10
PATIENCE = 600.0
"""Seconds for a statement: a large table takes long to copy, and those who come meanwhile wait for it."""
_LOCK = "SELECT pg_advisory_lock(hashtextextended('lapinq schema', 0))"
_TABLE = "SELECT count(*) FROM pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', 'p')"
_VERSIONS = "CREATE TABLE IF NOT EXISTS lapinq_schema_version (version integer PRIMARY KEY)"
_VERSION = "SELECT max(version) FROM lapinq_schema_version"
_REACHED = "INSERT INTO lapinq_schema_version SELECT generate_series(0, $1::integer) ON CONFLICT DO NOTHING"


async def is_outdated(connection: Any) -> bool:
    """Whether something is missing; asked of a connection, or of a pool.

    Raises:
        SchemaMismatch: the tables are of a later release.
    """
    found = await _version(connection) if await _is_table(connection, "lapinq_schema_version") else -1
    if found > LATEST:
        raise SchemaMismatch(
            f"the tables lapinq_* are at step {found}, which is later than this release, that works with {LATEST}; "
            "update lapinq"
        )
    return found < LATEST


@dataclass(frozen=True, slots=True)
class Counting:
    """Statements that keep the core's numbers of tasks right.

    Attributes:
        recount: after others have written tasks.
        without: the tasks of the ``WITH`` part ``gone`` are no more.
        moved: one is ``moving.AFTER``, and was ``moving.BEFORE``.
    """

    recount: str
    without: str
    moved: str


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[Any]:
    """A connection for the one process that may change tables. Others wait here, and find everything done: each of them
    would take longer to load what makes tables than to wait."""
    connection = await asyncpg.connect(url, command_timeout=PATIENCE, server_settings={"timezone": "UTC"})
    try:
        await connection.execute(_LOCK)
        yield connection
    finally:
        await connection.close()


async def install(connection: Any, dump_grants: DumpGrants, counting: Counting) -> None:
    """Take over what the public release left, and add what is missing, in one transaction. The core's tables are there,
    and the connection is from ``alone``."""
    async with connection.transaction():
        await connection.execute(_VERSIONS)
        reached = await _version(connection)
        if reached < 6:
            await _sixth_step(connection, dump_grants, counting.recount)
        if reached < 7:
            await _seventh_step(connection)
        if reached < 8:
            await _eighth_step(connection)
        if reached < 9:
            await _ninth_step(connection, counting.without)
        if reached < 10:
            await _tenth_step(connection, counting.moved)
        await connection.execute(_REACHED, LATEST)


async def _sixth_step(connection: Any, dump_grants: DumpGrants, recount: str) -> None:
    for statement in (views.FORMER, views.SCHEDULED_TASKS):
        await connection.execute(statement)
    if await _is_table(connection, "lapinq_tasks"):
        await connection.execute("LOCK TABLE lapinq_tasks IN ACCESS EXCLUSIVE MODE")
        await takeover.take_over_tasks(connection)
        await connection.execute(recount)
        await connection.execute(f"ALTER TABLE lapinq_tasks RENAME TO {BACKUP}tasks")
    if await _is_table(connection, "lapinq_users"):
        await connection.execute("LOCK TABLE lapinq_users IN ACCESS EXCLUSIVE MODE")
        await takeover.take_over_users(connection, dump_grants)
        await connection.execute(f"ALTER TABLE lapinq_users RENAME TO {BACKUP}users")
    for statement in (views.ENDING, views.TASKS, views.USERS):
        await connection.execute(statement)


async def _seventh_step(connection: Any) -> None:
    for statement in webhooks.STATEMENTS:
        await connection.execute(statement)


async def _eighth_step(connection: Any) -> None:
    for statement in (views.TIMING, *webhooks.LATER):
        await connection.execute(statement)


async def _ninth_step(connection: Any, without: str) -> None:
    for statement in removing.statements(without):
        await connection.execute(statement)


async def _tenth_step(connection: Any, moved: str) -> None:
    for statement in moving.statements(moved):
        await connection.execute(statement)


async def _is_table(connection: Any, name: str) -> bool:
    return bool(await connection.fetchval(_TABLE, name))


async def _version(connection: Any) -> int:
    found = await connection.fetchval(_VERSION)
    return -1 if found is None else int(found)
