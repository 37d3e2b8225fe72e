"""Pipelines and their runs as pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskcore.models import TaskError
from taskcore.states import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A node: its name, and for a run how far it is.

    Attributes:
        phase: None where no run is shown; ``skipped`` when it never ran because of another step.
        task: the id of the task that runs it, if that has a page.
    """

    id: str
    name: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    description: str = ""
    phase: Phase | None = None
    skipped: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    progress: float | None = None
    result: object = None
    error: TaskError | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """``target`` needs what ``source`` makes; ``label`` names it."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run in a list."""

    id: str
    pipeline: str
    phase: Phase
    started_at: datetime
    finished_at: datetime | None = None
    done: int = 0
    total: int = 0
    trigger: str = ""
    error: TaskError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Runs, newest first."""

    rows: tuple[RunRow, ...]
    older: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """A run with its steps, in an order in which they could have run."""

    row: RunRow
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]
    inputs: Mapping[str, object] = field(default_factory=dict)
    outputs: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRow:
    """A pipeline in a list."""

    id: str
    kind: str = "dataflow"
    steps: int = 0
    created_at: datetime | None = None
    last: RunRow | None = None
    success_rate: float | None = None
    p95: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineDetail:
    """A pipeline's definition and its newest runs."""

    row: PipelineRow
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]
    recent: tuple[RunDetail, ...] = ()
