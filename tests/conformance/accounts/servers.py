"""Stores of accounts on servers of SQL: their tables are made once for all tests, since emptying them is quicker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import delete
from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.clock import Clock

PREFIX = "conformance"


@asynccontextmanager
async def emptied(url: str, clock: Clock) -> AsyncIterator[SQLAccounts]:
    async with await SQLAccounts.open(url, prefix=PREFIX, clock=clock) as store:
        yield store
    async with await SQLAccounts.open(url, prefix=PREFIX, clock=clock) as store:
        tables = store._database.place.tables
        async with store._database.engine.begin() as connection:
            for table in (tables.users, tables.sessions, tables.keys, tables.entries):
                await connection.execute(delete(table))
