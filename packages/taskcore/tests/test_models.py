"""Orders are checked before anything is stored, and records are values."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import InvalidInput, NaiveTime
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence
from taskcore.models import ScheduleSpec, TaskError, TaskRecord, TaskSpec, WorkerInfo
from taskcore.models.task import MAX_NAME, MAX_PRIORITY
from taskcore.states import TaskState
from taskcore.testing import a_schedule, a_task

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECORD = TaskRecord(
    id=TaskId("1"),
    name="send",
    queue="default",
    payload="null",
    priority=0,
    state=TaskState.PENDING,
    created_at=NOON,
    run_at=NOON,
)


@pytest.mark.parametrize("field", ["name", "queue", "idempotency_key"])
@pytest.mark.parametrize("value", ["", "a\nb", "\x00", "\ud800", "\u2028", "x" * (MAX_NAME + 1), 7, b"name"])
def test_a_name_is_printable_text_of_some_length(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"{field} must be text of 1 to {MAX_NAME} printable characters, got "):
        TaskSpec(**{"name": "send", field: value})


@pytest.mark.parametrize("value", ["größer", "x" * MAX_NAME, "日本語", "a b'\"%"])
def test_a_name_may_be_of_any_script(value: str) -> None:
    assert (value, value, value) == _names(TaskSpec(name=value, queue=value, idempotency_key=value))


def _names(spec: TaskSpec) -> tuple[str, str, str | None]:
    return spec.name, spec.queue, spec.idempotency_key


@pytest.mark.parametrize("value", [MAX_PRIORITY + 1, -MAX_PRIORITY - 1, 2**64, 1.0, 0.0, True, False, "1", None])
def test_a_priority_is_a_32_bit_integer(value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"priority must be an integer from {-MAX_PRIORITY} to {MAX_PRIORITY}, got "):
        a_task(priority=value)


@pytest.mark.parametrize("timeout", [timedelta(0), timedelta(microseconds=-1)])
def test_a_timeout_is_longer_than_zero(timeout: timedelta) -> None:
    with pytest.raises(InvalidInput, match="timeout must be longer than zero, got "):
        a_task(timeout=timeout)


@pytest.mark.parametrize("field", ["run_at", "expires_at"])
def test_an_instant_without_a_zone_is_refused(field: str) -> None:
    fields: dict[str, Any] = {field: NOON.replace(tzinfo=None)}

    with pytest.raises(NaiveTime, match=f"{field} has no time zone"):
        a_task(**fields)


@pytest.mark.parametrize("field", ["run_at", "expires_at"])
def test_an_instant_is_kept_in_utc(field: str) -> None:
    fields: dict[str, Any] = {field: NOON.astimezone(ZoneInfo("Asia/Tokyo"))}

    spec = a_task(**fields)

    assert (NOON, UTC) == (getattr(spec, field), getattr(spec, field).tzinfo)


def test_orders_and_records_are_values() -> None:
    assert a_task(priority=1) == a_task(priority=1)
    assert replace(RECORD, attempt=1) != RECORD
    with pytest.raises(FrozenInstanceError):
        RECORD.attempt = 2  # type: ignore[misc]


def test_a_claimed_record_has_a_fence_and_an_unclaimed_one_says_why_not() -> None:
    claimed = replace(RECORD, attempt=3, worker=WorkerId("w1"))

    assert Fence(TaskId("1"), 3, WorkerId("w1")) == claimed.fence
    with pytest.raises(ValueError, match="task 1 was never claimed"):
        _ = RECORD.fence


@given(st.builds(TaskError, st.text(), st.text(), st.text()))
def test_an_error_survives_as_text(error: TaskError) -> None:
    assert error == TaskError.load(error.dump())


@pytest.mark.parametrize("name", ["", "a\nb", "x" * (MAX_NAME + 1)])
def test_a_schedule_has_a_name(name: str) -> None:
    with pytest.raises(InvalidInput, match="id must be text of 1 to "):
        a_schedule(name)


def test_equal_schedules_are_equal() -> None:
    """Stores compare a declared schedule with the one they keep."""
    assert a_schedule() == a_schedule()
    assert a_schedule(paused=True) != a_schedule()
    assert isinstance(a_schedule(), ScheduleSpec)


def test_a_worker_of_a_later_release_is_read_without_what_is_new() -> None:
    worker = WorkerInfo(id=WorkerId("w"), host="h", pid=1, version="1", queues=("a", "b"), slots=2, started_at=NOON)
    told = json.loads(worker.dump()) | {"colour": "red"}
    del told["handlers"]

    assert worker == WorkerInfo.load(worker.dump())
    assert worker == WorkerInfo.load(json.dumps(told))
