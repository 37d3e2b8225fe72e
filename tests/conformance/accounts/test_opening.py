"""Opening a store of accounts in a database: by a URL or an engine, empty or not, alone or with others."""

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from taskcore.adapters.accounts import VERSIONS, area
from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.adapters.accounts.tables import Tables
from taskcore.adapters.sql import upgrade, version_table
from taskcore.auth.records import UserChange
from taskcore.errors import InvalidInput, LastAdmin, NameTaken, SchemaMismatch, StoreUnavailable
from taskcore.ids import IdScheme
from taskcore.testing.accounts import HOUR, a_key, a_login, a_user, an_admin, an_entry, digest_of

from tests.servers import fresh_name

Open = Callable[..., Awaitable[SQLAccounts]]
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "mysql": "mysql+aiomysql"}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/accounts.db"
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def prefix() -> str:
    return fresh_name()


@pytest.fixture
async def engine(url: str, prefix: str) -> AsyncIterator[AsyncEngine]:
    """The application's own connections; what a test left is removed by them."""
    scheme, rest = url.split("://")
    engine = create_async_engine(f"{DRIVERS[scheme]}://{rest}")
    yield engine
    async with engine.begin() as connection:
        await connection.run_sync(Tables(area(prefix)).metadata.drop_all)
        await connection.execute(text(f"DROP TABLE IF EXISTS {version_table(area(prefix))}"))
    await engine.dispose()


async def test_many_may_open_an_empty_database_at_once(url: str, prefix: str, engine: AsyncEngine) -> None:
    stores = await asyncio.gather(*[SQLAccounts.open(url, prefix=prefix) for _ in range(5)])

    user = await stores[0].add_user(a_user())

    assert [user] * 5 == [await store.get_user(user.id) for store in stores]
    for store in stores:
        await store.close()


async def test_of_many_processes_that_add_one_name_to_an_empty_database_one_does(
    url: str, prefix: str, engine: AsyncEngine
) -> None:
    """Each opens the store, so they also race for making its tables, then all add the same user and an admin."""
    program = [sys.executable, "-c", PROCESS, url, prefix]
    processes = [await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE) for _ in range(4)]

    said = [(await process.communicate())[0].decode().split() for process in processes]

    assert ["added", "taken", "taken", "taken"] == sorted(words[1] for words in said)
    assert ["first", "late", "late", "late"] == sorted(words[0] for words in said)


PROCESS = """
import asyncio, sys
from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.errors import NameTaken
from taskcore.testing.accounts import a_user, an_admin

async def main():
    async with await SQLAccounts.open(sys.argv[1], prefix=sys.argv[2]) as store:
        print("late" if await store.add_first_user(an_admin("root")) is None else "first")
        try:
            await store.add_user(a_user("Eve"))
            print("added")
        except NameTaken:
            print("taken")

asyncio.run(main())
"""


async def test_an_engine_of_the_application_is_used_and_left_open(prefix: str, engine: AsyncEngine) -> None:
    async with await SQLAccounts.open(engine, prefix=prefix) as store:
        admins = [await store.add_user(an_admin(name)) for name in ("a", "b")]
        answers = await asyncio.gather(*[store.remove_user(each.id) for each in admins], return_exceptions=True)
        assert [True] == [answer for answer in answers if not isinstance(answer, LastAdmin)]
        with pytest.raises(NameTaken):
            await asyncio.gather(*[store.add_user(a_user()) for _ in range(4)])

    async with engine.connect() as connection:
        assert 1 == (await connection.execute(text("SELECT 1"))).scalar_one()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.users()


async def test_an_engine_may_be_stricter(url: str, prefix: str, engine: AsyncEngine) -> None:
    strict = engine.execution_options(isolation_level="SERIALIZABLE")
    async with await SQLAccounts.open(strict, prefix=prefix) as store:
        for number in range(5):
            admins = [await store.add_user(an_admin(f"{name}{number}")) for name in ("a", "b")]
            demoting = [store.change_user(each.id, UserChange(role="viewer")) for each in admins]

            answers = await asyncio.gather(*demoting, return_exceptions=True)

            assert 1 == sum(isinstance(answer, LastAdmin) for answer in answers)
            for each in admins:
                assert await store.remove_user(each.id, keep_admin=False)


async def test_it_works_by_the_databases_own_clock(url: str, prefix: str, engine: AsyncEngine) -> None:
    async with await SQLAccounts.open(url, prefix=prefix) as store:
        user = await store.add_user(a_user())
        before = await store.now()
        session = await store.add_session(a_login(user, lifetime=HOUR))
        key, over = await store.add_key(a_key(lifetime=HOUR)), await store.add_key(a_key("over", lifetime=0 * HOUR))
        entry = await store.add_entry(an_entry())
        await store.touch_user(user.id)
        await store.touch_key(key.id)
        await store.revoke_key(over.id)

        assert session == await store.find_session(digest_of("cookie"), idle=HOUR)
        assert session is not None
        assert before <= session.created_at <= key.created_at <= entry.at <= await store.now()
        assert None is await store.find_key(over.digest)
        assert [over.id, key.id] == [each.id for each in await store.keys()]
        assert 0 == await store.prune_sessions(idle=HOUR)
        assert 1 == await store.prune_keys(older_than=0 * HOUR)
        assert 1 == await store.prune_entries(older_than=0 * HOUR)
        assert 1 == await store.prune_sessions(idle=0 * HOUR)


async def test_the_migrated_tables_are_those_that_the_statements_are_made_for(
    url: str, prefix: str, engine: AsyncEngine
) -> None:
    await (await SQLAccounts.open(url, prefix=prefix)).close()

    def differences(connection: Connection) -> list[object]:
        def mine(name: str | None, kind: str, _: object) -> bool:
            return kind != "table" or (name or "").startswith(area(prefix))

        options = {"version_table": version_table(area(prefix)), "include_name": mine}
        context = MigrationContext.configure(connection, opts=options)
        found: list[object] = compare_metadata(context, Tables(area(prefix)).metadata)
        return found

    async with engine.connect() as connection:
        assert [] == await connection.run_sync(differences)


async def test_migrations_go_up_and_down_and_up(url: str, prefix: str, engine: AsyncEngine) -> None:
    await (await SQLAccounts.open(url, prefix=prefix)).close()
    for step in (upgrade.downgrade, upgrade.upgrade, upgrade.downgrade):
        async with engine.begin() as connection:
            await connection.run_sync(step, area(prefix), IdScheme.TIME_SORTED, versions=VERSIONS)

    async with await SQLAccounts.open(url, prefix=prefix) as store:
        assert [] == list(await store.users())


async def test_tables_of_a_later_release_are_left_alone(url: str, prefix: str, engine: AsyncEngine) -> None:
    async with await SQLAccounts.open(url, prefix=prefix) as store:
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE {version_table(area(prefix))} SET version_num = '9999'"))

        with pytest.raises(SchemaMismatch, match="later than this release"):
            await SQLAccounts.open(url, prefix=prefix)
        with pytest.raises(SchemaMismatch, match="later than this release"):
            await store.check()


async def test_tables_that_are_gone_are_a_mismatch(url: str, prefix: str, engine: AsyncEngine) -> None:
    async with await SQLAccounts.open(url, prefix=prefix) as store:
        async with engine.begin() as connection:
            await connection.run_sync(Tables(area(prefix)).metadata.drop_all)

        with pytest.raises(SchemaMismatch):
            await store.users()
        with pytest.raises(SchemaMismatch):
            await store.check()


async def test_stores_of_two_prefixes_do_not_meet(url: str, prefix: str, engine: AsyncEngine) -> None:
    async with await SQLAccounts.open(url, prefix=prefix) as one:
        await one.add_user(a_user())
        try:
            async with await SQLAccounts.open(url, prefix=f"{prefix}x") as other:
                assert [] == list(await other.users())
        finally:
            async with engine.begin() as connection:
                await connection.run_sync(Tables(area(f"{prefix}x")).metadata.drop_all)
                await connection.execute(text(f"DROP TABLE {version_table(area(f'{prefix}x'))}"))


@pytest.mark.parametrize(
    "where",
    [
        "",
        "postgresql://",
        "redis://localhost/0",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql+asyncmy://h/d",
        "mysql://u:p@p@h/d",
        "x y",
    ],
)
async def test_a_url_of_something_else_is_refused(where: str) -> None:
    with pytest.raises(InvalidInput):
        await SQLAccounts.open(where)


@pytest.mark.parametrize("name", ["", "a-b", "x" * 31, "ü", "a b", "'"])
async def test_a_prefix_that_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="prefix"):
        await SQLAccounts.open(f"sqlite:///{tmp_path}/a.db", prefix=name)


@pytest.mark.parametrize("where", ["postgresql://eve:secret@127.0.0.1:1/x", "mysql://eve:secret@127.0.0.1:1/x"])
async def test_a_server_that_is_away_is_unavailable_and_its_password_stays_secret(where: str) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        await SQLAccounts.open(where)

    assert "secret" not in str(caught.value)


async def test_a_file_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await SQLAccounts.open(f"sqlite:///{tmp_path}/no/such/folder/a.db")
    (tmp_path / "text").write_text("this is no database, but long enough to be taken for one" * 20)
    with pytest.raises(StoreUnavailable, match="is not a SQLite database"):
        await SQLAccounts.open(f"sqlite:///{tmp_path}/text")


async def test_an_engine_with_a_single_connection_is_refused() -> None:
    """Transactions that run at the same time would be one, and roll each other back."""
    engine = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(InvalidInput, match="single connection"):
        await SQLAccounts.open(engine)
    await engine.dispose()


async def test_an_error_shows_no_hashes(url: str, prefix: str, engine: AsyncEngine) -> None:
    async with await SQLAccounts.open(engine, prefix=prefix) as store:
        await store.add_user(a_user())
        secret = fresh_name()

        with pytest.raises(NameTaken) as caught:
            await store.add_user(a_user(password_hash=secret))

        assert secret not in "".join(traceback.format_exception(caught.value))
        assert not engine.sync_engine.hide_parameters
