"""The sample as a ``DashboardSource`` with every part."""

from dataclasses import dataclass, replace

from taskcore.models import TaskQuery
from taskcore.testing.dashboard import webhooks
from taskcore.testing.dashboard.hostile import HOSTILE
from taskcore.testing.dashboard.kinds import KINDS
from taskcore.testing.dashboard.pipelines import SamplePipelines
from taskcore.testing.dashboard.schedules import SampleEditor
from taskcore.testing.dashboard.story import Story, a_story
from taskcore.testing.dashboard.webhooks import SampleWebhooks
from taskcore.ui.models import Action, ActionResult, Handler, Order
from taskcore.ui.models.queues import QueueRow
from taskcore.ui.source import ActionPart, DashboardSource, QueuePart
from taskcore.ui.stores import store_source

RUNS = frozenset({Action.CANCEL_RUN, Action.RETRY_RUN})
FIRST_STEPS = """from taskmq import JobQueue

queue = JobQueue()

await queue.add_job({"to": "a@example.com"}, handler="send_email")"""


@dataclass(frozen=True, slots=True)
class _Actions:
    """Those of the store, those of pipelines and webhooks, and a memory of who paused a queue and why."""

    tasks: ActionPart
    pipelines: SamplePipelines
    webhooks: SampleWebhooks
    pauses: dict[str, Order]

    async def act(self, order: Order) -> ActionResult:
        if order.action in RUNS:
            return self.pipelines.act(order)
        if order.action in webhooks.ACTIONS:
            return self.webhooks.act(order)
        if order.action is Action.PAUSE_QUEUE:
            self.pauses.update(dict.fromkeys(order.targets, order))
        return await self.tasks.act(order)


@dataclass(frozen=True, slots=True)
class _Queues:
    """Those of the store, with what is remembered of their pauses."""

    queues: QueuePart
    pauses: dict[str, Order]

    async def list(self) -> list[QueueRow]:
        return [self._with_reason(row) for row in await self.queues.list()]

    def _with_reason(self, row: QueueRow) -> QueueRow:
        order = self.pauses.get(row.name)
        if not row.paused or order is None:
            return row
        return replace(row, paused_by=order.actor, reason=order.options.get("reason", ""))


async def sample_source(story: Story | None = None, *, hostile: bool = False) -> DashboardSource:
    """A source over ``story``, or over a fresh one; ``hostile`` puts hostile text wherever text can be."""
    story = story or await a_story(hostile=hostile)
    handlers = [
        Handler(
            name=kind.name, description=f"Takes about {kind.seconds:g} s.", signature="(order: int, *, locale: str)"
        )
        for kind in KINDS
    ]
    source = store_source(
        story.store,
        system="sample",
        backend="memory",
        version="1.0",
        handlers=handlers,
        command="sample worker --queue {queue}",
        first_steps=FIRST_STEPS,
        clock=story.clock,
    )
    pipelines = SamplePipelines(story.clock.now(), HOSTILE if hostile else ())
    tasks = [record.id for record in await story.store.find(TaskQuery(limit=60))]
    told = SampleWebhooks(story.clock.now(), tasks, HOSTILE if hostile else ())
    assert source.does is not None
    assert source.queues is not None
    pauses: dict[str, Order] = {"reports": _FIRST_PAUSE}
    return replace(
        source,
        pipelines=pipelines,
        editor=SampleEditor(story.store),
        webhooks=told,
        queues=_Queues(source.queues, pauses),
        does=_Actions(source.does, pipelines, told, pauses),
        actions=source.actions | RUNS | webhooks.ACTIONS,
    )


_FIRST_PAUSE = Order(
    action=Action.PAUSE_QUEUE, targets=("reports",), options={"reason": "the warehouse moves house"}, actor="ada"
)
