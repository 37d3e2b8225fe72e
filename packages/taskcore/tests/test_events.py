"""Events are values that tell enough to be understood alone."""

import inspect
from datetime import UTC, datetime
from typing import get_args

import pytest
from taskcore.events import AnyEvent, StaleWrite, TaskEvent
from taskcore.ids import TaskId, WorkerId
from taskcore.states import Event

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", get_args(AnyEvent))
def test_every_event_tells_when(kind: type) -> None:
    assert "at" == next(iter(inspect.signature(kind).parameters))


def test_an_event_is_a_value() -> None:
    event = TaskEvent(
        at=AT,
        event=Event.CLAIM,
        task=TaskId("1"),
        name="send",
        queue="default",
        attempt=1,
        worker=WorkerId("w1"),
    )

    assert (None, None, None) == (event.duration, event.wait, event.error)
    with pytest.raises(AttributeError):
        event.attempt = 2  # type: ignore[misc]


def test_a_stale_write_tells_what_was_intended() -> None:
    refused = StaleWrite(at=AT, task=TaskId("1"), attempt=1, worker=WorkerId("w1"), intended=Event.SUCCEED)

    assert Event.SUCCEED is refused.intended
