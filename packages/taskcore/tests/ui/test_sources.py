"""The sample source and sources over real stores keep what the dashboard is promised."""

from collections.abc import AsyncIterator
from pathlib import Path

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


class TestSample(StoreContracts, PipelinePartContract):
    @pytest.fixture
    async def source(self) -> DashboardSource:
        return await sample_source(await a_story(tasks=60, hostile=True))


class TestMemory(StoreContracts):
    @pytest.fixture
    async def source(self) -> DashboardSource:
        story = await a_story(tasks=60)
        return store_source(story.store, system="test", clock=story.clock)


class TestSQLite(StoreContracts):
    @pytest.fixture
    async def source(self, tmp_path: Path) -> AsyncIterator[DashboardSource]:
        clock = StoryClock(SystemClock())
        async with await SQLiteStore.open(tmp_path / "tasks.db", clock=clock) as store:
            await tell(store, clock, tasks=60)
            yield store_source(store, system="test", clock=clock)
