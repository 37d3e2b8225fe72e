"""Errors cross the pipe from a child process with all they know."""

import pickle

import pytest
from taskcore.errors import (
    HandlerNotFound,
    IllegalMove,
    LastAdmin,
    NameTaken,
    NotSerializable,
    PayloadTooLarge,
    TaskcoreError,
    TaskNotFound,
    TaskTimeout,
)


@pytest.mark.parametrize(
    "error",
    [
        PayloadTooLarge(2_000_000, 1_000_000),
        TaskNotFound("7"),
        IllegalMove("succeeded", "claim", "pending"),
        HandlerNotFound("emial"),
        NameTaken("eve"),
        LastAdmin("7"),
        NotSerializable("$.a is odd", path="$.a"),
        TaskTimeout("too long"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_pickling(error: TaskcoreError) -> None:
    copy = pickle.loads(pickle.dumps(error))

    assert (type(error), str(error), vars(error)) == (type(copy), str(copy), vars(copy))
