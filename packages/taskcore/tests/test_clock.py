"""Instants that are stored."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.clock import SystemClock, aware, from_micros, to_micros
from taskcore.errors import NaiveTime


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_keep_an_instant_exactly(at: datetime) -> None:
    assert at == from_micros(to_micros(at))


def test_microseconds_count_from_1970() -> None:
    assert 0 == to_micros(datetime(1970, 1, 1, tzinfo=UTC))
    assert -1 == to_micros(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))


def test_the_same_instant_counts_the_same_in_every_zone() -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)

    assert to_micros(at) == to_micros(at.astimezone(ZoneInfo("Asia/Kathmandu")))


def test_an_aware_instant_is_turned_to_utc() -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    assert at == aware(at, "run_at")
    assert UTC is aware(at, "run_at").tzinfo


def test_a_naive_instant_is_refused_with_the_name_of_its_field() -> None:
    with pytest.raises(NaiveTime, match=r"^run_at has no time zone: .*; use datetime\.now\(UTC\)"):
        aware(datetime(2026, 7, 1, 12), "run_at")  # noqa: DTZ001


def test_the_system_clock_shows_aware_time_and_never_goes_back() -> None:
    clock = SystemClock()

    assert UTC is clock.now().tzinfo
    assert clock.monotonic() <= clock.monotonic()
