"""Opening a database: what is made, what is refused, and in which words."""

import asyncio
from typing import Any

import pytest
from taskcore.adapters.postgres import PostgresStore, opening
from taskcore.adapters.postgres.database import Database
from taskcore.adapters.sql import version_table
from taskcore.errors import InvalidInput, SchemaMismatch, StoreUnavailable
from taskcore.models import TaskQuery
from taskcore.testing import a_task


async def test_what_was_put_is_there_when_the_database_is_opened_again(postgres_url: str, prefix: str) -> None:
    async with await PostgresStore.open(postgres_url, prefix=prefix) as store:
        (receipt,) = await store.put([a_task(payload="7")])

    async with await PostgresStore.open(postgres_url, prefix=prefix) as store:
        record = await store.get(receipt.task)

    assert record is not None
    assert "7" == record.payload


async def test_six_that_come_at_once_make_the_tables_once(postgres_url: str, prefix: str) -> None:
    stores = await asyncio.gather(*[PostgresStore.open(postgres_url, prefix=prefix) for _ in range(6)])

    await stores[0].put([a_task()])
    assert [1] * 6 == [len(await store.find(TaskQuery())) for store in stores]

    for store in stores:
        await store.close()


async def test_stores_of_different_prefixes_share_a_database(postgres_url: str, prefix: str) -> None:
    async with (
        await PostgresStore.open(postgres_url, prefix=prefix) as one,
        await PostgresStore.open(postgres_url, prefix=f"{prefix}_b") as other,
    ):
        await one.put([a_task()])

        assert (1, 0) == (len(await one.find(TaskQuery())), len(await other.find(TaskQuery())))


async def test_sqlalchemys_form_of_a_url_is_welcome(postgres_url: str, prefix: str) -> None:
    url = postgres_url.replace("postgresql://", "postgresql+asyncpg://")

    async with await PostgresStore.open(url, prefix=prefix) as store:
        await store.check()


async def test_a_url_may_carry_options_of_libpq(postgres_url: str, prefix: str) -> None:
    async with await PostgresStore.open(f"{postgres_url}?sslmode=prefer", prefix=prefix) as store:
        await store.check()


@pytest.mark.parametrize("prefix", ["", "a-b", "1st", "tasks; DROP", "größe", "Upper", "x" * 41])
async def test_a_prefix_is_a_plain_lower_case_identifier(postgres_url: str, prefix: str) -> None:
    with pytest.raises(InvalidInput, match="prefix must be a lower-case ASCII identifier"):
        await PostgresStore.open(postgres_url, prefix=prefix)


@pytest.mark.parametrize("url", ["", "redis://localhost", "localhost:5432", "sqlite:///x.db"])
async def test_a_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="needs a URL like postgresql://"):
        await PostgresStore.open(url)


async def test_a_server_that_is_not_there_is_named_without_the_password(prefix: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"postgresql://127\.0\.0\.1:1/tasks cannot be used") as caught:
        await PostgresStore.open("postgresql://me:secret@127.0.0.1:1/tasks", prefix=prefix)

    assert "secret" not in str(caught.value)


async def test_a_database_that_is_not_there_is_named(postgres_url: str, prefix: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"there is no database at .*/nowhere_at_all"):
        await PostgresStore.open(postgres_url.rpartition("/")[0] + "/nowhere_at_all", prefix=prefix)


async def test_tables_of_a_later_release_are_left_alone(postgres_url: str, prefix: str, connection: Any) -> None:
    await (await PostgresStore.open(postgres_url, prefix=prefix)).close()
    await connection.execute(f"UPDATE {version_table(prefix)} SET version_num = '9999'")

    with pytest.raises(SchemaMismatch, match="later than this release"):
        await PostgresStore.open(postgres_url, prefix=prefix)


async def test_tables_that_were_removed_are_missed(store: PostgresStore, prefix: str, connection: Any) -> None:
    await connection.execute(f"DROP TABLE {prefix}_tasks CASCADE")

    with pytest.raises(SchemaMismatch, match="is gone"):
        await store.check()
    with pytest.raises(SchemaMismatch, match="lacks tables"):
        await store.put([a_task()])


async def test_a_store_that_was_closed_says_so(store: PostgresStore) -> None:
    await store.close()

    with pytest.raises(StoreUnavailable, match="is closed"):
        await store.put([a_task()])


async def test_a_migration_that_fails_leaves_nothing(postgres_url: str, prefix: str, connection: Any) -> None:
    await connection.execute(f"CREATE TABLE {prefix}_leaders (in_the_way integer)")
    database = Database(postgres_url, prefix, None, 10, 2)

    with pytest.raises(Exception, match="already exists"):
        await opening.migrate(database)

    assert [f"{prefix}_leaders"] == [
        name for (name,) in await connection.fetch(f"SELECT tablename FROM pg_tables WHERE tablename ~ '^{prefix}_'")
    ]
