"""A store in a file of its own, with a clock that stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.testing import FakeClock


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
