"""Opening a database: what is made, what is refused, and in which words."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from taskcore.adapters.sql import upgrade, version_table
from taskcore.adapters.sql.store import SQLStore
from taskcore.adapters.sql.tables import server_tables
from taskcore.errors import InvalidInput, SchemaMismatch, StoreUnavailable
from taskcore.ids import IdScheme
from taskcore.models import TaskQuery
from taskcore.states import Phase
from taskcore.testing import a_claim, a_task

PASSWORD = "hunter2"


@pytest.fixture
async def connection(application: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with application.begin() as connection:
        yield connection


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+aiomysql", "mariadb+aiomysql"])
async def test_a_url_names_the_server_in_one_of_several_ways(
    mysql_url: str, prefix: str, application: AsyncEngine, scheme: str
) -> None:
    async with await SQLStore.open(mysql_url.replace("mysql://", f"{scheme}://"), prefix=prefix) as store:
        await store.put([a_task()])
        await store.check()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param(f"oracle://u:{PASSWORD}@host/db", "url must begin with one of mariadb://, mysql://", id="other"),
        pytest.param(f"mysql+pymysql://u:{PASSWORD}@host/db", "url must begin with one of", id="driver"),
        pytest.param(f"mysql://u:{PASSWORD}@host", "url must name a database", id="no database"),
        pytest.param(f"u:{PASSWORD}@host/db", "url must be like mysql://", id="no scheme"),
        pytest.param(f"mysql://u:{PASSWORD}@host:x/db", "url must be like mysql://", id="port"),
        pytest.param(f"mysql://u:x@{PASSWORD}@host/db", "percent-encoded: %40", id="sign"),
    ],
)
async def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        await SQLStore.open(url)

    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "a-b", "1st", "tasks; DROP", "größe", "x" * 41])
async def test_a_prefix_is_a_short_plain_identifier(mysql_url: str, prefix: str) -> None:
    with pytest.raises(InvalidInput, match="prefix must be an identifier"):
        await SQLStore.open(mysql_url, prefix=prefix)


def _nowhere(url: str) -> str:
    return urlsplit(url)._replace(netloc=f"u:{PASSWORD}@127.0.0.1:1").geturl()


def _no_database(url: str) -> str:
    return urlsplit(url)._replace(path="/no_such_database").geturl()


def _nobody(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"nobody:{PASSWORD}@{parts.hostname}:{parts.port}").geturl()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_nowhere, r"127\.0\.0\.1:1/.* cannot be reached; check that it runs", id="nobody listens"),
        pytest.param(_no_database, "has no such database; CREATE DATABASE it first", id="no database"),
        pytest.param(_nobody, "refused the user or the password", id="no access"),
    ],
)
async def test_a_server_that_lets_nobody_in_is_one_sentence_without_the_password(
    mysql_url: str, change: Callable[[str], str], words: str
) -> None:
    with pytest.raises(StoreUnavailable, match=words) as caught:
        await SQLStore.open(change(mysql_url))

    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is not None


async def test_stores_of_different_prefixes_share_a_database(
    store: SQLStore, mysql_url: str, prefix: str, application: AsyncEngine
) -> None:
    async with await SQLStore.open(mysql_url, prefix=f"{prefix}_b") as other:
        await store.put([a_task()])

        assert (1, 0) == (len(await store.find(TaskQuery())), len(await other.find(TaskQuery())))


async def test_many_may_open_an_empty_database_at_the_same_time(
    mysql_url: str, prefix: str, application: AsyncEngine
) -> None:
    stores = await asyncio.gather(*[SQLStore.open(mysql_url, prefix=prefix) for _ in range(6)])

    for store in stores:
        await store.put([a_task()])
    assert 6 == len(await stores[0].claim(a_claim()))
    for store in stores:
        await store.close()


async def test_a_first_migration_that_was_interrupted_is_finished_by_the_next_one(
    mysql_url: str, prefix: str, application: AsyncEngine
) -> None:
    await (await SQLStore.open(mysql_url, prefix=prefix)).close()
    async with application.begin() as connection:
        await connection.execute(text(f"DROP TABLE {prefix}_controls, {prefix}_gates"))
        await connection.execute(text(f"DROP INDEX {prefix}_tasks_slots ON {prefix}_tasks"))
        await connection.execute(text(f"DELETE FROM {version_table(prefix)}"))

    async with await SQLStore.open(mysql_url, prefix=prefix) as store:
        await store.put([a_task(concurrency_key="k")] * 2)
        await store.limit("default", 5)

        assert 1 == len(await store.claim(a_claim()))


async def test_tasks_of_the_first_release_go_on_after_the_migration(
    mysql_url: str, prefix: str, application: AsyncEngine
) -> None:
    def first_release(sync: Connection) -> None:
        upgrade.upgrade(sync, prefix, IdScheme.TIME_SORTED, "0001", versions=upgrade.SERVERS)

    async with application.begin() as connection:
        await connection.run_sync(first_release)
        await connection.execute(
            text(
                f"INSERT INTO {prefix}_tasks (id, ready, queue, name, priority, created_at, run_at, payload) "
                "VALUES ('a', 1, 'default', 'send', 0, 5, 5, '7')"
            )
        )

    async with await SQLStore.open(mysql_url, prefix=prefix) as store:
        (found,) = await store.find(TaskQuery(phases=frozenset({Phase.QUEUED})))
        (task,) = await store.claim(a_claim())

    assert ("a", "7", None) == (task.id, task.payload, task.trace)
    assert "a" == found.id


async def test_tables_of_a_later_release_are_refused(store: SQLStore, mysql_url: str, application: AsyncEngine) -> None:
    prefix = store_prefix(store)
    async with application.begin() as connection:
        await connection.execute(text(f"UPDATE {version_table(prefix)} SET version_num = '9999'"))

    with pytest.raises(SchemaMismatch, match=r"'9999', which is later than this release.*update taskcore"):
        await SQLStore.open(mysql_url, prefix=prefix)


def store_prefix(store: SQLStore) -> str:
    return store._server.tables.schema.prefix


async def test_check_notices_tables_that_are_gone(store: SQLStore, prefix: str, application: AsyncEngine) -> None:
    await store.check()
    async with application.begin() as connection:
        await connection.execute(text(f"DROP TABLE {prefix}_tasks"))

    with pytest.raises(SchemaMismatch, match="lacks tables of this release"):
        await store.check()
    with pytest.raises(SchemaMismatch, match="open the store anew"):
        await store.put([a_task()])


async def test_the_revisions_make_what_the_metadata_says(connection: AsyncConnection, prefix: str) -> None:
    def differences(sync: Connection) -> list[object]:
        upgrade.upgrade(sync, prefix, IdScheme.TIME_SORTED, versions=upgrade.SERVERS)
        ours = {"include_name": lambda name, kind, _: kind != "table" or name.startswith(prefix)}
        context = MigrationContext.configure(sync, opts={**ours, "version_table": version_table(prefix)})
        found: list[object] = compare_metadata(context, server_tables(prefix))
        return found

    assert [] == await connection.run_sync(differences)


async def test_the_revisions_go_up_down_and_up(connection: AsyncConnection, prefix: str) -> None:
    def walk(sync: Connection) -> tuple[set[str], set[str], set[str]]:
        seen = []
        for change in (upgrade.upgrade, upgrade.downgrade, upgrade.upgrade):
            change(sync, prefix, IdScheme.TIME_SORTED, versions=upgrade.SERVERS)
            tables = inspect(sync).get_table_names()
            seen.append({name for name in tables if name.startswith(prefix) and name != version_table(prefix)})
        up, down, again = seen
        return up, down, again

    up, down, again = await connection.run_sync(walk)

    assert (set(server_tables(prefix).tables), set()) == (up, down)
    assert up == again


@pytest.mark.parametrize(("module", "needs"), [("aiomysql", "a store on this server"), ("sqlalchemy", "MySQL")])
def test_a_missing_extra_is_one_sentence(module: str, needs: str) -> None:
    code = (
        f"import asyncio, sys; sys.modules[{module!r}] = None\n"
        "from taskcore.adapters.sql.store import SQLStore\n"
        "asyncio.run(SQLStore.open('mysql://root@127.0.0.1/test'))"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    last = ran.stderr.splitlines()[-1]
    assert last.startswith("taskcore.errors.MissingExtra: ")
    assert needs in last
    assert "pip install 'taskcore[mysql]'" in last
