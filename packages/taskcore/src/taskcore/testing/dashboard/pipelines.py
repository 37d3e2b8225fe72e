"""Pipelines and runs of the sample: one that failed half way, one that is going on, and one with 300 steps."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from taskcore.errors import InvalidInput
from taskcore.models import TaskError
from taskcore.states import Phase
from taskcore.ui.dag import topological
from taskcore.ui.models import Action, ActionResult, Order
from taskcore.ui.models.pipelines import (
    Edge,
    PipelineDetail,
    PipelineRow,
    RunDetail,
    RunPage,
    RunRow,
    Step,
)

Graph = dict[str, tuple[str, ...]]
"""Each step with the steps that it needs."""

ETL: Graph = {
    "fetch_orders": (),
    "fetch_customers": (),
    "fetch_rates": (),
    "clean_orders": ("fetch_orders",),
    "clean_customers": ("fetch_customers",),
    "convert": ("clean_orders", "fetch_rates"),
    "join": ("convert", "clean_customers"),
    "load_warehouse": ("join",),
    "send_report": ("join", "load_warehouse"),
}
WIDE: Graph = (
    {"split": ()} | {f"part_{n}": ("split",) for n in range(298)} | {"merge": tuple(f"part_{n}" for n in range(298))}
)
MESH: Graph = {f"n{n}": tuple(sorted({f"n{m}" for m in (n // 2, n - 7, n - 3) if 0 <= m < n})) for n in range(300)}
GRAPHS: dict[str, Graph] = {
    "mesh": MESH,
    "orders-etl": ETL,
    "thumbnails": {"load": (), "resize": ("load",), "store": ("resize",)},
    "wide": WIDE,
}


class SamplePipelines:
    """``PipelinePart`` over ``GRAPHS``, with some runs each; ``act`` cancels and retries them."""

    def __init__(self, now: datetime, extra: Iterable[str] = ()) -> None:
        self._graphs: dict[str, Graph] = {**GRAPHS, **{name: {name: ()} for name in extra}}
        self._runs = {run.row.id: run for run in _runs(now)}

    async def list(self) -> Sequence[PipelineRow]:
        return [self._row(name) for name in sorted(self._graphs)]

    async def get(self, pipeline: str) -> PipelineDetail | None:
        if pipeline not in self._graphs:
            return None
        graph = self._graphs[pipeline]
        recent = [run for run in self._newest() if run.row.pipeline == pipeline]
        return PipelineDetail(
            row=self._row(pipeline), steps=_steps(graph), edges=_edges(graph), recent=tuple(recent[:10])
        )

    async def runs(self, pipeline: str | None, cursor: str | None, limit: int) -> RunPage:
        rows = [run.row for run in self._newest() if pipeline in (None, run.row.pipeline)]
        begin = 0 if cursor is None else _offset(cursor)
        more = len(rows) > begin + limit
        return RunPage(rows=tuple(rows[begin : begin + limit]), older=str(begin + limit) if more else None)

    async def run(self, run: str) -> RunDetail | None:
        return self._runs.get(run)

    def put(self, run: RunDetail) -> None:
        """Let a run be as ``run`` says, as an engine would."""
        self._runs[run.row.id] = run

    def act(self, order: Order) -> ActionResult:
        """Cancel what runs, or run what failed or was skipped once more."""
        skipped: dict[str, str] = {}
        for id_ in order.targets:
            run = self._runs.get(id_)
            wanted = Phase.RUNNING if order.action is Action.CANCEL_RUN else Phase.FAILED
            if run is None or run.row.phase is not wanted:
                skipped[id_] = "it is not there" if run is None else f"it is {run.row.phase}"
            else:
                to = Phase.CANCELLED if order.action is Action.CANCEL_RUN else Phase.RUNNING
                self.put(replace(run, row=replace(run.row, phase=to, error=None, finished_at=None)))
        return ActionResult(done=len(order.targets) - len(skipped), skipped=skipped)

    def _newest(self) -> Sequence[RunDetail]:
        return sorted(self._runs.values(), key=lambda run: run.row.started_at, reverse=True)

    def _row(self, name: str) -> PipelineRow:
        runs = [run.row for run in self._newest() if run.row.pipeline == name]
        ended = [run for run in runs if run.finished_at is not None]
        good = sum(run.phase is Phase.SUCCEEDED for run in ended)
        return PipelineRow(
            id=name,
            steps=len(self._graphs[name]),
            last=runs[0] if runs else None,
            success_rate=good / len(ended) if ended else None,
            p95=max((run.finished_at - run.started_at for run in ended if run.finished_at), default=None),
        )


def _offset(cursor: str) -> int:
    if not cursor.isdigit():
        raise InvalidInput(f"{cursor:.40} is no cursor of this list; ask for its first page")
    return int(cursor)


def _steps(graph: Graph) -> tuple[Step, ...]:
    order = topological(list(graph), [(source, target) for target, needs in graph.items() for source in needs])
    return tuple(Step(id=name, name=name, inputs=graph[name], outputs=(name,)) for name in order)


def _edges(graph: Graph) -> tuple[Edge, ...]:
    return tuple(
        Edge(source=source, target=target, label=source) for target, needs in graph.items() for source in needs
    )


def _runs(now: datetime) -> Iterable[RunDetail]:
    hour = timedelta(hours=1)
    for age in range(3, 9):
        yield a_run("orders-etl", f"run-ok-{age}", now - age * hour)
    yield a_run("orders-etl", "run-failed", now - 2 * hour, fails="join")
    yield a_run("orders-etl", "run-live", now - timedelta(seconds=20), reached=4)
    yield a_run("thumbnails", "run-thumbs", now - hour)
    yield a_run("wide", "run-wide", now - hour, fails="part_17")
    yield a_run("mesh", "run-mesh", now - hour, fails="n250")


def a_run(pipeline: str, id: str, at: datetime, *, fails: str = "", reached: int | None = None) -> RunDetail:  # noqa: A002
    """A run that began ``at``: all its steps are done, or those up to ``fails``, or the first ``reached`` of them."""
    graph = GRAPHS[pipeline]
    steps: list[Step] = []
    lost: set[str] = set()
    for number, step in enumerate(_steps(graph)):
        begun = at + timedelta(seconds=2 * min(number, 20))
        ended = begun + timedelta(seconds=1.5)
        if lost & set(step.inputs):
            lost.add(step.id)
            steps.append(replace(step, phase=Phase.QUEUED, skipped=True))
        elif reached is not None and number >= reached:
            running = number == reached
            steps.append(
                replace(step, phase=Phase.RUNNING, attempt=1, started_at=begun, progress=0.4)
                if running
                else replace(step, phase=Phase.QUEUED)
            )
        elif step.id == fails:
            lost.add(step.id)
            error = TaskError(
                "KeyError", "'customer_id'", "Traceback (most recent call last):\nKeyError: 'customer_id'"
            )
            steps.append(replace(step, phase=Phase.FAILED, attempt=2, started_at=begun, finished_at=ended, error=error))
        else:
            done = {"rows": 100 + number}
            steps.append(
                replace(step, phase=Phase.SUCCEEDED, attempt=1, started_at=begun, finished_at=ended, result=done)
            )
    return RunDetail(
        row=_run_row(pipeline, id, at, steps), steps=tuple(steps), edges=_edges(graph), inputs={"day": f"{at:%Y-%m-%d}"}
    )


def _run_row(pipeline: str, id_: str, at: datetime, steps: Sequence[Step]) -> RunRow:
    phases = {step.phase for step in steps}
    phase = Phase.RUNNING if Phase.RUNNING in phases else Phase.FAILED if Phase.FAILED in phases else Phase.SUCCEEDED
    ended = max((step.finished_at for step in steps if step.finished_at), default=None)
    return RunRow(
        id=id_,
        pipeline=pipeline,
        phase=phase,
        started_at=at,
        finished_at=None if phase is Phase.RUNNING else ended,
        done=sum(step.phase is Phase.SUCCEEDED for step in steps),
        total=len(steps),
        trigger="schedule",
        error=next((step.error for step in steps if step.error), None),
    )
