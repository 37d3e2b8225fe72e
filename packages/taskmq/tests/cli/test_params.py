"""Words of the command line as values."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click
import pytest
from taskmq.cli.params import duration, instant, names, rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86_400), ("500ms", 0.5), ("1.5s", 1.5), ("7", 7)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert timedelta(seconds=seconds) == duration(text)


@pytest.mark.parametrize("text", ["2026-04-01T12:00:00Z", "2026-04-01T14:00:00+02:00", "2026-04-01T12:00Z"])
def test_instants_have_a_zone_and_become_utc(text: str) -> None:
    assert datetime(2026, 4, 1, 12, tzinfo=UTC) == instant(text)


def test_a_plus_counts_from_now() -> None:
    before = datetime.now(UTC)

    at = instant("+10m")

    assert before + timedelta(minutes=10) <= at <= datetime.now(UTC) + timedelta(minutes=10)


def test_rates_are_the_time_between_two() -> None:
    assert timedelta(milliseconds=200) == rate("5/s")
    assert timedelta(milliseconds=600) == rate("100/m")


def test_names_are_separated_by_commas() -> None:
    assert ("a", "b") == names("a, b")


@pytest.mark.parametrize(
    ("read", "text", "sentence"),
    [
        pytest.param(duration, "soon", "expected a duration such as 30s", id="no duration"),
        pytest.param(duration, "-5s", "expected a duration", id="negative duration"),
        pytest.param(duration, "9" * 400 + "s", "expected a duration", id="endless duration"),
        pytest.param(instant, "2026-04-01T12:00:00", "has no time zone; add Z", id="naive instant"),
        pytest.param(instant, "2026-04-01", "has no time zone", id="date alone"),
        pytest.param(instant, "tomorrow", "expected an instant such as", id="no instant"),
        pytest.param(instant, "10000-01-01T00:00:00Z", "expected an instant", id="five digits of year"),
        pytest.param(instant, "9999-12-31T23:59:59-10:00", "later than the calendar goes", id="beyond the calendar"),
        pytest.param(instant, "+999999999d", "later than the calendar goes", id="from now beyond the calendar"),
        pytest.param(instant, "+soon", "expected a duration", id="no duration from now"),
        pytest.param(rate, "0/s", "expected a rate", id="standing still"),
        pytest.param(rate, "5", "expected a rate such as 5/s", id="rate without a unit"),
        pytest.param(names, "a,,b", "expected names", id="empty name"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(read: Callable[[str], object], text: str, sentence: str) -> None:
    with pytest.raises(click.BadParameter, match=sentence):
        read(text)
