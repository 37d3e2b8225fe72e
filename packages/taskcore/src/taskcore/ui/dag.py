"""A drawing of a graph in layers: who needs nothing stands left, everybody stands right of what it needs.

The classic steps (Sugiyama): layers by longest path, long edges cut by a dummy node in each layer that they cross,
some sweeps that order each layer by the barycentre of its neighbours, and some that pull nodes level with them. The
same graph gives the same drawing, to the last digit.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from taskcore.errors import InvalidInput

WIDTH, HEIGHT = 180, 44
GAP_X, GAP_Y = 64, 20
MARGIN = 16
_SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its top left corner, in pixels."""

    id: str
    x: float
    y: float
    width: float = WIDTH
    height: float = HEIGHT
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """An edge: its points from the right side of ``source`` to the left side of ``target``."""

    source: str
    target: str
    points: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        """What the ``d`` of an SVG path is: curves that leave and arrive level, and straight lines."""
        (x, y), *rest = self.points
        parts = [f"M{x:g} {y:g}"]
        for to_x, to_y in rest:
            middle = (x + to_x) / 2
            if y == to_y and parts[-1][0] == "H":
                parts.pop()
            parts.append(f"H{to_x:g}" if y == to_y else f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}")
            x, y = to_x, to_y
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Layout:
    """A finished drawing, nodes in an order in which they could run."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def layout(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> Layout:
    """Place ``nodes`` and draw ``edges`` (source, target) between them; edges from or to others are left out.

    Raises:
        InvalidInput: the edges form a cycle, or a node is named twice.
    """
    known = dict.fromkeys(nodes)
    if len(known) != len(nodes):
        raise InvalidInput("a graph must name each node once")
    wanted = list(dict.fromkeys((a, b) for a, b in edges if a in known and b in known))
    layer_of = _layers(nodes, wanted)
    grid = _Grid(nodes, wanted, layer_of)
    grid.order()
    return grid.drawn(wanted)


def topological(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[str]:
    """``nodes`` so that each comes after all it needs, otherwise in their own order.

    Raises:
        InvalidInput: the edges form a cycle.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(nodes, ()))
    for source, target in edges:
        sorter.add(target, source)
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise InvalidInput(f"a pipeline must have no cycle, got {' -> '.join(error.args[1])}") from error


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The length of the longest path that leads to each node."""
    before: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        before[target].append(source)
    layer: dict[str, int] = {}
    for node in topological(nodes, edges):
        layer[node] = max((layer[source] + 1 for source in before[node]), default=0)
    return layer


class _Grid:
    """Nodes and dummies by layer. Cells are numbers: the place in ``names``; dummies have the name None."""

    def __init__(self, nodes: Sequence[str], edges: Sequence[tuple[str, str]], layer_of: Mapping[str, int]) -> None:
        self._names: list[str | None] = list(nodes)
        self._layer = [layer_of[node] for node in nodes]
        self._number = {node: number for number, node in enumerate(nodes)}
        self._chains: dict[tuple[str, str], list[int]] = {}
        self._left: dict[int, list[int]] = defaultdict(list)
        self._right: dict[int, list[int]] = defaultdict(list)
        for source, target in edges:
            self._chains[source, target] = self._chain(source, target)
        self._rows: list[list[int]] = [[] for _ in range(max(self._layer, default=-1) + 1)]
        for cell, layer in enumerate(self._layer):
            self._rows[layer].append(cell)
        self._y: list[float] = [0.0] * len(self._names)

    def _chain(self, source: str, target: str) -> list[int]:
        """The cells that an edge goes through; dummies where it crosses a layer."""
        first, last = self._number[source], self._number[target]
        chain = [first]
        for layer in range(self._layer[first] + 1, self._layer[last]):
            self._names.append(None)
            self._layer.append(layer)
            chain.append(len(self._names) - 1)
        chain.append(last)
        for left, right in itertools.pairwise(chain):
            self._right[left].append(right)
            self._left[right].append(left)
        return chain

    def order(self) -> None:
        """Sort each layer so that edges cross little, then pull its cells level with their neighbours."""
        for sweep in range(_SWEEPS):
            rows, neighbours = (self._rows, self._left) if sweep % 2 == 0 else (self._rows[::-1], self._right)
            place = {cell: index for row in self._rows for index, cell in enumerate(row)}
            for row in rows:
                mean = {cell: _mean([place[n] for n in neighbours[cell]], place[cell]) for cell in row}
                row.sort(key=lambda cell: mean[cell])
                place.update((cell, index) for index, cell in enumerate(row))
        for row in self._rows:
            y = 0.0
            for cell in row:
                self._y[cell], y = y, y + self._height(cell) + GAP_Y
        for sweep in range(_SWEEPS):
            rows, neighbours = (self._rows, self._left) if sweep % 2 == 0 else (self._rows[::-1], self._right)
            for row in rows:
                self._relax(row, neighbours)

    def _height(self, cell: int) -> float:
        return 0.0 if self._names[cell] is None else HEIGHT

    def _relax(self, row: list[int], neighbours: Mapping[int, list[int]]) -> None:
        """Move each cell towards the middle of its neighbours as far as the order allows.

        Down first, then up: what both passes agree on keeps every gap, so boxes never overlap.
        """
        wanted = [self._wanted(cell, neighbours) for cell in row]
        low, high = [0.0] * len(row), [0.0] * len(row)
        edge = float("-inf")
        for index, cell in enumerate(row):
            low[index] = max(wanted[index], edge)
            edge = low[index] + self._height(cell) + GAP_Y
        edge = float("inf")
        for index in range(len(row) - 1, -1, -1):
            height = self._height(row[index])
            high[index] = min(wanted[index], edge - height - GAP_Y)
            edge = high[index]
        for index, cell in enumerate(row):
            self._y[cell] = (low[index] + high[index]) / 2

    def _wanted(self, cell: int, neighbours: Mapping[int, list[int]]) -> float:
        centre = self._y[cell] + self._height(cell) / 2
        centres = [self._y[n] + self._height(n) / 2 for n in neighbours.get(cell, ())]
        return _mean(centres, centre) - self._height(cell) / 2

    def drawn(self, edges: Sequence[tuple[str, str]]) -> Layout:
        """The drawing, shifted to begin at the margin, in whole pixels."""
        top = min(self._y, default=0.0)
        self._y = [float(round(y - top + MARGIN)) for y in self._y]
        boxes = [self._box(cell, name) for cell, name in enumerate(self._names) if name is not None]
        boxes.sort(key=lambda box: (box.layer, box.y))
        lines = [Line(source, target, self._points(self._chains[source, target])) for source, target in edges]
        bottom = max((y + self._height(cell) for cell, y in enumerate(self._y)), default=0.0)
        width = 2 * MARGIN + max(0, len(self._rows) * (WIDTH + GAP_X) - GAP_X)
        return Layout(width, bottom + MARGIN, tuple(boxes), tuple(lines))

    def _box(self, cell: int, name: str) -> Box:
        return Box(name, self._x(cell), self._y[cell], layer=self._layer[cell])

    def _x(self, cell: int) -> float:
        return float(MARGIN + self._layer[cell] * (WIDTH + GAP_X))

    def _points(self, chain: Sequence[int]) -> tuple[tuple[float, float], ...]:
        """From the right side of the first to the left side of the last; dummies are passed straight."""
        first, *dummies, last = chain
        points = [(self._x(first) + WIDTH, self._y[first] + HEIGHT / 2)]
        for cell in dummies:
            points += [(self._x(cell), self._y[cell]), (self._x(cell) + WIDTH, self._y[cell])]
        points.append((self._x(last), self._y[last] + HEIGHT / 2))
        return tuple(points)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
