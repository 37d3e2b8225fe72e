"""A page's model as JSON: names stay what they are, values of tasks lose their secrets, and everything has a form."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from taskcore.models import TaskError
from taskcore.redaction import MASK, Redactor
from taskcore.states import Phase
from taskcore.ui.models import Counts
from taskcore.ui.models.tasks import TaskDetail, TaskRow
from taskcore.ui.plain import document, json_text, plain

AT = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)


class Word(StrEnum):
    ONE = "one"


@dataclass(frozen=True)
class Secretive:
    name: str
    hash: str = field(repr=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AT, "2026-11-21T22:30:00+00:00"),
        (timedelta(seconds=90), 90.0),
        (Word.ONE, "one"),
        (frozenset({"b", "a"}), ["a", "b"]),
        ((1, None, True), [1, None, True]),
        (float("inf"), "inf"),
        (Secretive("ada", "argon2"), {"name": "ada"}),
        (object, "<class 'object'>"),
    ],
)
def test_everything_has_a_form_in_json(value: object, expected: object) -> None:
    assert expected == plain(value)


def test_what_a_task_was_given_and_left_behind_loses_its_secrets() -> None:
    row = TaskRow(
        id="1",
        name="send_token",
        phase=Phase.FAILED,
        args=[{"password": "hunter2", "to": "a@b.c"}],
        error=TaskError("Refused", "postgresql://ops:hunter2@db/x said no"),
        created_at=AT,
    )
    detail = TaskDetail(row=row, has_result=True, result={"api_key": "k-1"}, facts={"secret": "s-1"})

    found = document({"task": detail, "note": "Authorization: Bearer abcdefgh12345"}, Redactor())

    text = json_text(found)
    for secret in ("hunter2", "k-1", "s-1", "abcdefgh12345"):
        assert secret not in text
    assert MASK in text
    assert "send_token" in text
    assert "a@b.c" in text


def test_queues_that_are_called_like_secrets_keep_their_numbers() -> None:
    counts = Counts(by_queue={"tokens": {"failed": 3}}, oldest_due={"password-resets": AT}, counted_at=AT)

    found = document({"counts": counts}, Redactor())["counts"]

    assert isinstance(found, dict)
    assert {"tokens": {"failed": 3}} == found["by_queue"]
    assert {"password-resets": "2026-11-21T22:30:00+00:00"} == found["oldest_due"]


def test_without_a_redactor_a_new_key_is_shown() -> None:
    assert {"secret": "tc_live_1"} == document({"secret": "tc_live_1"}, None)
