"""Values as text."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from taskmq.cli.text import ago, as_json, cell, precise, timestamp, visible

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("plain, é, 日本, 👍", "plain, é, 日本, 👍", id="text that only reads stays"),
        pytest.param("a\nb\tc\r", "a\\nb\\tc\\r", id="lines and tabs are one line"),
        pytest.param("\x1b[31mred\x07", "\\x1b[31mred\\x07", id="terminal sequences"),
        pytest.param("\x9b31m", "\\x9b31m", id="their eight-bit forms"),
        pytest.param("\u202egnp.exe", "\\u202egnp.exe", id="direction overrides"),
        pytest.param("\ud800", "\\ud800", id="lone surrogates"),
        pytest.param(None, "None", id="no text"),
    ],
)
def test_nothing_that_would_act_is_left_in_a_line(value: object, expected: str) -> None:
    assert expected == visible(value)


def test_json_for_people_is_safe_to_show_and_still_the_same_value() -> None:
    value = {"é\x1b": ["\u202e\n", "\x7f", "日本", "\ud800"]}

    text = as_json(value)

    assert '{"é\\u001b": ["\\u202e\\n", "\\u007f", "日本", "\\ud800"]}' == text
    assert value == json.loads(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, "", id="nothing is empty"),
        pytest.param(3, "3", id="number"),
        pytest.param(True, "true", id="as in JSON"),
        pytest.param("a\tb", "a\\tb", id="a tab cannot begin another field"),
        pytest.param({"a": 1}, '{"a": 1}', id="document"),
    ],
)
def test_a_field_of_a_line(value: object, expected: str) -> None:
    assert expected == cell(value)


def test_instants_are_utc_with_milliseconds() -> None:
    assert "2026-11-21T12:00:00.000Z" == timestamp(NOON)
    assert timestamp(None) is None


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        pytest.param(timedelta(seconds=12), "12 s ago", id="seconds"),
        pytest.param(timedelta(minutes=2, seconds=50), "2 min ago", id="minutes"),
        pytest.param(timedelta(hours=25), "1 d ago", id="days"),
        pytest.param(timedelta(hours=-3), "in 3 h", id="to come"),
    ],
)
def test_ages_are_told_in_their_largest_unit(passed: timedelta, expected: str) -> None:
    assert expected == ago(NOON - passed, NOON)


@pytest.mark.parametrize(("ms", "expected"), [(412, "412 ms"), (1204, "1.2 s"), (243_000, "4 min 3 s")])
def test_durations_are_told_as_precisely_as_they_matter(ms: int, expected: str) -> None:
    assert expected == precise(ms)
