"""A store of accounts in a file of SQLite keeps every promise; ``another`` is a second process's view of it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

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
