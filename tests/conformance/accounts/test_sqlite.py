"""A store of accounts in a file of SQLite keeps every promise; ``another`` is a second process's view of it."""

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.testing import FakeClock
from taskcore.testing.contracts.accounts import AccountStoreContract


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tables and nothing in them: copying it is quicker than making them."""
    path = tmp_path_factory.mktemp("accounts") / "empty.db"
    asyncio.run(make(path))
    return path


async def make(path: Path) -> None:
    async with await SQLAccounts.open(f"sqlite:///{path}"):
        pass


@pytest.fixture
def url(empty: Path, tmp_path: Path) -> str:
    shutil.copy(empty, tmp_path / "accounts.db")
    return f"sqlite:///{tmp_path}/accounts.db"


class TestSQLiteAccounts(AccountStoreContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    async def store(self, url: str, clock: FakeClock) -> AsyncIterator[SQLAccounts]:
        async with await SQLAccounts.open(url, clock=clock) as store:
            yield store

    @pytest.fixture
    async def another(self, store: SQLAccounts, url: str, clock: FakeClock) -> AsyncIterator[SQLAccounts]:
        async with await SQLAccounts.open(url, clock=clock) as another:
            yield another


def test_a_loop_that_ends_while_a_file_is_opened_leaves_neither_thread_nor_connection(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test clients do that: they have a loop for each request, and end it while entries of the audit log are due."""
    begun, connect = threading.Event(), sqlite3.connect
    made: list[sqlite3.Connection] = []
    failed: list[threading.ExceptHookArgs] = []

    def slowly(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        begun.set()
        time.sleep(0.1)
        made.append(connect(*args, **kwargs))
        return made[-1]

    async def leave() -> None:
        opening = asyncio.create_task(SQLAccounts.open(url))
        await asyncio.to_thread(begun.wait, 10)
        assert not opening.done()

    monkeypatch.setattr(sqlite3, "connect", slowly)
    monkeypatch.setattr(threading, "excepthook", failed.append)
    before = set(threading.enumerate())
    asyncio.run(leave())
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(10)

    assert [] == failed
    assert 1 == len(made)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")
