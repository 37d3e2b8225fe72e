"""Pipelines, their runs, and one run as a graph, over time, or as a list."""

from collections.abc import Callable, Mapping, Sequence

from starlette.exceptions import HTTPException

from taskcore.auth.permissions import Kind, Verb
from taskcore.states import Phase
from taskcore.ui.dag import layout
from taskcore.ui.folding import folded
from taskcore.ui.models.pipelines import PipelineDetail, RunDetail, Step
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part
from taskcore.ui.svg import Node
from taskcore.ui.svg_dag import graph
from taskcore.ui.svg_timeline import gantt

VIEWS = ("graph", "timeline", "list")
MOST_DRAWN = 300
"""Steps of a graph that is drawn without being asked for."""
LIMIT = 50


async def pipelines(visit: Visit) -> Show:
    """All that the visitor may see, and the newest runs."""
    assert visit.source.pipelines is not None  # noqa: S101 - or the page would not exist
    rows = [row for row in await visit.source.pipelines.list() if _may(visit, row.id)]
    page = await visit.source.pipelines.runs(None, visit.query.get("cursor"), LIMIT)
    runs = [run for run in page.rows if _may(visit, run.pipeline)]
    return Show(
        template="pipelines.html",
        title="Pipelines",
        model={"pipelines": rows, "runs": runs, "next_cursor": page.older},
    )


async def pipeline(visit: Visit) -> Show:
    """A pipeline's definition and its newest runs, step by step."""
    assert visit.source.pipelines is not None  # noqa: S101 - or the page would not exist
    name = visit.param("pipeline")
    detail = await visit.source.pipelines.get(name) if _may(visit, name) else None
    if detail is None:
        raise HTTPException(404, f"There is no pipeline {name!r:.200}.")
    return Show(
        template="pipeline.html",
        title=name,
        model={"pipeline": detail},
        also={"picture": _graph(visit, detail, lambda _: visit.here()), "matrix": _matrix(detail)},
        crumbs=(("Pipelines", visit.url("pipelines")),),
    )


async def run(visit: Visit) -> Show:
    """One run. ``view`` and ``step`` stand in the address, so the three views share what is chosen."""
    assert visit.source.pipelines is not None  # noqa: S101 - or the page would not exist
    detail = await visit.source.pipelines.run(visit.param("run"))
    if detail is None or not _may(visit, detail.row.pipeline):
        raise HTTPException(404, f"There is no run {visit.param('run')!r:.200}. It may have been removed by retention.")
    chosen = next((step for step in detail.steps if step.id == visit.query.get("step")), None)
    many = len(detail.steps) > MOST_DRAWN
    view = visit.query.get("view", "")
    view = view if view in VIEWS else "list" if many else "graph"
    return Show(
        template="run.html",
        title=f"Run {detail.row.id}",
        model={"run": detail},
        also={
            "row": detail.row,
            "view": view,
            "views": [(each.capitalize(), visit.here(view=each), each == view) for each in VIEWS],
            "chosen": chosen,
            "many": many,
            "picture": _picture(visit, view, detail, chosen),
            "failed": [step for step in detail.steps if step.phase is Phase.FAILED],
        },
        crumbs=(
            ("Pipelines", visit.url("pipelines")),
            (detail.row.pipeline, visit.url("pipeline", pipeline=detail.row.pipeline)),
        ),
    )


def _picture(visit: Visit, view: str, detail: RunDetail, chosen: Step | None) -> Node | None:
    selected = chosen.id if chosen else ""
    match view:
        case "graph":
            return _graph(visit, detail, lambda step: visit.here(step=step), selected)
        case "timeline":
            return gantt(detail.steps, visit.now, selected)
        case _:
            return None


def _graph(visit: Visit, of: RunDetail | PipelineDetail, href: Callable[[str], str], selected: str = "") -> Node:
    """The graph, with what is alike folded; a folded step leads to the list of all."""
    shown = folded(of.steps, of.edges)
    drawn = layout([step.id for step in shown.steps], [(edge.source, edge.target) for edge in shown.edges])
    listing = visit.here(view="list")
    return graph(
        drawn, shown.steps, shown.edges, lambda step: listing if step in shown.groups else href(step), selected
    )


def _matrix(detail: PipelineDetail) -> Sequence[tuple[Step, Sequence[tuple[str, str]]]]:
    """For each step its state in each of the newest runs, oldest run first: (run, state)."""
    runs = detail.recent[::-1]
    states: Sequence[Mapping[str, str]] = [
        {step.id: "skipped" if step.skipped else str(step.phase or "") for step in each.steps} for each in runs
    ]
    return [
        (step, [(each.row.id, by.get(step.id, "")) for each, by in zip(runs, states, strict=True)])
        for step in detail.steps
    ]


def _may(visit: Visit, name: str) -> bool:
    return visit.may(Verb.VIEW, name, Kind.PIPELINE)


PAGES = (
    Page(name="pipelines", path="/pipelines", view=pipelines, part=Part.PIPELINES),
    Page(name="run", path="/pipelines/runs/{run}", view=run, part=Part.PIPELINES),
    Page(name="pipeline", path="/pipelines/{pipeline}", view=pipeline, part=Part.PIPELINES),
)
