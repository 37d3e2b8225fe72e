"""A store in a file of its own, with a clock that stands still."""

import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.testing import FakeClock

if find_spec("alembic") is None or find_spec("sqlalchemy") is None:
    collect_ignore_glob = ["test_*.py"]
    print("the tests of the SQLite store are left out: they need taskcore[sqlite]", file=sys.stderr)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
async def store(path: Path, clock: FakeClock) -> AsyncIterator[SQLiteStore]:
    async with await SQLiteStore.open(path, clock=clock) as store:
        yield store
