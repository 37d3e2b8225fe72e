"""Every so often, and once."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import BadSchedule, NaiveTime
from taskcore.schedule import Every, Once, Schedule, schedule_from_dict

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANTS = st.datetimes(
    datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2500-01-01"), timezones=st.just(UTC)
)
INTERVALS = st.timedeltas(timedelta(milliseconds=1), timedelta(days=36_525))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        pytest.param(NOON - timedelta(days=9), NOON, id="before the anchor, the anchor"),
        pytest.param(NOON, NOON + HOUR, id="at the anchor, the next"),
        pytest.param(NOON + timedelta(minutes=59), NOON + HOUR, id="in between, the end of it"),
        pytest.param(NOON + 5 * HOUR, NOON + 6 * HOUR, id="at a later fire, the next"),
    ],
)
def test_fires_keep_their_distance_from_the_anchor(instant: datetime, expected: datetime) -> None:
    assert expected == Every(HOUR, NOON).next_after(instant)


@given(INTERVALS, INSTANTS, INSTANTS)
def test_the_next_fire_is_the_first_whole_interval_after_the_moment(
    interval: timedelta, anchor: datetime, instant: datetime
) -> None:
    found = Every(interval, anchor).next_after(instant)

    assert found is not None
    assert found > instant
    assert timedelta(0) == (found - anchor) % interval
    assert found == anchor or found - interval <= instant


def test_elapsed_time_knows_no_summer_time() -> None:
    before = datetime.fromisoformat("2026-03-29T01:30+01:00")

    assert datetime.fromisoformat("2026-03-29T03:30+02:00") == Every(HOUR, before).next_after(before)


def test_once_is_once() -> None:
    once = Once(NOON)

    assert NOON == once.next_after(NOON - timedelta.resolution)
    assert once.next_after(NOON) is None


def test_the_calendar_ends_without_an_error() -> None:
    assert Every(timedelta(days=36_525), NOON).next_after(datetime.max.replace(tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "interval", [timedelta(0), timedelta(seconds=-1), timedelta(microseconds=1), timedelta.max, 60]
)
def test_an_interval_out_of_range_is_refused(interval: timedelta) -> None:
    with pytest.raises(BadSchedule, match="interval must be a timedelta from 1 ms to 100 years"):
        Every(interval, NOON)


def test_naive_times_are_refused() -> None:
    naive = datetime.fromisoformat("2026-01-01T00:00:00")

    with pytest.raises(NaiveTime, match="anchor"):
        Every(HOUR, naive)
    with pytest.raises(NaiveTime, match="at has no time zone"):
        Once(naive)
    with pytest.raises(NaiveTime, match="instant"):
        Once(NOON).next_after(naive)


@given(st.builds(Every, INTERVALS, INSTANTS) | st.builds(Once, INSTANTS))
def test_a_schedule_survives_storage(schedule: Schedule) -> None:
    assert schedule == schedule_from_dict(json.loads(json.dumps(schedule.to_dict())))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "sometimes"},
        {"kind": []},
        {"kind": "cron"},
        {"kind": "cron", "expression": 5},
        {"kind": "cron", "expression": "* * * * *", "colour": "red"},
        {"kind": "every", "seconds": "60", "anchor": "2026-01-01T00:00+00:00"},
        {"kind": "every", "seconds": 1e300, "anchor": "2026-01-01T00:00+00:00"},
        {"kind": "once", "at": "tomorrow"},
        {"kind": "once", "at": None},
    ],
)
def test_what_is_no_stored_schedule_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(BadSchedule):
        schedule_from_dict(data)


def test_a_stored_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTime):
        schedule_from_dict({"kind": "once", "at": "2026-01-01T00:00:00"})
