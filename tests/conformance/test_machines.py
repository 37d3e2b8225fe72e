"""The reference store does what the simplest store does, whatever happens in whatever order."""

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from taskcore.adapters.memory import MemoryStore
from taskcore.ids import IdScheme
from taskcore.ports import TaskStore
from taskcore.testing import FakeClock
from taskcore.testing.machines import TaskStoreMachine

from . import broken

HASTY = settings(max_examples=300, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
QUICK = settings(max_examples=60, stateful_step_count=40, deadline=None)


class TimeSorted(TaskStoreMachine):
    async def open(self, clock: FakeClock) -> TaskStore:
        return MemoryStore(clock)


class Numbered(TaskStoreMachine):
    async def open(self, clock: FakeClock) -> TaskStore:
        return MemoryStore(clock, IdScheme.NUMBERED)


TestTimeSorted = TimeSorted.TestCase
TestNumbered = Numbered.TestCase
TestTimeSorted.settings = TestNumbered.settings = QUICK


@pytest.mark.parametrize(
    "part",
    [
        broken.ClaimForgetsToCount,
        broken.ClaimTakesWhatIsOverdue,
        broken.HandsOutWhatExpired,
        broken.KeysAreIgnored,
        broken.LeaseOutlivesTheAttempt,
        broken.PruneLooksAtTheEndAlone,
        broken.RanksByTime,
        broken.RecoverIgnoresRenewal,
        broken.RenewIsTooStrict,
        broken.ReplayForgetsThePast,
        broken.ReplayResetsTheAttempt,
        broken.StateIsEnough,
        broken.UnfencedRenew,
        broken.WorkerIsEnough,
    ],
    ids=lambda part: part.__name__,
)
def test_the_machine_finds_out_a_broken_store(part: type) -> None:
    class Broken(TaskStoreMachine):
        async def open(self, clock: FakeClock) -> TaskStore:
            return broken.open_with(part, clock)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Broken, settings=HASTY)
