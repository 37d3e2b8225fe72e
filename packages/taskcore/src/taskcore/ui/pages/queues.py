"""Queues: how full each is by phase, what holds it back, who serves it."""

from taskcore.auth.permissions import Verb
from taskcore.states import Phase
from taskcore.ui.models.queues import QueueRow
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.pauses import explained
from taskcore.ui.site import Part
from taskcore.ui.svg_charts import state_bar

COLUMNS = (Phase.SCHEDULED, Phase.QUEUED, Phase.RUNNING, Phase.RETRYING, Phase.SUCCEEDED, Phase.FAILED)


async def queues(visit: Visit) -> Show:
    """The matrix; each number leads to the tasks that it counts."""
    assert visit.source.queues is not None  # noqa: S101 - or the page would not exist
    seen = [row for row in await visit.source.queues.list() if visit.may(Verb.VIEW, row.name)]
    rows = [await explained(row, visit.site.accounts) for row in seen]
    return Show(
        template="queues.html",
        title="Queues",
        model={"queues": rows},
        also={
            "columns": COLUMNS,
            "bars": {row.name: state_bar(row.counts) for row in rows},
            "unserved": [row for row in rows if unserved(row)],
            "paused": [row for row in rows if row.paused],
        },
    )


def unserved(row: QueueRow) -> bool:
    """Whether tasks wait that no worker will take."""
    return row.workers == 0 and row.counts.get(Phase.QUEUED, 0) + row.counts.get(Phase.RETRYING, 0) > 0


PAGES = (Page(name="queues", path="/queues", view=queues, part=Part.QUEUES),)
