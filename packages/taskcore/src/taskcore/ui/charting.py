"""From a series to charts: what happened, how long it took, what failed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskcore.statistics import add_up, quantile, success_rate
from taskcore.ui.models import Point, Series
from taskcore.ui.moments import read_moment
from taskcore.ui.svg_charts import Chart, Line

MINUTE = timedelta(minutes=1)
RANGES: Mapping[str, tuple[timedelta, timedelta]] = {
    "1h": (60 * MINUTE, MINUTE),
    "6h": (360 * MINUTE, 5 * MINUTE),
    "24h": (1440 * MINUTE, 30 * MINUTE),
    "7d": (7 * 1440 * MINUTE, 180 * MINUTE),
}
"""What can be chosen: how far back, and the distance of points."""

MOST_POINTS = 120
_STEPS = (1, 5, 15, 30, 60, 180, 360, 1440)
"""Minutes between points of a window that was chosen by hand."""

OUTCOMES = ("succeeded", "retried", "failed", "cancelled", "lost")
COLOURS = "abcdef"
_TOP = 5


@dataclass(frozen=True, slots=True)
class Window:
    """What charts show: from when until when, at which steps; ``name`` is that of a range, "" for one of its own."""

    since: datetime
    until: datetime
    step: timedelta
    name: str = ""


def window(query: Mapping[str, str], now: datetime) -> Window:
    """What an address asks for: ``since`` and ``until``, or ``range``, or the last hour."""
    since, until = read_moment(query.get("since", "")), read_moment(query.get("until", ""))
    if isinstance(since, datetime) and isinstance(until, datetime) and _can_be_drawn(since, until):
        wanted = max(MINUTE, (until - since) / MOST_POINTS)
        step = next((MINUTE * n for n in _STEPS if MINUTE * n >= wanted), None)
        if step is not None:
            return Window(since, until, step)
    name = query.get("range", "")
    name = name if name in RANGES else "1h"
    back, step = RANGES[name]
    return Window(now - back, now, step, name)


def _can_be_drawn(since: datetime, until: datetime) -> bool:
    """Whether there is time between them, and steps before and behind them still have a date."""
    return since.year >= 1970 and until.year <= 9000 and until - since >= MINUTE


def merged(series: Sequence[Series]) -> Series:
    """The sum of several series over the same instants, as for the queues that somebody may see."""
    if len(series) == 1:
        return series[0]
    points = [_summed(column) for column in zip(*(each.points for each in series), strict=False)]
    return Series(step=series[0].step, points=tuple(points))


def _summed(points: Sequence[Point]) -> Point:
    counts, errors = Counter[str](), Counter[str]()
    for point in points:
        counts.update(point.counts)
        errors.update(point.errors)
    runs, waits = add_up(point.runs for point in points), add_up(point.waits for point in points)
    return Point(at=points[0].at, counts=dict(counts), runs=runs, waits=waits, errors=dict(errors))


def throughput(series: Series) -> Chart:
    """Attempts that ended, by how."""
    lines = [
        Line(word, word.capitalize(), tuple(float(point.counts.get(word, 0)) for point in series.points))
        for word in OUTCOMES
        if word in ("succeeded", "failed") or any(point.counts.get(word) for point in series.points)
    ]
    return _chart("throughput", "Throughput by outcome", series, lines, kind="bars")


def latency(series: Series, kind: str) -> Chart:
    """Median, 95th and 99th percentile of ``runs`` or ``waits``."""
    lines = [
        Line(COLOURS[index], f"p{part * 100:g}", tuple(quantile(getattr(point, kind), part) for point in series.points))
        for index, part in enumerate((0.5, 0.95, 0.99))
    ]
    return _chart(kind, "Run time" if kind == "runs" else "Waiting time", series, lines, unit="s")


def errors(series: Series) -> Chart:
    """Failed attempts of the tasks that fail most, and of all others."""
    totals = Counter[str]()
    for point in series.points:
        totals.update(point.errors)
    top = [name for name, _ in totals.most_common(_TOP)]
    lines = [
        Line(COLOURS[index], name, tuple(float(point.errors.get(name, 0)) for point in series.points))
        for index, name in enumerate(top)
    ]
    if len(totals) > _TOP:
        rest = tuple(float(sum(n for name, n in point.errors.items() if name not in top)) for point in series.points)
        lines.append(Line(COLOURS[_TOP], "other", rest))
    return _chart("errors", "Failed attempts by task", series, lines, kind="bars")


def _chart(name: str, title: str, series: Series, lines: Iterable[Line], kind: str = "lines", unit: str = "") -> Chart:
    return Chart(name, title, tuple(point.at for point in series.points), tuple(lines), kind, unit)


@dataclass(frozen=True, slots=True)
class Summary:
    """A series as single numbers; durations in seconds."""

    counts: Mapping[str, int]
    success: float | None
    run_p50: float | None
    run_p95: float | None
    wait_p95: float | None
    run_p99: float | None = None


def summary(points: Iterable[Point]) -> Summary:
    points = list(points)
    counts = Counter[str]()
    for point in points:
        counts.update(point.counts)
    runs, waits = add_up(point.runs for point in points), add_up(point.waits for point in points)
    return Summary(
        counts,
        success_rate(counts),
        quantile(runs, 0.5),
        quantile(runs, 0.95),
        quantile(waits, 0.95),
        quantile(runs, 0.99),
    )


def since(series: Series, at: datetime) -> list[Point]:
    """The points of ``at`` and later."""
    return [point for point in series.points if point.at >= at]
