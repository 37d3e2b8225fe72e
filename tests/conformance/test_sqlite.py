"""A store in a SQLite file keeps every promise of the ports; ``another`` is a second process's view of the file."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore, finding
from taskcore.ids import IdScheme
from taskcore.testing import FakeClock
from taskcore.testing.contracts.abilities import Begin, TransactionalEnqueueContract, WakeupContract
from taskcore.testing.contracts.archive import TaskArchiveContract
from taskcore.testing.contracts.changes import ChangesContract
from taskcore.testing.contracts.controls import QueueControlsContract
from taskcore.testing.contracts.leadership import LeaderStoreContract
from taskcore.testing.contracts.notes import NotesContract
from taskcore.testing.contracts.presence import WorkerRegistryContract
from taskcore.testing.contracts.reading import FindContract
from taskcore.testing.contracts.rearranging import RearrangingContract
from taskcore.testing.contracts.schedules import ScheduleStoreContract
from taskcore.testing.contracts.searching import ConditionsContract, PhasesContract
from taskcore.testing.contracts.statistics import StatisticsStoreContract
from taskcore.testing.contracts.tasks import NumberedIdsContract, TaskStoreContract, TimeSortedIdsContract


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ids() -> IdScheme:
    return IdScheme.TIME_SORTED


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[IdScheme, Path]:
    """Files with empty tables: copying one is quicker than to migrate for every test."""
    folder = tmp_path_factory.mktemp("templates")
    paths = {ids: folder / f"{ids.name}.db" for ids in IdScheme}

    async def make() -> None:
        for ids, path in paths.items():
            await (await SQLiteStore.open(path, ids=ids)).close()

    asyncio.run(make())
    return paths


@pytest.fixture
def path(tmp_path: Path, templates: dict[IdScheme, Path], ids: IdScheme) -> Path:
    return Path(shutil.copy(templates[ids], tmp_path / "tasks.db"))


@pytest.fixture
async def store(path: Path, clock: FakeClock, ids: IdScheme) -> AsyncIterator[SQLiteStore]:
    async with await SQLiteStore.open(path, clock=clock, ids=ids) as store:
        yield store


@pytest.fixture
async def another(store: SQLiteStore, path: Path, clock: FakeClock, ids: IdScheme) -> AsyncIterator[SQLiteStore]:
    async with await SQLiteStore.open(path, clock=clock, ids=ids) as another:
        yield another


class TestArchive(TaskArchiveContract):
    @pytest.fixture
    def ids(self) -> IdScheme:
        return IdScheme.NUMBERED

    @pytest.fixture
    async def elsewhere(self, path: Path, clock: FakeClock) -> AsyncIterator[SQLiteStore]:
        async with await SQLiteStore.open(path, prefix="elsewhere", clock=clock, ids=IdScheme.NUMBERED) as elsewhere:
            yield elsewhere


class TestTasks(TaskStoreContract):
    @pytest.fixture(params=list(IdScheme), ids=lambda scheme: scheme.name.lower())
    def ids(self, request: pytest.FixtureRequest) -> IdScheme:
        return IdScheme(request.param)


class TestSearchesThatGather(FindContract, ConditionsContract, PhasesContract):
    """With so few tasks, first walks reach the end of the table unless they are shorter still."""

    @pytest.fixture(params=list(IdScheme), ids=lambda scheme: scheme.name.lower())
    def ids(self, request: pytest.FixtureRequest) -> IdScheme:
        return IdScheme(request.param)

    @pytest.fixture(autouse=True, params=[1, 1000], ids=lambda many: f"{many} are many")
    def _few_steps(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(finding, "_SHORT", 2)
        monkeypatch.setattr(finding, "_LONG", 4)
        monkeypatch.setattr(finding, "_MANY", request.param)


class TestTimeSortedIds(TimeSortedIdsContract):
    pass


class TestNumberedIds(NumberedIdsContract):
    @pytest.fixture
    def ids(self) -> IdScheme:
        return IdScheme.NUMBERED


class TestSchedules(ScheduleStoreContract):
    pass


class TestLeadership(LeaderStoreContract):
    pass


class TestWakeup(WakeupContract):
    pass


class TestQueueControls(QueueControlsContract):
    pass


class TestRearranging(RearrangingContract):
    pass


class TestStatistics(StatisticsStoreContract):
    pass


class TestNotes(NotesContract):
    pass


class TestPresence(WorkerRegistryContract):
    pass


class TestChanges(ChangesContract):
    pass


class TestTransactionalEnqueue(TransactionalEnqueueContract):
    @pytest.fixture
    def begin(self, path: Path) -> Begin:
        @asynccontextmanager
        async def begin() -> AsyncIterator[sqlite3.Connection]:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY)")
                yield connection

        return begin
