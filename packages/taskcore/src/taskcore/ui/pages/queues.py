"""Queues: how full each is by phase, what holds it back, who serves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from taskcore.auth.permissions import Verb
from taskcore.states import Phase
from taskcore.ui import charting
from taskcore.ui.models import Series
from taskcore.ui.models.queues import QueueRow
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.pauses import explained
from taskcore.ui.site import Part
from taskcore.ui.svg import Node
from taskcore.ui.svg_charts import spark, state_bar

MOST_HOURS = 25
"""Queues whose last hour is looked up."""
COLUMNS = (Phase.SCHEDULED, Phase.QUEUED, Phase.RUNNING, Phase.RETRYING, Phase.SUCCEEDED, Phase.FAILED)


@dataclass(frozen=True, slots=True)
class Hour:
    """Attempts that ended in the last hour, as a line and a minute; and how long 95 of 100 tasks waited, in seconds."""

    line: Node
    rate: float
    wait_p95: float | None


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
            "bars": {row.name: state_bar(row.counts, 110, 6) for row in rows},
            "unserved": [row for row in rows if unserved(row)],
            "paused": [row for row in rows if row.paused],
            "hours": await _hours(visit, rows),
        },
    )


async def _hours(visit: Visit, rows: Sequence[QueueRow]) -> Mapping[str, Hour]:
    """The last hour of each queue, where somebody counts and there are not too many."""
    part = visit.source.series
    if part is None or len(rows) > MOST_HOURS:
        return {}
    span = (visit.now - timedelta(hours=1), visit.now, timedelta(minutes=5))
    series = {row.name: await part.series(*span, queue=row.name) for row in rows}
    return {name: _hour(each) for name, each in series.items()}


def _hour(series: Series) -> Hour:
    ended = [float(sum(point.counts.get(word, 0) for word in charting.OUTCOMES)) for point in series.points]
    return Hour(spark(ended, 64), sum(ended) / 60, charting.summary(series.points).wait_p95)


def unserved(row: QueueRow) -> bool:
    """Whether tasks wait that no worker will take."""
    return row.workers == 0 and row.counts.get(Phase.QUEUED, 0) + row.counts.get(Phase.RETRYING, 0) > 0


PAGES = (Page(name="queues", path="/queues", view=queues, part=Part.QUEUES),)
