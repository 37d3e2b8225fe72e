"""The reference store keeps every promise of the ports."""

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.ids import IdScheme
from taskcore.testing import FakeClock
from taskcore.testing.contracts.abilities import WakeupContract
from taskcore.testing.contracts.changes import ChangesContract
from taskcore.testing.contracts.controls import QueueControlsContract
from taskcore.testing.contracts.leadership import LeaderStoreContract
from taskcore.testing.contracts.notes import NotesContract
from taskcore.testing.contracts.presence import WorkerRegistryContract
from taskcore.testing.contracts.rearranging import RearrangingContract
from taskcore.testing.contracts.schedules import ScheduleStoreContract
from taskcore.testing.contracts.statistics import StatisticsStoreContract
from taskcore.testing.contracts.tasks import NumberedIdsContract, TaskStoreContract, TimeSortedIdsContract


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ids() -> IdScheme:
    return IdScheme.TIME_SORTED


@pytest.fixture
def store(clock: FakeClock, ids: IdScheme) -> MemoryStore:
    return MemoryStore(clock, ids)


@pytest.fixture
def another(store: MemoryStore) -> MemoryStore:
    """Memory has no other processes: its users share the object."""
    return store


class TestTasks(TaskStoreContract):
    @pytest.fixture(params=list(IdScheme), ids=lambda scheme: scheme.name.lower())
    def ids(self, request: pytest.FixtureRequest) -> IdScheme:
        return IdScheme(request.param)


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
