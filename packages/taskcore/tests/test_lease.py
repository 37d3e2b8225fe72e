"""Fences compare as values."""

from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence

HELD = Fence(TaskId("1"), 2, WorkerId("w1"))


def test_a_fence_opens_for_its_equal_alone() -> None:
    assert Fence(TaskId("1"), 2, WorkerId("w1")) == HELD
    assert HELD not in {HELD._replace(task=TaskId("2")), HELD._replace(attempt=3), HELD._replace(worker=WorkerId("w2"))}


def test_a_later_attempt_sorts_behind_an_earlier_one() -> None:
    assert HELD < HELD._replace(attempt=10)
