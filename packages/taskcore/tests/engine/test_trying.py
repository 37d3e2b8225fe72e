"""How often a task was tried."""

from datetime import UTC, datetime

import pytest
from taskcore.engine.pacing import WAITING
from taskcore.engine.trying import tries_of, was_tried_last
from taskcore.ids import TaskId
from taskcore.models import TaskError, TaskRecord
from taskcore.states import TaskState

S = TaskState
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HELD, BAD, STOPPED = TaskError(WAITING, "a turn"), TaskError("ValueError", "bad"), TaskError("TaskCancelled", "asked")


def a_task(state: TaskState, error: TaskError | None, failures: int = 0, losses: int = 0) -> TaskRecord:
    return TaskRecord(
        id=TaskId("1"), name="a", queue="q", payload="", priority=0, created_at=NOON, run_at=NOON, attempt=7,
        state=state, error=error, failures=failures, losses=losses,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tries", "last", "task"),
    [
        (0, False, a_task(S.PENDING, None)),  # given back, or replayed
        (0, False, a_task(S.PENDING, HELD)),
        (1, False, a_task(S.PENDING, HELD, failures=1)),
        (3, True, a_task(S.PENDING, BAD, failures=2, losses=1)),
        (2, True, a_task(S.RUNNING, BAD, failures=1)),
        (1, True, a_task(S.SUCCEEDED, None)),
        (3, True, a_task(S.FAILED, BAD, failures=3)),
        (1, True, a_task(S.INTERRUPTED, None)),
        (0, False, a_task(S.CANCELLED, HELD)),
        (1, False, a_task(S.CANCELLED, BAD, failures=1)),
        (2, True, a_task(S.CANCELLED, STOPPED, failures=1)),
        (0, False, a_task(S.EXPIRED, None)),
    ],
)
def test_claims_that_were_given_back_are_no_tries(tries: int, last: bool, task: TaskRecord) -> None:
    assert (tries, last) == (tries_of(task), was_tried_last(task))


@pytest.mark.parametrize(
    ("tries", "last", "task"),
    [
        (1, True, a_task(S.PENDING, None)),
        (1, True, a_task(S.PENDING, BAD)),
        (2, True, a_task(S.PENDING, BAD, failures=2)),
        (0, False, a_task(S.PENDING, HELD)),
    ],
)
def test_the_last_run_of_a_task_that_repeats_counts(tries: int, last: bool, task: TaskRecord) -> None:
    assert (tries, last) == (tries_of(task, repeats=True), was_tried_last(task, repeats=True))
    assert type(tries_of(task, repeats=True)) is int  # not true, which documents would show
