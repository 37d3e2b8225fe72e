"""The sample source and sources over real stores keep what the dashboard is promised."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.clock import SystemClock
from taskcore.testing.contracts.dashboard import (
    ActionPartContract,
    PipelinePartContract,
    QueuePartContract,
    RegistryPartContract,
    SchedulePartContract,
    SeriesPartContract,
    TaskPartContract,
    WorkerPartContract,
)
from taskcore.testing.contracts.dashboard_writing import ScheduleEditorPartContract, WebhookPartContract
from taskcore.testing.dashboard import StoryClock, a_story, sample_source, tell
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source


class StoreContracts(
    TaskPartContract,
    ActionPartContract,
    QueuePartContract,
    SchedulePartContract,
    WorkerPartContract,
    SeriesPartContract,
    RegistryPartContract,
):
    """All that a source over a store of the core proves."""


class TestSample(StoreContracts, PipelinePartContract, ScheduleEditorPartContract, WebhookPartContract):
    @pytest.fixture
    async def source(self) -> DashboardSource:
        return await sample_source(await a_story(tasks=60, hostile=True))

    @pytest.fixture
    def task(self) -> dict[str, str]:
        return {"task": "report", "args": "[1]", "priority": "3"}


class TestMemory(StoreContracts):
    @pytest.fixture
    async def source(self) -> DashboardSource:
        story = await a_story(tasks=60)
        return store_source(story.store, system="test", clock=story.clock)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which the story has happened; telling it takes longer than copying it."""
    path = tmp_path_factory.mktemp("story") / "tasks.db"

    async def write() -> None:
        clock = StoryClock(SystemClock())
        async with await SQLiteStore.open(path, clock=clock) as store:
            await tell(store, clock, tasks=60)

    asyncio.run(write())
    return path


class TestSQLite(StoreContracts):
    @pytest.fixture
    async def source(self, told: Path, tmp_path: Path) -> AsyncIterator[DashboardSource]:
        async with await SQLiteStore.open(copy(told, tmp_path / "tasks.db")) as store:
            yield store_source(store, system="test")
