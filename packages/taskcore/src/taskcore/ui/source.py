"""What a face tells the dashboard, part by part.

A source is put together from parts. A part that is missing takes its pages and its entries in the navigation away; an
action that is not in ``actions`` takes its buttons away, and its route answers 404. Nothing pretends.

Values are given as they are. Whatever shows arguments, results or errors passes them through the redactor first
(``taskcore.redaction``); sources never do, so that there is one place to trust.

A part raises ``StoreUnavailable`` when its store cannot be reached, and ``InvalidInput`` for a value that it cannot
understand. What it does not find, it answers with None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from taskcore.ui.models import Action, ActionResult, Counts, FailureGroup, Handler, LogRow, Order, Series
from taskcore.ui.models.forms import Field
from taskcore.ui.models.pipelines import PipelineDetail, PipelineRow, RunDetail, RunPage
from taskcore.ui.models.queues import QueueRow, WorkerRow
from taskcore.ui.models.schedules import Occurrence, ScheduleDetail, SchedulePage
from taskcore.ui.models.tasks import TaskDetail, TaskFilter, TaskPage
from taskcore.ui.models.webhooks import DeliveryDetail, DeliveryFilter, DeliveryPage, EndpointRow, SecretRow


class TaskPart(Protocol):
    """Tasks, and what they left behind."""

    async def counts(self) -> Counts:
        """How many tasks there are by phase and queue. May be some seconds old where counting is dear; it says so."""
        ...

    async def list(self, wanted: TaskFilter) -> TaskPage:
        """One page of the tasks that ``wanted`` describes."""
        ...

    async def get(self, task: str) -> TaskDetail | None:
        """The task with this id, or the only one whose id begins or ends with these 6 or more characters."""
        ...

    async def logs(self, task: str, limit: int) -> Sequence[LogRow]:
        """The newest ``limit`` lines of a task's log, oldest first."""
        ...

    async def failures(self, wanted: TaskFilter, limit: int) -> Sequence[FailureGroup]:
        """Failed tasks in groups of like errors, most recent group first; counted over a bounded number of them."""
        ...


class SchedulePart(Protocol):
    """Schedules, what became of their instants, and which come next."""

    async def list(self) -> SchedulePage:
        """All schedules, and who leads."""
        ...

    async def get(self, schedule: str) -> ScheduleDetail | None: ...

    async def occurrences(self, since: datetime, until: datetime, limit: int) -> Sequence[Occurrence]:
        """Due instants from ``since`` until before ``until``, at most ``limit`` of each schedule, by time."""
        ...


class ScheduleEditorPart(Protocol):
    """Schedules that people write on a page. Into whose queue they write, the dashboard has asked before.

    Values are text by name: ``cron``, ``zone``, ``gap``, ``fold``, ``misfire``, ``grace`` and ``overlap`` as
    ``taskcore.schedule`` has them, ``queue``, and those of ``fields``.
    """

    @property
    def fields(self) -> Sequence[Field]:
        """What the task of a schedule has."""
        ...

    async def values(self, schedule: str) -> Mapping[str, str] | None:
        """What is stored of a schedule."""
        ...

    async def save(self, schedule: str | None, values: Mapping[str, str]) -> str | None:
        """Change a schedule, or add one where there is no id; answers its id.

        Raises:
            InvalidInput: a value is not allowed; the text begins with its name where one value is to blame.
        """
        ...


class PipelinePart(Protocol):
    """Pipelines and their runs."""

    async def list(self) -> Sequence[PipelineRow]: ...

    async def get(self, pipeline: str) -> PipelineDetail | None: ...

    async def runs(self, pipeline: str | None, cursor: str | None, limit: int) -> RunPage: ...

    async def run(self, run: str) -> RunDetail | None: ...


class QueuePart(Protocol):
    """Queues: how full, how held back, who serves them."""

    async def list(self) -> Sequence[QueueRow]: ...


class WorkerPart(Protocol):
    """Workers, as they last spoke of themselves."""

    async def list(self) -> Sequence[WorkerRow]: ...


class SeriesPart(Protocol):
    """Numbers over time, added up as they happened."""

    async def series(
        self, since: datetime, until: datetime, step: timedelta, *, queue: str | None = None, name: str | None = None
    ) -> Series: ...


class RegistryPart(Protocol):
    """The handlers that somebody could run."""

    async def list(self) -> Sequence[Handler]: ...


class WebhookPart(Protocol):
    """What was told to whom, which endpoints do not answer, and what messages are signed with."""

    async def deliveries(self, wanted: DeliveryFilter) -> DeliveryPage: ...

    async def delivery(self, delivery: str) -> DeliveryDetail | None: ...

    async def endpoints(self) -> Sequence[EndpointRow]:
        """Those that fail first."""
        ...

    async def secrets(self) -> Sequence[SecretRow]:
        """The secrets that sign, the newest first."""
        ...

    async def rotate(self, grace: timedelta) -> tuple[SecretRow, str]:
        """Make a secret, and let those of before sign for ``grace`` more. Its text is told here, and never again."""
        ...


class ChangesPart(Protocol):
    """Whether it is worth looking again; asked about once a second, by one asker for all who watch."""

    async def revision(self) -> str:
        """A text that has changed once anything a page shows has."""
        ...


class ActionPart(Protocol):
    """What can be done. Who may do it, the dashboard has asked before."""

    async def act(self, order: Order) -> ActionResult:
        """Do it, and say for each target that was left out why. Doing it twice is as good as once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardSource:
    """All that a face can tell. ``system`` is its name, as in "taskmq"; ``backend`` its store without secrets."""

    system: str
    backend: str = ""
    version: str = ""
    tasks: TaskPart | None = None
    schedules: SchedulePart | None = None
    editor: ScheduleEditorPart | None = None
    pipelines: PipelinePart | None = None
    queues: QueuePart | None = None
    workers: WorkerPart | None = None
    series: SeriesPart | None = None
    registry: RegistryPart | None = None
    webhooks: WebhookPart | None = None
    changes: ChangesPart | None = None
    does: ActionPart | None = None
    actions: frozenset[Action] = frozenset()
    first_steps: str = ""
    """Some lines of code that put a first task, for the page that has nothing to show yet."""
