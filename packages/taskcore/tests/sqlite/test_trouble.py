"""Locks are waited for, and everything else that goes wrong has one clear sentence."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.adapters.sqlite.errors import translated
from taskcore.errors import InvalidInput, StoreError, StoreUnavailable
from taskcore.ids import TaskId
from taskcore.models import Order, TaskQuery
from taskcore.testing import a_task, seconds


@pytest.fixture
def other(store: SQLiteStore, path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the file of ``store``."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def test_a_write_waits_for_whoever_holds_the_file(store: SQLiteStore, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.put([a_task()]))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    other.execute("COMMIT")

    assert 1 == len(await waiting)


async def test_a_file_that_stays_locked_is_unavailable(path: Path, other: sqlite3.Connection) -> None:
    async with await SQLiteStore.open(path, busy_timeout=0.05) as store:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match=r"stayed locked by another connection for 0\.05 s"):
            await store.put([a_task()])

        other.execute("COMMIT")
        await store.put([a_task()])


async def test_readers_never_wait_for_writers(store: SQLiteStore, other: sqlite3.Connection) -> None:
    await store.put([a_task()])
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM taskcore_tasks")

    assert 1 == len(await asyncio.wait_for(store.find(TaskQuery()), 30))


async def test_a_write_that_fails_leaves_nothing_and_the_store_goes_on(store: SQLiteStore) -> None:
    with pytest.raises(InvalidInput, match="valid Unicode"):
        await store.put([a_task(), a_task(payload="\ud800")])
    with pytest.raises(InvalidInput, match="more than 64 bits"):
        await store.put([a_task(), a_task(timeout=seconds(1e13))])

    assert [] == list(await store.find(TaskQuery()))
    assert 1 == len(await store.put([a_task()]))


async def test_put_within_asks_for_a_transaction(store: SQLiteStore, other: sqlite3.Connection) -> None:
    with pytest.raises(InvalidInput, match="run BEGIN IMMEDIATE"):
        await store.put_within(other, [a_task()])


async def test_put_within_uses_any_kind_of_connection(store: SQLiteStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        first = await store.put_within(connection, [a_task(idempotency_key="k")])
        again = await store.put_within(connection, [a_task(idempotency_key="k")])
        connection.commit()

    assert [receipt.task for receipt in first] == [receipt.task for receipt in again]
    assert 1 == len(await store.find(TaskQuery()))


async def test_put_within_says_when_the_file_is_locked(
    store: SQLiteStore, path: Path, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")

    with closing(sqlite3.connect(path, timeout=0)) as busy, pytest.raises(StoreUnavailable, match="stayed locked"):
        await store.put_within(busy, [a_task()])


def _full(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE t (c)")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")


def _read_only(path: Path) -> None:
    sqlite3.connect(path).close()
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("CREATE TABLE t (c)")


def _damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (c)")
        connection.executemany("INSERT INTO t VALUES (?)", [["x" * 500]] * 100)
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(c) FROM t WHERE c > ''").fetchall()


def _refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT nonsense()")


@pytest.mark.parametrize(
    ("break_it", "kind", "words"),
    [
        pytest.param(_full, StoreUnavailable, "cannot grow: the disk or the quota is full", id="disk full"),
        pytest.param(_read_only, StoreUnavailable, "cannot be written; make the file", id="read only"),
        pytest.param(_damaged, StoreUnavailable, "is damaged; run `PRAGMA integrity_check`", id="damaged"),
        pytest.param(_refused, StoreError, "SQLite refused what the store asked", id="refused"),
    ],
)
def test_what_sqlite_reports_is_one_sentence_that_names_the_file(
    path: Path, break_it: object, kind: type[StoreError], words: str
) -> None:
    assert callable(break_it)
    with pytest.raises(kind) as caught, translated(str(path), 1):
        break_it(path)

    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert isinstance(caught.value.__cause__, sqlite3.Error)


async def test_a_cancelled_wait_ends_at_once(store: SQLiteStore, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(store.put([a_task()]), 0.05)

    assert time.monotonic() - begun < 5
    other.execute("COMMIT")


async def test_calls_that_share_a_commit_fail_and_succeed_apart(store: SQLiteStore, other: sqlite3.Connection) -> None:
    """All are asked for while somebody else holds the file, so that they are done together when it is free."""
    other.execute("BEGIN IMMEDIATE")
    orders = [
        a_task(payload="1"),
        a_task(payload="\ud800"),
        a_task(payload="3"),
        a_task(id=TaskId("")),
        a_task(payload="5"),
    ]
    asked = [asyncio.create_task(store.put([order])) for order in orders]
    await asyncio.sleep(0.05)  # let them all be asked for; too short a pause makes the test easier, never wrong

    other.execute("COMMIT")
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [list, InvalidInput, list, InvalidInput, list] == [type(answer) for answer in answers]
    assert ["1", "3", "5"] == [record.payload for record in await store.find(TaskQuery(order=Order.OLDEST))]


async def test_a_call_that_is_given_up_before_its_turn_is_not_done(
    store: SQLiteStore, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    first = asyncio.create_task(store.put([a_task(payload="1")]))
    await asyncio.sleep(0.05)  # it has its turn, and waits for the file
    second = asyncio.create_task(store.put([a_task(payload="2")]))
    await asyncio.sleep(0)

    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await asyncio.sleep(0)  # the thread hears of it by a callback of the loop
    other.execute("COMMIT")
    await first

    assert ["1"] == [record.payload for record in await store.find(TaskQuery())]
