"""One task: what became of it, attempt by attempt, and all that is known of it."""

from collections.abc import Mapping

from taskcore.auth.permissions import Verb
from taskcore.errors import TaskNotFound
from taskcore.states import Phase
from taskcore.ui.fingerprint import fingerprint
from taskcore.ui.happenings import ENDS, happenings
from taskcore.ui.models import LogRow
from taskcore.ui.models.tasks import AttemptRow, TaskDetail
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part
from taskcore.ui.svg_timeline import stretches, timeline

TABS = ("summary", "arguments", "result", "error", "logs", "events")
MOST_LINES = 2_000


async def task(visit: Visit) -> Show:
    """The page. A task in a queue that the visitor may not see does not exist for them."""
    detail = await found(visit, visit.param("task"))
    tab = visit.query.get("tab", "")
    tab = tab if tab in TABS else _first_tab(detail)
    pieces = stretches(detail, visit.now)
    lines = await _lines(visit, detail) if tab == "logs" else ()
    events = await happenings(detail, visit.site.accounts) if tab == "events" else ()
    return Show(
        template="task.html",
        title=detail.row.name,
        model={"task": detail, "logs": lines, "events": events},
        also={
            "row": detail.row,
            "ends": ENDS,
            "tab": tab,
            "tabs": [(name.capitalize(), visit.here(tab=name), name == tab) for name in TABS],
            "picture": timeline(pieces),
            "pieces": pieces,
            "attempt": _chosen(detail, visit.query.get("attempt", "")),
            "levels": list(dict.fromkeys(line.level for line in lines)),
            "trouble": await _trouble(visit, detail),
        },
        crumbs=(("Tasks", visit.url("tasks")),),
    )


async def found(visit: Visit, id_: str) -> TaskDetail:
    """The task that a visitor asks for.

    Raises:
        TaskNotFound: there is none, or none that the visitor may see.
    """
    assert visit.source.tasks is not None  # noqa: S101 - or the page would not exist
    detail = await visit.source.tasks.get(id_)
    if detail is None or not visit.may(Verb.VIEW, detail.row.queue):
        raise TaskNotFound(id_)
    return detail


def _first_tab(detail: TaskDetail) -> str:
    return "error" if detail.row.phase in (Phase.FAILED, Phase.RETRYING, Phase.INTERRUPTED) else "summary"


def _chosen(detail: TaskDetail, number: str) -> AttemptRow | None:
    """The attempt whose error is shown: the one that was asked for, or the last one that has an error."""
    asked = [attempt for attempt in detail.attempts if str(attempt.number) == number]
    return next(iter(asked), None) or next((each for each in reversed(detail.attempts) if each.error), None)


async def _lines(visit: Visit, detail: TaskDetail) -> tuple[LogRow, ...]:
    assert visit.source.tasks is not None  # noqa: S101
    lines = await visit.source.tasks.logs(detail.row.id, MOST_LINES)
    return tuple(lines)


async def _trouble(visit: Visit, detail: TaskDetail) -> Mapping[str, object]:
    """What the banners say: why it waits, that it is stuck, that it is asked to stop."""
    error = detail.row.error
    return {
        "wait": detail.row.wait_reason,
        "stuck": detail.stale,
        "stopping": detail.cancel_requested and detail.row.phase is Phase.RUNNING,
        "mark": fingerprint(error.type, error.message) if error else "",
    }


PAGES = (Page(name="task", path="/tasks/{task}", view=task, part=Part.TASKS),)
