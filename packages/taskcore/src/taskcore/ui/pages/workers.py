"""Workers, as they last spoke of themselves, and the handlers that somebody could run."""

from collections import Counter

from taskcore.auth.permissions import Verb
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
    assert visit.source.registry is not None  # noqa: S101 - or the page would not exist
    return Show(template="registry.html", title="Registry", model={"handlers": await visit.source.registry.list()})


def _seen(visit: Visit, row: WorkerRow) -> bool:
    return visit.may(Verb.VIEW) or any(visit.may(Verb.VIEW, queue) for queue in row.queues)


PAGES = (
    Page(name="workers", path="/workers", view=workers, part=Part.WORKERS),
    Page(name="registry", path="/registry", view=registry, part=Part.REGISTRY),
)
