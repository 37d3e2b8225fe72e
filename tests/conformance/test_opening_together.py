"""A process may open stores of all kinds at once, in databases that are empty."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.sql.store import SQLStore
from taskcore.adapters.sqlite import SQLiteStore

from tests.servers import fresh_name


class Store(Protocol):
    async def check(self) -> None: ...

    async def close(self) -> None: ...


async def test_stores_that_are_opened_at_once_do_not_meet(postgres_url: str, mysql_url: str, tmp_path: Path) -> None:
    one, other = fresh_name(), fresh_name()
    async with AsyncExitStack() as stack:
        stores: list[Store] = await asyncio.gather(
            PostgresStore.open(postgres_url, prefix=one),
            SQLAccounts.open(postgres_url, prefix=one),
            SQLiteStore.open(tmp_path / "tasks.db"),
            SQLAccounts.open(f"sqlite:///{tmp_path}/accounts.db"),
            SQLStore.open(mysql_url, prefix=one),
            SQLAccounts.open(mysql_url, prefix=one),
            PostgresStore.open(postgres_url, prefix=other),
            SQLiteStore.open(tmp_path / "more.db"),
        )
        for store in stores:
            stack.push_async_callback(store.close)

        for store in stores:
            await store.check()


async def test_tasks_and_accounts_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "all.db"
    async with AsyncExitStack() as stack:
        stores: tuple[Store, ...] = await asyncio.gather(
            SQLiteStore.open(path), SQLAccounts.open(f"sqlite:///{path}"), SQLiteStore.open(path)
        )
        for store in stores:
            stack.push_async_callback(store.close)

        for store in stores:
            await store.check()
