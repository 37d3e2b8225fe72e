"""Drawings made on the server."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from taskcore.models import TaskError
from taskcore.states import Phase
from taskcore.ui.dag import layout
from taskcore.ui.models.pipelines import Edge, Step
from taskcore.ui.models.tasks import AttemptRow, TaskDetail, TaskRow
from taskcore.ui.svg_charts import Chart, Line, drawn, nice, spark, state_bar, tick
from taskcore.ui.svg_dag import graph
from taskcore.ui.svg_timeline import gantt, stretches, timeline

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_chart(*values: float | None, kind: str = "lines") -> Chart:
    times = tuple(NOON + index * SECOND for index in range(len(values)))
    return Chart("c", "Chart", times, (Line("failed", "Failed", values), Line("succeeded", "Good", values)), kind)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 1), (0.03, 0.05), (1, 1), (1.2, 2), (7, 10), (99, 100), (100, 100), (101, 200)]
)
def test_the_top_of_an_axis_is_a_round_number(value: float, expected: float) -> None:
    assert expected == pytest.approx(nice(value))


@pytest.mark.parametrize(
    ("value", "unit", "expected"), [(0, "s", "0"), (0.25, "s", "250 ms"), (5, "s", "5 s"), (2500, "", "2.5k")]
)
def test_numbers_at_an_axis_are_short(value: float, unit: str, expected: str) -> None:
    assert expected == tick(value, unit)


def test_stacked_bars_stay_within_the_plot() -> None:
    picture = drawn(a_chart(1, 2, 3, kind="bars")).__html__()

    tops = [float(y) for y in re.findall(r'<rect x="[\d.]+" y="([\d.]+)"', picture)]
    assert 6 == len(tops)
    assert min(tops) >= 8


def test_a_hole_in_a_line_stays_a_hole() -> None:
    picture = drawn(a_chart(1, 1, None, 1)).__html__()

    assert 2 == picture.count("<polyline")
    assert 2 == picture.count("<circle")


def test_a_chart_of_nothing_is_a_chart() -> None:
    assert a_chart().empty
    assert a_chart(0, None).empty
    assert "<svg" in drawn(a_chart()).__html__()
    assert "<svg" in spark([]).__html__()
    assert "<svg" in state_bar({}).__html__()


def test_a_small_share_can_be_seen() -> None:
    widths = [
        float(width)
        for width in re.findall(
            r' width="([\d.]+)" height="8" class="fill', state_bar({"failed": 1, "succeeded": 10**6}).__html__()
        )
    ]

    assert min(widths) > 1.5
    assert 160 == pytest.approx(sum(widths))


def a_task(*attempts: AttemptRow, phase: Phase = Phase.FAILED) -> TaskDetail:
    return TaskDetail(row=TaskRow(id="1", name="a", phase=phase, created_at=NOON), attempts=attempts)


def an_attempt(number: int, begin: float, end: float | None, ended: str | None) -> AttemptRow:
    return AttemptRow(
        number=number,
        worker="w",
        started_at=NOON + begin * SECOND,
        finished_at=None if end is None else NOON + end * SECOND,
        ended=ended,
        error=TaskError("E", "e"),
    )


def test_a_life_is_told_without_gaps_or_overlaps() -> None:
    task = a_task(an_attempt(1, 2, 3, "retry"), an_attempt(2, 7, 9, "fail"))

    pieces = stretches(task, NOON + 100 * SECOND)

    assert ["waited", "attempt 1", "backoff", "attempt 2"] == [piece.words for piece in pieces]
    assert all(left.end == right.begin for left, right in itertools.pairwise(pieces))
    assert 4 == timeline(pieces).__html__().count("<rect")


def test_what_goes_on_ends_now() -> None:
    pieces = stretches(a_task(an_attempt(1, 1, None, None), phase=Phase.RUNNING), NOON + 5 * SECOND)

    assert NOON + 5 * SECOND == pieces[-1].end
    assert "running" == pieces[-1].key


def test_a_life_that_has_not_begun_is_a_picture_too() -> None:
    assert () == stretches(a_task(phase=Phase.SCHEDULED), NOON)
    assert "<svg" in timeline(()).__html__()
    assert "<svg" in gantt((), NOON).__html__()


def test_the_nodes_of_a_graph_are_links_that_say_their_names() -> None:
    steps = (Step(id="<a>", name="<a>", phase=Phase.FAILED), Step(id="b", name="b", phase=Phase.QUEUED, skipped=True))
    edges = (Edge(source="<a>", target="b", label="rows"),)

    picture = graph(layout(["<a>", "b"], [("<a>", "b")]), steps, edges, lambda step: f"?step={step}", "b").__html__()

    assert "<a>" not in picture
    assert 'data-state="skipped"' in picture
    assert 'aria-current="true"' in picture
    assert picture.count("<a ") == 2
    assert 'role="img"' not in picture
