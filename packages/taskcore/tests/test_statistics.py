"""From counts to charts: buckets, quantiles, steps without holes, and names that stay few."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import InvalidInput
from taskcore.models import HOUR, MINUTE, TimedCount
from taskcore.statistics import (
    BOUNDS,
    OTHER,
    RUN_WORDS,
    WAIT_WORDS,
    Names,
    add_up,
    floor,
    quantile,
    rate,
    span_for,
    steps,
    success_rate,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def count(what: str, times: int = 1, *, at: datetime = NOON, name: str = "send", queue: str = "default") -> TimedCount:
    return TimedCount(at=at, span=MINUTE, queue=queue, name=name, what=what, count=times)


def test_the_words_of_buckets_name_their_upper_bounds() -> None:
    assert ("run<=0.005", "run<=0.5", "run<=3600", "run>3600") == (
        RUN_WORDS[0],
        RUN_WORDS[bisect_left(BOUNDS, 0.5)],
        RUN_WORDS[-2],
        RUN_WORDS[-1],
    )
    assert len(WAIT_WORDS) == len(BOUNDS) + 1


def test_a_chart_has_a_step_for_every_minute_also_where_nothing_happened() -> None:
    since, until = NOON + timedelta(seconds=30), NOON + timedelta(minutes=3)

    made = steps([count("succeeded", 2), count("failed", at=NOON + 2 * MINUTE)], since, until, MINUTE)

    assert [NOON, NOON + MINUTE, NOON + 2 * MINUTE] == [step.at for step in made]
    assert [{"succeeded": 2}, {}, {"failed": 1}] == [step.counts for step in made]


def test_queues_and_names_are_added_up_and_errors_told_apart_by_name() -> None:
    (step,) = steps(
        [count("failed", 2), count("retried", name="pay"), count("failed", 3, queue="mail")],
        NOON,
        NOON + MINUTE,
        MINUTE,
    )

    assert {"failed": 5, "retried": 1} == step.counts
    assert {"send": 5, "pay": 1} == step.errors


def test_longer_steps_gather_the_minutes_they_cover() -> None:
    counts = [count("put", at=NOON + n * MINUTE) for n in range(10)]

    made = steps(counts, NOON, NOON + timedelta(minutes=10), timedelta(minutes=5))

    assert [{"put": 5}, {"put": 5}] == [step.counts for step in made]


def test_durations_come_as_cumulative_counts_with_all_of_them_at_the_end() -> None:
    (step,) = steps([count("run<=0.01", 2), count("run>3600")], NOON, NOON + MINUTE, MINUTE)

    assert (0, 2, 2) == step.runs[:3]
    assert (2, 3) == step.runs[-2:]
    assert () == step.waits


def test_steps_that_no_store_counts_and_charts_without_end_are_refused() -> None:
    with pytest.raises(InvalidInput, match="whole number of minutes"):
        steps([], NOON, NOON + HOUR, timedelta(seconds=90))
    with pytest.raises(InvalidInput, match=r"at most 2,000 steps"):
        steps([], NOON, NOON + timedelta(days=30), MINUTE)


def test_whole_hours_are_read_from_hours() -> None:
    assert (MINUTE, HOUR, HOUR) == (span_for(timedelta(minutes=5)), span_for(HOUR), span_for(timedelta(hours=6)))


@given(st.lists(st.floats(min_value=0, max_value=5000), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(durations: list[float], part: float) -> None:
    counts = [count(RUN_WORDS[bisect_left(BOUNDS, duration)]) for duration in durations]
    (step,) = steps(counts, NOON, NOON + MINUTE, MINUTE)

    estimate = quantile(step.runs, part)

    true = sorted(durations)[max(0, -(-part * len(durations) // 1).__int__() - 1)]
    place = bisect_left(BOUNDS, true)
    lower = BOUNDS[place - 1] if place else 0.0
    upper = BOUNDS[min(place, len(BOUNDS) - 1)]
    assert estimate is not None
    assert min(lower, upper) <= estimate <= upper


def test_quantiles_of_nothing_are_unknown() -> None:
    assert quantile((), 0.5) is None
    assert success_rate({"put": 3}) is None


def test_rates_and_sums() -> None:
    assert 0.5 == rate(30, MINUTE)
    assert 0.75 == success_rate({"succeeded": 3, "failed": 1, "retried": 9})
    assert (3, 5) == add_up([(1, 2), (), (2, 3)])
    assert () == add_up([()])


def test_names_beyond_the_limit_are_counted_together() -> None:
    names = Names(2)

    assert ["a", "b", OTHER, "a"] == [names(each) for each in ("a", "b", "c", "a")]


def test_the_floor_of_an_instant_is_a_whole_step() -> None:
    at = datetime(2026, 3, 2, 13, 47, 59, 999, tzinfo=UTC)

    assert (13, 47, 0) == (floor(at, MINUTE).hour, floor(at, MINUTE).minute, floor(at, MINUTE).second)
    assert datetime(2026, 3, 2, 13, tzinfo=UTC) == floor(at, HOUR)
