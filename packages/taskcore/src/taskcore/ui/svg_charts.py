"""Charts drawn on the server: what is seen before the script of charts has run, or where none runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log10

from taskcore.states import Phase
from taskcore.ui.svg import Node, drawing, node

WIDTH, HEIGHT = 640, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 8, 22
TONES = {
    "a": "running",
    "b": "retrying",
    "c": "failed",
    "d": "scheduled",
    "e": "succeeded",
    "f": "queued",
    "retried": "retrying",
    "lost": "cancelled",
}
"""Series that are no phases have letters."""

_PLOT_W, _PLOT_H = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM


@dataclass(frozen=True, slots=True)
class Line:
    """A series of a chart: ``key`` chooses its colour and dash by class; None is a point that nobody knows."""

    key: str
    label: str
    values: tuple[float | None, ...]

    @property
    def tone(self) -> str:
        """The colour's name in the style sheet."""
        return TONES.get(self.key, self.key)


@dataclass(frozen=True, slots=True)
class Chart:
    """Some series over the same instants, with the words that go with them.

    Attributes:
        kind: "bars" are stacked, "lines" are not.
        unit: "" counts, "s" seconds.
    """

    id: str
    title: str
    times: tuple[datetime, ...]
    lines: tuple[Line, ...]
    kind: str = "lines"
    unit: str = ""

    @property
    def empty(self) -> bool:
        return not any(value for line in self.lines for value in line.values)


def drawn(chart: Chart) -> Node:
    """The chart as a picture. The table beside it says the same, so readers of the screen are not told twice."""
    top = nice(max((value for value in _heights(chart)), default=0.0))
    shapes = _bars(chart, top) if chart.kind == "bars" else _lines(chart, top)
    return drawing(WIDTH, HEIGHT, *_axes(chart, top), *shapes, class_="chart-picture")


def nice(value: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... that is not less than ``value``; at least 1 of its decade, never zero."""
    if value <= 0:
        return 1.0
    decade = 10.0 ** floor(log10(value))
    return next((step * decade for step in (1.0, 2.0, 5.0, 10.0) if step * decade >= value * 0.999_999), 10 * decade)


def spark(values: Sequence[float], width: int = 96, height: int = 24) -> Node:
    """A small line without axes."""
    top = max(values, default=0.0) or 1.0
    step = width / max(1, len(values) - 1)
    points = " ".join(
        f"{index * step:.1f},{height - 2 - (height - 4) * value / top:.1f}" for index, value in enumerate(values)
    )
    return drawing(width, height, node("polyline", points=points, fill="none", class_="spark-line"), class_="spark")


def state_bar(counts: Mapping[str, int], width: int = 160, height: int = 8) -> Node:
    """Shares of phases in one bar, each at least wide enough to be seen."""
    total = sum(counts.values())
    shapes: list[Node] = []
    x = 0.0
    order = [phase.value for phase in Phase]
    known = sorted(counts, key=lambda key: order.index(key) if key in order else len(order))
    shown = {key: max(2.0, width * counts[key] / total) for key in known if counts[key]} if total else {}
    squeeze = width / sum(shown.values()) if shown else 1.0
    for key, share in shown.items():
        shapes.append(node("rect", x=x, y=0, width=share * squeeze, height=height, class_=f"fill-{key}"))
        x += share * squeeze
    return drawing(width, height, *shapes, class_="state-bar")


def _heights(chart: Chart) -> list[float]:
    if chart.kind == "bars":
        return [
            sum(value or 0.0 for value in column)
            for column in zip(*(line.values for line in chart.lines), strict=False)
        ]
    return [value or 0.0 for line in chart.lines for value in line.values]


def _x(index: float, count: int) -> float:
    return _LEFT + _PLOT_W * index / max(1, count)


def _y(value: float, top: float) -> float:
    return _TOP + _PLOT_H * (1 - value / top)


def _axes(chart: Chart, top: float) -> list[Node]:
    shapes: list[Node] = []
    for part in (0.0, 0.5, 1.0):
        y = _y(top * part, top)
        shapes.append(node("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="grid"))
        shapes.append(
            node("text", tick(top * part, chart.unit), x=_LEFT - 6, y=y + 4, class_="tick", text_anchor="end")
        )
    every = ceil(len(chart.times) / 6) or 1
    far = bool(chart.times) and (chart.times[-1] - chart.times[0]).days >= 2
    for index in range(0, len(chart.times), every):
        at = chart.times[index]
        words = f"{at:%d %b}" if far else f"{at:%H:%M}"
        shapes.append(node("text", words, x=_x(index, len(chart.times)), y=HEIGHT - 6, class_="tick"))
    return shapes


def _bars(chart: Chart, top: float) -> list[Node]:
    count = len(chart.times)
    width = max(1.0, _PLOT_W / max(1, count) - 1)
    base = [0.0] * count
    shapes: list[Node] = []
    for line in chart.lines:
        for index, value in enumerate(line.values):
            if not value:
                continue
            upper = _y(base[index] + value, top)
            height = _y(base[index], top) - upper
            base[index] += value
            shapes.append(
                node("rect", x=_x(index, count), y=upper, width=width, height=height, class_=f"fill-{line.key}")
            )
    return shapes


def _lines(chart: Chart, top: float) -> list[Node]:
    """Each series as strokes between the points that are known, with a dot where one stands alone."""
    shapes: list[Node] = []
    for line in chart.lines:
        for run in _runs(line.values):
            points = [(_x(index + 0.5, len(chart.times)), _y(value, top)) for index, value in run]
            if len(points) == 1:
                shapes.append(node("circle", cx=points[0][0], cy=points[0][1], r=2, class_=f"fill-{line.key}"))
            else:
                text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                shapes.append(node("polyline", points=text, fill="none", class_=f"line-{line.key}"))
    return shapes


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index, value))
    return [run for run in runs if run]


def tick(value: float, unit: str) -> str:
    """A short number for an axis."""
    if unit == "s" and 0 < value < 1:
        return f"{value * 1000:g} ms"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}{' ' + unit if unit and value else ''}"
