"""The shipped transition table and the fence, walked through every interleaving; then with one rule left out."""

import sys

import pytest
from taskcore.states import MOVES, Event, TaskState
from taskcore.testing.model import Fence, Lease, Model, Rules, Task

RUNNING = TaskState.RUNNING


@pytest.mark.parametrize(("workers", "attempts"), [(2, 4), (3, 4)])
def test_the_shipped_rules_keep_every_promise(workers: int, attempts: int) -> None:
    model = Model(Rules(), workers=workers, attempts=attempts)

    exploration = model.check()

    assert exploration.counterexample is None, str(exploration.counterexample)
    assert exploration.states > 10_000
    assert set(MOVES) == model.walked


class StateIsEnough(Rules):
    """Lets anybody write to a task that runs."""

    def holds(self, task: Task, fence: Fence) -> bool:
        return task.state is RUNNING


class WorkerIsEnough(Rules):
    """Leaves the attempt out of the fence."""

    def holds(self, task: Task, fence: Fence) -> bool:
        return task.state is RUNNING and fence.worker == task.worker


class FenceOutlivesTheAttempt(Rules):
    """Leaves the state out of the fence."""

    def holds(self, task: Task, fence: Fence) -> bool:
        return fence == (task.attempt, task.worker)


class ReplayResetsTheAttempt(Rules):
    """Counts a replayed task's attempts from zero."""

    def replayed(self, task: Task) -> Task:
        return super().replayed(task)._replace(attempt=0)


class ClaimForgetsToCount(Rules):
    """Begins every attempt under one number."""

    def claimed(self, task: Task, worker: int) -> Task:
        return super().claimed(task, worker)._replace(attempt=1)


class ClaimTakesWhatIsOverdue(Rules):
    """Hands a task out again as soon as its lease runs out."""

    def ready(self, task: Task) -> bool:
        return super().ready(task) or task.lease is Lease.OVER


class ReaperIgnoresRenewal(Rules):
    """Ends what was overdue when the reaper looked."""

    def recovers(self, task: Task, fence: Fence) -> bool:
        return self.holds(task, fence)


class ReaperForgetsTheFence(Rules):
    """Ends whatever attempt is overdue by now."""

    def recovers(self, task: Task, fence: Fence) -> bool:
        return task.lease is Lease.OVER


class NobodyReaps(Rules):
    """Leaves a dead worker's task where it is."""

    def recovers(self, task: Task, fence: Fence) -> bool:
        return False


class LeaseOutlivesTheAttempt(Rules):
    """Does not clear the lease."""

    def ended(self, task: Task, event: Event) -> Task:
        return super().ended(task, event)._replace(lease=task.lease)


BROKEN = {
    StateIsEnough: "one worker at a time may write",
    WorkerIsEnough: "one worker at a time may write",
    FenceOutlivesTheAttempt: "a task has a lease exactly while it runs",
    ReplayResetsTheAttempt: "an attempt number is never used again",
    ClaimForgetsToCount: "an attempt number is never used again",
    ClaimTakesWhatIsOverdue: "nothing happens outside the table",
    ReaperIgnoresRenewal: "the reaper takes nothing from a worker that renews",
    ReaperForgetsTheFence: "an attempt is closed once",
    NobodyReaps: "a task is stuck",
    LeaseOutlivesTheAttempt: "a task has a lease exactly while it runs",
}


@pytest.mark.parametrize(("rules", "fault"), BROKEN.items(), ids=lambda part: getattr(part, "__name__", ""))
def test_a_rule_that_is_left_out_breaks_a_promise(rules: type[Rules], fault: str) -> None:
    counterexample = Model(rules(), workers=2, attempts=3).check().counterexample

    sys.stdout.write(f"\n{rules.__name__}: {counterexample}\n")
    assert counterexample is not None
    assert counterexample.fault.startswith(fault)


def test_a_counterexample_tells_the_shortest_story() -> None:
    counterexample = Model(ReaperIgnoresRenewal(), workers=2, attempts=3).check().counterexample

    assert """\
the reaper takes nothing from a worker that renews:
  1. a claim hands out attempt 1 of worker a
  2. the lease runs out
  3. the reaper reads that attempt 1 of worker a is overdue
  4. attempt 1 of worker a renews
  5. the reaper ends attempt 1 of worker a with lose""" == str(counterexample)


def test_every_broken_rule_is_tried() -> None:
    assert set(BROKEN) == set(Rules.__subclasses__())
