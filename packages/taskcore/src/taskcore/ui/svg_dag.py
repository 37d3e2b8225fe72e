"""A graph of steps as a drawing whose nodes are links."""

from collections.abc import Callable, Mapping, Sequence

from taskcore.ui.dag import Layout
from taskcore.ui.icons import icon
from taskcore.ui.models.pipelines import Edge, Step
from taskcore.ui.svg import Node, node
from taskcore.ui.words import duration

_LONGEST_NAME = 20
_FITS = (1_600, 900)
"""What is larger keeps its size, and is scrolled."""


def graph(
    drawn: Layout, steps: Sequence[Step], edges: Sequence[Edge], href: Callable[[str], str], selected: str = ""
) -> Node:
    """The drawing; ``href`` gives the address of a step. A group, not a picture: it can be walked."""
    known = {step.id: step for step in steps}
    labels = {(edge.source, edge.target): edge.label for edge in edges}
    lines = [
        node(
            "path",
            node("title", labels.get((line.source, line.target)) or f"{line.source} to {line.target}"),
            d=line.path,
            fill="none",
            class_=f"edge from-{_state(known[line.source])}",
            aria_hidden="true",
        )
        for line in drawn.lines
    ]
    boxes = [_box(box.x, box.y, box.width, box.height, known[box.id], href(box.id), selected) for box in drawn.boxes]
    attributes: Mapping[str, str | float | None] = {
        "viewBox": f"0 0 {drawn.width:g} {drawn.height:g}",
        "width": drawn.width,
        "height": drawn.height,
        "class": "dag large" if drawn.width > _FITS[0] or drawn.height > _FITS[1] else "dag",
        "role": "group",
        "aria-label": "Steps as a graph",
    }
    return Node("svg", attributes, (*lines, *boxes))


def _box(x: float, y: float, width: float, height: float, step: Step, href: str, selected: str) -> Node:
    state = _state(step)
    name = step.name if len(step.name) <= _LONGEST_NAME else step.name[: _LONGEST_NAME - 1] + "…"
    return node(
        "a",
        node("title", step.name),
        node("rect", width=width, height=height, rx=6, class_="box"),
        node("rect", width=5, height=height, rx=2, class_=f"fill-{state}"),
        node("g", icon(state), transform="translate(12 14)", class_=f"s-{state}") if step.phase else "",
        node("text", name, x=34 if step.phase else 16, y=20, class_="name"),
        node("text", _under(step, state), x=34 if step.phase else 16, y=36, class_="tick"),
        href=href,
        id=f"step-{step.id}",
        transform=f"translate({x:g} {y:g})",
        class_="node" + (" chosen" if step.id == selected else ""),
        data_state=state,
        aria_current="true" if step.id == selected else None,
    )


def _state(step: Step) -> str:
    return "skipped" if step.skipped else str(step.phase or "none")


def _under(step: Step, state: str) -> str:
    if step.started_at is not None and step.finished_at is not None:
        return f"{state}, {duration(step.finished_at - step.started_at)}"
    if step.progress is not None:
        return f"{state}, {step.progress:.0%}"
    return "" if step.phase is None else state
