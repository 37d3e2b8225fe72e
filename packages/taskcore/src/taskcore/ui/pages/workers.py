"""Workers, as they last spoke of themselves, and the handlers that somebody could run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from taskcore.auth.permissions import Verb
from taskcore.states import Phase
from taskcore.ui.models import Handler
from taskcore.ui.models.queues import Health, WorkerRow
from taskcore.ui.models.tasks import TaskFilter, TaskPage
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part

MOST_RUNNING = 500
BADGES = {
    Health.ONLINE: "succeeded",
    Health.DRAINING: "retrying",
    Health.STALE: "interrupted",
    Health.OFFLINE: "expired",
}
"""The colour and icon of a worker's health."""


async def workers(visit: Visit) -> Show:
    """Those that serve a queue that the visitor may see, with what they do there."""
    assert visit.source.workers is not None  # noqa: S101 - or the page would not exist
    rows = [row for row in await visit.source.workers.list() if _seen(visit, row)]
    if not visit.may(Verb.VIEW):
        mine = await _running(visit)
        rows = [_cut(visit, row, mine) for row in rows]
    usual = Counter(row.registry for row in rows if row.registry).most_common(1)
    return Show(
        template="workers.html",
        title="Workers",
        model={"workers": rows},
        also={"badges": BADGES, "usual": usual[0][0] if usual else None},
    )


async def registry(visit: Visit) -> Show:
    """Handlers by name."""
    return Show(template="registry.html", title="Registry", model={"handlers": await handlers(visit)})


async def handlers(visit: Visit) -> Sequence[Handler]:
    """All handlers, or those that are known to workers of queues that the visitor may see."""
    source = visit.source
    known = [] if source.registry is None else await source.registry.list()
    if visit.may(Verb.VIEW):
        return known
    workers = {row.id for row in await source.workers.list() if _seen(visit, row)} if source.workers else set()
    return [
        replace(handler, workers=tuple(name for name in handler.workers if name in workers))
        for handler in known
        if workers & set(handler.workers)
    ]


def _seen(visit: Visit, row: WorkerRow) -> bool:
    return visit.may(Verb.VIEW) or any(visit.may(Verb.VIEW, queue) for queue in row.queues)


async def _running(visit: Visit) -> frozenset[str]:
    """Tasks that run in the queues that the visitor may see; of many the newest."""
    wanted = TaskFilter(phases=frozenset({Phase.RUNNING}), visible=await visit.visible(), limit=MOST_RUNNING)
    page = await visit.source.tasks.list(wanted) if visit.source.tasks else TaskPage(rows=())
    return frozenset(row.id for row in page.rows)


def _cut(visit: Visit, row: WorkerRow, running: frozenset[str]) -> WorkerRow:
    """A worker without the queues and tasks that the visitor may not see."""
    queues = tuple(queue for queue in row.queues if visit.may(Verb.VIEW, queue))
    return replace(row, queues=queues, tasks=tuple(task for task in row.tasks if task in running))


PAGES = (
    Page(name="workers", path="/workers", view=workers, part=Part.WORKERS),
    Page(name="registry", path="/registry", view=registry, part=Part.REGISTRY),
)
