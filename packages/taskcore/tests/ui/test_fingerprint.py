"""Errors that differ in numbers and ids alone are one error."""

import pytest
from taskcore.ui.fingerprint import fingerprint, normalised


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("user 42 not found", "user <n> not found"),
        ("took 1.5 s of 12:30:01", "took <n> s of <n>"),
        ("<Session at 0x7f3a5c>", "<Session at <hex>>"),
        ("commit 9fceb02d0ae5 is gone", "commit <hex> is gone"),
        ("task 0193b1f2-1234-7abc-8def-0123456789ab failed", "task <id> failed"),
        ("decade facade", "decade facade"),
        ("two\n  lines ", "two lines"),
    ],
)
def test_what_differs_from_task_to_task_is_replaced(message: str, expected: str) -> None:
    assert expected == normalised(message)


def test_errors_of_one_kind_share_a_fingerprint() -> None:
    assert fingerprint("KeyError", "row 17") == fingerprint("KeyError", "row 18")


def test_other_types_and_other_words_are_other_errors() -> None:
    assert 3 == len({fingerprint("KeyError", "a"), fingerprint("KeyError", "b"), fingerprint("OSError", "a")})


def test_a_lone_surrogate_is_no_error() -> None:
    assert 12 == len(fingerprint("E", "\ud800"))
