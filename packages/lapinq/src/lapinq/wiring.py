"""The only place that names the core's adapters."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from taskcore import urls
from taskcore.adapters import accounts
from taskcore.adapters.grants import dump_grants
from taskcore.adapters.memory import MemoryEventBus
from taskcore.adapters.postgres import OpenTransactions, PostgresStore, opening
from taskcore.adapters.postgres.counting import KIND, RECOUNT, changed, fewer, more
from taskcore.adapters.postgres.errors import translated
from taskcore.adapters.postgres.statements import columns
from taskcore.adapters.sql import version_table
from taskcore.adapters.sql.rows import task_of
from taskcore.auth.stores import AccountStore

from lapinq.schema import install, moving
from lapinq.schema.names import ACCOUNTS, CHANGED, CORE, HOOKS
from lapinq.settings import Settings
from lapinq.tables import Tables

__all__ = [
    "REVISIONS",
    "TRANSACTIONS",
    "Store",
    "event_bus",
    "looking",
    "open_accounts",
    "open_deliveries",
    "open_store",
    "place_of",
]

Store: TypeAlias = PostgresStore
"""Tasks, schedules, leases, statistics and workers: every port and ability that the core has for PostgreSQL."""

TRANSACTIONS = OpenTransactions(CORE)
"""Puts tasks for whoever has a transaction open, and nothing else."""

REVISIONS = {
    CORE: (version_table(CORE), opening.REVISIONS[-1]),
    HOOKS: (version_table(HOOKS), opening.REVISIONS[-1]),
    ACCOUNTS: (version_table(ACCOUNTS), accounts.REVISIONS[-1]),
}
"""Of the core's tables: where the revision is noted, and the one of this release."""

_COLUMNS = columns("(SELECT l.lease_until FROM {p}_leases AS l WHERE l.task = t.id)").replace("{p}", CORE)
_WITHOUT = changed(fewer(KIND, "gone WHERE state <> 'running'")).replace("{p}", CORE)
_COUNTING = install.Counting(
    RECOUNT.replace("{p}", CORE),
    _WITHOUT,
    changed(more(KIND, moving.AFTER), fewer(KIND, moving.BEFORE)).replace("{p}", CORE),
)
_DRIVER = re.compile(r"^(postgres|postgresql)(\+asyncpg)?://")


async def open_store(settings: Settings) -> tuple[Store, Tables]:
    """The core's store and this package's own statements, with whatever the public release left taken over.

    Raises: as ``PostgresStore.open``.
    """
    place = place_of(settings.database_url)
    with translated(place):
        pool = await _pool(settings)
    try:
        with translated(place):
            if await install.is_outdated(pool):
                await _bring_up_to_date(settings)
        store = await _open_core(settings)
    except BaseException:
        await pool.close()
        raise
    return store, Tables(pool, lambda: translated(place), _COLUMNS, task_of, _WITHOUT)


async def _bring_up_to_date(settings: Settings) -> None:
    async with install.alone(_for_driver(settings.database_url)) as connection:
        if await install.is_outdated(connection):
            for open_tables in (_open_core, open_accounts, open_deliveries):
                await (await open_tables(settings)).close()
            await install.install(connection, dump_grants, _COUNTING)


async def _open_core(settings: Settings) -> Store:
    return await PostgresStore.open(
        settings.database_url,
        prefix=CORE,
        patience=settings.db_timeout,
        connections=settings.pool_size,
        changes_channel=CHANGED,
    )


@asynccontextmanager
async def looking(settings: Settings) -> "AsyncIterator[asyncpg.Connection]":
    """A connection for a look at a database whose tables may be of any release, or not there at all.

    Raises:
        InvalidInput: the URL is none. StoreError: the server cannot be reached, or something is wrong there.
    """
    with translated(place_of(settings.database_url)):
        connection = await asyncpg.connect(
            _for_driver(settings.database_url), timeout=settings.db_timeout, server_settings={"timezone": "UTC"}
        )
        try:
            yield connection
        finally:
            await connection.close()


async def open_deliveries(settings: Settings) -> Store:
    """The tasks that deliver webhooks, in the database that has the others."""
    return await PostgresStore.open(settings.database_url, prefix=HOOKS, patience=settings.db_timeout, connections=2)


async def open_accounts(settings: Settings) -> AccountStore:
    """Users, sessions and keys, in the database that has the tasks; for the event loop that opens it alone."""
    from taskcore.adapters.accounts.store import SQLAccounts  # it takes long to load, and commands do without

    return await SQLAccounts.open(settings.database_url, prefix=CORE)


async def _pool(settings: Settings) -> "asyncpg.Pool":
    return await asyncpg.create_pool(
        _for_driver(settings.database_url),
        min_size=0,
        max_size=max(2, settings.pool_size // 2),
        timeout=settings.db_timeout,
        command_timeout=settings.db_timeout,
        server_settings={"application_name": "lapinq", "timezone": "UTC"},
    )


def _for_driver(url: str) -> str:
    """The URL without the driver that SQLAlchemy wants in it."""
    return _DRIVER.sub("postgresql://", url)


def place_of(url: str) -> str:
    """Where a database is, without user, password and options."""
    return f"postgresql://{urls.place_of(url)}"


def event_bus() -> MemoryEventBus:
    """Where a process tells what happens to its tasks."""
    return MemoryEventBus()
