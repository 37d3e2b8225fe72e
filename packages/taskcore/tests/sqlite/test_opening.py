"""Opening a file: what is made, what is refused, and in which words."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from taskcore.adapters.sql import version_table
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.errors import InvalidInput, SchemaMismatch, StoreUnavailable
from taskcore.ids import IdScheme, TaskId
from taskcore.models import TaskQuery
from taskcore.testing import a_task

OPEN = """
import asyncio, sys
{before}
from taskcore.adapters.sqlite import SQLiteStore

async def main():
    await (await SQLiteStore.open({path!r})).close()

asyncio.run(main())
{after}
"""


def open_and_check(path: Path, prefix: str = "taskcore") -> None:
    async def check() -> None:
        async with await SQLiteStore.open(path, prefix=prefix) as store:
            await store.check()

    asyncio.run(check())


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


async def test_what_was_put_is_there_when_the_file_is_opened_again(path: Path) -> None:
    async with await SQLiteStore.open(path) as store:
        (receipt,) = await store.put([a_task(payload="7")])

    async with await SQLiteStore.open(path) as store:
        record = await store.get(receipt.task)

    assert record is not None
    assert "7" == record.payload


async def test_stores_of_different_prefixes_share_a_file(path: Path) -> None:
    async with await SQLiteStore.open(path) as one, await SQLiteStore.open(path, prefix="jobs") as other:
        await one.put([a_task()])

        assert (1, 0) == (len(await one.find(TaskQuery())), len(await other.find(TaskQuery())))


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()

    open_and_check(path)


@pytest.mark.parametrize("prefix", ["", "a-b", "1st", "tasks; DROP", "größe"])
def test_a_prefix_is_a_plain_identifier(path: Path, prefix: str) -> None:
    with pytest.raises(InvalidInput, match="prefix must be an identifier"):
        open_and_check(path, prefix)

    assert not path.exists()


@pytest.mark.parametrize("name", ["", ":memory:", "file:x?mode=memory", "a\0b"])
async def test_a_store_needs_a_file(name: str) -> None:
    with pytest.raises(InvalidInput, match="path must name a file"):
        await SQLiteStore.open(name)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"nowhere.*cannot be opened.*folder exists") as caught:
        await SQLiteStore.open(tmp_path / "nowhere" / "tasks.db")

    assert isinstance(caught.value.__cause__, sqlite3.Error)


def test_another_kind_of_file_is_left_alone(path: Path) -> None:
    path.write_text("Dear diary, " * 100)

    with pytest.raises(StoreUnavailable, match="is not a SQLite database"):
        open_and_check(path)

    assert path.read_text().startswith("Dear diary, ")


async def test_tables_of_a_later_release_are_refused(path: Path) -> None:
    await (await SQLiteStore.open(path)).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE {version_table('taskcore')} SET version_num = '9999'")

    with pytest.raises(SchemaMismatch, match=r"'9999', which is later than this release.*update taskcore"):
        await SQLiteStore.open(path)


@pytest.mark.parametrize("ids", IdScheme)
async def test_tables_that_number_their_tasks_otherwise_are_refused(path: Path, ids: IdScheme) -> None:
    (other,) = set(IdScheme) - {ids}
    await (await SQLiteStore.open(path, ids=ids)).close()

    with pytest.raises(SchemaMismatch, match=f"open it with ids={ids}"):
        await SQLiteStore.open(path, ids=other)


async def test_check_notices_tables_that_are_gone(store: SQLiteStore, path: Path) -> None:
    await store.check()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE taskcore_tasks")

    with pytest.raises(SchemaMismatch, match="taskcore_tasks is gone"):
        await store.check()
    with pytest.raises(SchemaMismatch, match="no such table"):
        await store.put([a_task()])


async def test_a_closed_store_says_so(store: SQLiteStore) -> None:
    await store.close()
    await store.close()

    with pytest.raises(StoreUnavailable, match="is closed"):
        await store.get(TaskId("1"))


def test_a_store_serves_any_event_loop(path: Path) -> None:
    store = asyncio.run(SQLiteStore.open(path))

    asyncio.run(_put(store))
    assert 1 == asyncio.run(_count(store))
    asyncio.run(store.close())


async def _put(store: SQLiteStore) -> None:
    await store.put([a_task()])


async def _count(store: SQLiteStore) -> int:
    return len(await store.find(TaskQuery()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_is_told_to_open_its_own(path: Path) -> None:
    store = asyncio.run(SQLiteStore.open(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that threads do not survive a fork is what this is about
        child = os.fork()
    if child == 0:
        os._exit(_exit_code_of_use(store))

    _, status = os.waitpid(child, 0)

    assert 0 == os.waitstatus_to_exitcode(status)
    assert 0 == asyncio.run(_count(store))
    asyncio.run(store.close())


def _exit_code_of_use(store: SQLiteStore) -> int:
    try:
        asyncio.run(_put(store))
    except StoreUnavailable as error:
        asyncio.run(store.close())
        return 0 if "forked" in str(error) else 1
    return 2


def test_alembic_is_loaded_only_to_make_or_change_tables(path: Path) -> None:
    loaded = "print(sorted({'alembic', 'sqlalchemy'} & set(sys.modules)))"
    code = OPEN.format(before="", path=str(path), after=loaded)

    assert ["['alembic', 'sqlalchemy']\n", "[]\n"] == [python(code).stdout, python(code).stdout]


def test_a_missing_extra_is_one_sentence(path: Path) -> None:
    code = OPEN.format(before="sys.modules['sqlalchemy'] = None", path=str(path), after="")

    last = python(code).stderr.splitlines()[-1]

    assert (
        "taskcore.errors.MissingExtra: making the tables of a SQLite store needs: pip install 'taskcore[sqlite]'"
        == last
    )
