"""From counts over time to charts."""

from datetime import UTC, datetime, timedelta

import pytest
from taskcore.statistics import BOUNDS
from taskcore.ui.charting import RANGES, Window, errors, latency, merged, summary, throughput, window
from taskcore.ui.models import Point, Series

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FAST = (0,) * 7 + (4,) * (len(BOUNDS) - 6)
"""Four runs of half a second to a second."""


def a_series(*points: Point) -> Series:
    return Series(step=MINUTE, points=points)


def a_point(minute: int = 0, *, runs: tuple[int, ...] = (), failing: dict[str, int] | None = None, **n: int) -> Point:
    return Point(at=NOON + minute * MINUTE, counts=n, runs=runs, waits=runs, errors=failing or {})


def test_throughput_leaves_out_what_never_happened_but_success_and_failure() -> None:
    chart = throughput(a_series(a_point(succeeded=2), a_point(1, succeeded=1, lost=1)))

    assert {"succeeded": (2.0, 1.0), "failed": (0.0, 0.0), "lost": (0.0, 1.0)} == {
        line.key: line.values for line in chart.lines
    }


def test_a_time_without_runs_has_no_latency() -> None:
    chart = latency(a_series(a_point(runs=FAST), a_point(1)), "runs")

    assert ["p50", "p95", "p99"] == [line.label for line in chart.lines]
    assert [None] * 3 == [line.values[1] for line in chart.lines]
    assert 0.5 < (chart.lines[0].values[0] or 0) < 1


def test_those_that_fail_most_are_named_and_the_rest_is_other() -> None:
    failing = {f"task-{n}": n for n in range(1, 8)}

    chart = errors(a_series(a_point(failing=failing)))

    assert ["task-7", "task-6", "task-5", "task-4", "task-3", "other"] == [line.label for line in chart.lines]
    assert (3.0,) == chart.lines[-1].values


def test_series_of_several_queues_add_up() -> None:
    one = a_series(a_point(succeeded=1, failing={"a": 1}, runs=FAST))
    other = a_series(a_point(succeeded=2, failed=1, failing={"a": 1, "b": 2}))

    (point,) = merged([one, other]).points

    assert ({"succeeded": 3, "failed": 1}, {"a": 2, "b": 2}) == (point.counts, point.errors)
    assert FAST == point.runs


def test_a_summary_of_nothing_is_nothing() -> None:
    assert (None, None, None) == (summary([]).success, summary([]).run_p95, summary([]).wait_p95)


def test_a_summary_tells_the_rate_of_success() -> None:
    assert 0.75 == summary([a_point(succeeded=3), a_point(failed=1)]).success


@pytest.mark.parametrize("name", RANGES)
def test_a_range_ends_now(name: str) -> None:
    back, step = RANGES[name]

    assert Window(NOON - back, NOON, step, name) == window({"range": name}, NOON)


@pytest.mark.parametrize(
    ("hours", "minutes"), [(1 / 60, 1), (1, 1), (3, 5), (12, 15), (48, 30), (24 * 7, 180), (24 * 90, 1440)]
)
def test_a_window_of_its_own_has_points_enough_and_not_too_many(hours: float, minutes: int) -> None:
    since = NOON - timedelta(hours=hours)

    found = window({"since": since.isoformat(), "until": NOON.isoformat()}, NOON)

    assert Window(since, NOON, minutes * MINUTE) == found


@pytest.mark.parametrize("query", [{"since": "24h", "until": "1h"}, {"since": "x"}, {"range": "x"}, {}])
def test_what_is_no_window_is_the_last_hour(query: dict[str, str]) -> None:
    assert "1h" == window(query, NOON).name
