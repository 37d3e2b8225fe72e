"""Records that are made quickly are frozen dataclasses in every respect."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from datetime import UTC, datetime

import pytest
from taskcore.errors import InvalidInput
from taskcore.ids import TaskId
from taskcore.models import Receipt, TaskRecord, TaskSpec
from taskcore.models.quick import quickly_made
from taskcore.states import TaskState

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


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        RECORD.name = "other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del RECORD.name
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        RECORD.unknown = 1  # type: ignore[attr-defined]


def test_a_record_has_no_room_for_more_than_its_fields() -> None:
    assert not hasattr(RECORD, "__dict__")


@pytest.mark.parametrize(
    "remade", [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record)), replace]
)
def test_a_record_is_copied_whole(remade: object) -> None:
    assert callable(remade)
    again = remade(RECORD)

    assert (RECORD, hash(RECORD), TaskRecord) == (again, hash(again), type(again))


def test_a_field_that_is_missing_or_unknown_is_named() -> None:
    with pytest.raises(TypeError, match=r"TaskSpec\.__init__\(\) missing .* 'name'"):
        TaskSpec()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'nam'"):
        TaskSpec(name="send", nam="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        TaskSpec("send")  # type: ignore[call-arg]


def test_what_comes_after_the_fields_is_done() -> None:
    with pytest.raises(InvalidInput):
        TaskSpec(name="")


def test_positional_fields_stay_positional() -> None:
    assert Receipt(task=TaskId("1"), created=True) == Receipt(TaskId("1"), True)


def test_the_signature_tells_the_defaults() -> None:
    parameters = inspect.signature(TaskSpec).parameters

    assert [each.name for each in fields(TaskSpec)] == list(parameters)
    assert "default" == parameters["queue"].default


def test_a_default_that_is_made_anew_is_refused() -> None:
    with pytest.raises(TypeError, match="things has a factory"):

        @quickly_made
        @dataclass(frozen=True, slots=True)
        class Wrong:
            things: list[int] = field(default_factory=list)
