"""Ids that sort by the time they were made."""

import time
from itertools import islice
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import InvalidInput
from taskcore.ids import MAX_ID, MAX_NUMBER, IdScheme, TaskId, task_ids

NOON_NS = 1_772_452_800_000_000_000


def take(count: int, *clock: int) -> list[TaskId]:
    """Ids of a clock that shows these nanoseconds one after the other, and then the last for ever."""
    shown = iter(clock)
    last = [clock[-1]]
    return list(islice(task_ids(lambda: next(shown, last[0])), count))


def test_task_ids_are_version_7_uuids_of_their_millisecond() -> None:
    made = [UUID(task) for task in take(3, NOON_NS)]

    assert {(7, RFC_4122, NOON_NS // 10**6)} == {(each.version, each.variant, each.int >> 80) for each in made}


def test_ids_ascend_also_within_one_millisecond() -> None:
    made = take(20_000, NOON_NS)

    assert sorted(set(made)) == made


def test_ids_ascend_when_the_clock_steps_back() -> None:
    made = take(3, NOON_NS, NOON_NS - 3600 * 10**9, NOON_NS + 10**6)

    assert sorted(set(made)) == made


def test_ids_of_the_real_clock_are_of_now() -> None:
    before = time.time_ns() // 10**6

    (made,) = islice(task_ids(), 1)

    assert before <= UUID(made).int >> 80 <= time.time_ns() // 10**6


def test_ids_of_two_processes_differ() -> None:
    assert set() == set(take(100, NOON_NS)) & set(take(100, NOON_NS))


def test_numbers_sort_as_numbers_and_uuids_as_text() -> None:
    assert ["9", "10", "100"] == sorted(map(TaskId, ("10", "100", "9")), key=IdScheme.NUMBERED.sort_key)
    assert ["10", "100", "9"] == sorted(map(TaskId, ("9", "100", "10")), key=IdScheme.TIME_SORTED.sort_key)


@given(st.lists(st.integers(1, MAX_NUMBER)))
def test_any_numbers_sort_as_numbers(numbers: list[int]) -> None:
    ids = [TaskId(str(number)) for number in numbers]

    assert sorted(numbers) == [int(task) for task in sorted(ids, key=IdScheme.NUMBERED.sort_key)]


@pytest.mark.parametrize(
    ("scheme", "chosen"),
    [
        (IdScheme.NUMBERED, "1"),
        (IdScheme.NUMBERED, str(MAX_NUMBER)),
        (IdScheme.TIME_SORTED, "invoice 7 / größer"),
        (IdScheme.TIME_SORTED, "x" * MAX_ID),
    ],
)
def test_a_fitting_id_is_taken_as_it_is(scheme: IdScheme, chosen: str) -> None:
    assert chosen == scheme.check(TaskId(chosen))


@pytest.mark.parametrize("chosen", ["", "0", "01", "+1", "-1", "1.0", "1 ", "1\n", "٣", "x", str(MAX_NUMBER + 1)])
def test_a_numbered_store_takes_decimals_alone(chosen: str) -> None:
    with pytest.raises(InvalidInput, match=f"must be a decimal from 1 to {MAX_NUMBER}, got "):
        IdScheme.NUMBERED.check(TaskId(chosen))


@pytest.mark.parametrize("chosen", ["", "a\nb", "\x00", "\ud800", "x" * (MAX_ID + 1)])
def test_an_id_is_printable_text_of_some_length(chosen: str) -> None:
    with pytest.raises(InvalidInput, match=f"must be 1 to {MAX_ID} printable characters, got "):
        IdScheme.TIME_SORTED.check(TaskId(chosen))
