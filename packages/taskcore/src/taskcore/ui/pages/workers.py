"""Workers, as they last spoke of themselves, and the handlers that somebody could run."""

from collections import Counter
from collections.abc import Sequence

from taskcore.auth.permissions import Verb
from taskcore.ui.models import Handler
from taskcore.ui.models.queues import Health, WorkerRow
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part

BADGES = {
    Health.ONLINE: "succeeded",
    Health.DRAINING: "retrying",
    Health.STALE: "interrupted",
    Health.OFFLINE: "expired",
}
"""The colour and icon of a worker's health."""


async def workers(visit: Visit) -> Show:
    """Those that serve a queue that the visitor may see."""
    assert visit.source.workers is not None  # noqa: S101 - or the page would not exist
    rows = [row for row in await visit.source.workers.list() if _seen(visit, row)]
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
    return [handler for handler in known if workers & set(handler.workers)]


def _seen(visit: Visit, row: WorkerRow) -> bool:
    return visit.may(Verb.VIEW) or any(visit.may(Verb.VIEW, queue) for queue in row.queues)


PAGES = (
    Page(name="workers", path="/workers", view=workers, part=Part.WORKERS),
    Page(name="registry", path="/registry", view=registry, part=Part.REGISTRY),
)
