"""The list of tasks: what the URL asks for, a page at a time, and the same as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from taskcore.errors import BadCursor
from taskcore.states import Phase
from taskcore.ui import export
from taskcore.ui.models import Action
from taskcore.ui.models.tasks import TaskFilter, TaskPage, TaskRow
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.pages.workers import handlers
from taskcore.ui.query import LIMITS, Asked, Pairs, Problem, pairs_of, read
from taskcore.ui.site import Part

AGES = ("15m", "1h", "6h", "24h", "7d", "30d")
BULK = (Action.RETRY, Action.CANCEL, Action.DELETE)
MOST_EXPORTED = 100_000
_CHUNK = 500


async def tasks(visit: Visit) -> Show:
    """One page, or the search form with what is wrong about it."""
    asked = read(visit.query.multi_items(), visit.now, await visit.visible())
    page, problems = TaskPage(rows=()), asked.problems
    if not problems:
        try:
            page = await listed(visit, asked.filter)
        except BadCursor as error:
            problems = (Problem("cursor", f"This page of the list cannot be shown: {error}."),)
    return Show(
        template="tasks.html",
        title="Tasks",
        status=422 if problems else 200,
        model={"page": page, "problems": problems},
        also={"asked": asked, **await _toolbar(visit, asked), **_neighbours(visit, asked, page)},
    )


async def listed(visit: Visit, wanted: TaskFilter) -> TaskPage:
    """A page of the source's tasks."""
    assert visit.source.tasks is not None  # noqa: S101 - or the page would not exist
    return await visit.source.tasks.list(wanted)


async def exported(visit: Visit) -> Response:
    """All that the URL asks for, as ``tasks.csv`` or ``tasks.json``, row by row."""
    asked = read(visit.query.multi_items(), visit.now, await visit.visible())
    if asked.problems:
        return Response("\n".join(problem.message for problem in asked.problems), 422, media_type="text/plain")
    wanted = replace(asked.filter, limit=_CHUNK, after=None, before=None)
    form = export.FORMS.get(visit.param("form"))
    if form is None:
        raise HTTPException(404, f"Tasks are exported as {' or '.join(export.FORMS)}.")
    first = await listed(visit, wanted)  # what fails now can still be said
    body = form.write(_every(visit, wanted, first), visit.site.redactor)
    sendable = (text.encode(errors="replace") async for text in body)
    return StreamingResponse(
        sendable, media_type=form.media_type, headers=export.headers(f"tasks.{visit.param('form')}")
    )


async def _every(visit: Visit, wanted: TaskFilter, page: TaskPage) -> AsyncIterator[TaskRow]:
    """The rows of ``page``, the first one, and of those behind it."""
    left = MOST_EXPORTED
    while True:
        for row in page.rows:
            yield row
        left -= len(page.rows)
        if page.older is None or left <= 0:
            return
        page = await listed(visit, replace(wanted, after=page.older, limit=min(_CHUNK, left)))


async def _toolbar(visit: Visit, asked: Asked) -> Mapping[str, object]:
    """What can be chosen: phases with their numbers, queues, names."""
    counts = await visit.counts()
    queues = sorted(counts.by_queue) if counts else []
    chosen = [queue for queue in queues if not asked.filter.queues or queue in asked.filter.queues]
    phases = {
        phase: sum(counts.by_queue[queue].get(phase, 0) for queue in chosen) if counts else None for phase in Phase
    }
    names = [handler.name for handler in await handlers(visit)]
    return {
        "phases": phases,
        "queues": queues,
        "names": names[:200],
        "ages": AGES,
        "limits": LIMITS,
        "counts": counts,
        "nothing_yet": counts is not None and counts.total == 0,
    }


def _neighbours(visit: Visit, asked: Asked, page: TaskPage) -> Mapping[str, object]:
    """Addresses of the pages around, and of everything that was asked for."""
    return {
        "newer": link(visit, asked, [("before", page.newer)]) if page.newer else "",
        "older": link(visit, asked, [("cursor", page.older)]) if page.older else "",
        "first": link(visit, asked) if page.newer or asked.filter.after else "",
        "words": words(asked, page),
        "chips": [
            (_chip(name, value), visit.url("tasks") + query(asked.without(name, value)))
            for name, value in asked.narrowed
        ],
        "matching": matching(asked.filter),
        **_deeds(visit),
        "exports": [
            (form.upper(), visit.url("tasks.export", form=form) + query(asked.narrowed)) for form in export.FORMS
        ],
    }


def matching(wanted: TaskFilter) -> str:
    """``wanted`` as an action takes it instead of targets: the query of its list, at its first page."""
    return query(pairs_of(replace(wanted, after=None, before=None))).removeprefix("?")


def _deeds(visit: Visit) -> Mapping[str, object]:
    """What can be done to selected rows, for those who may do it to some queue: (action, label)."""
    deeds = [(action.value, action.value.capitalize()) for action in BULK if visit.can_anywhere(action)]
    return {"deeds": deeds, "deeds_bar": [(label, visit.url("act", action=action)) for action, label in deeds]}


def link(visit: Visit, asked: Asked, more: Sequence[tuple[str, str | None]] = ()) -> str:
    """The address of this list with other cursors."""
    kept = [pair for pair in asked.pairs if pair[0] not in ("cursor", "before")]
    return visit.url("tasks") + query([*kept, *((name, value) for name, value in more if value)])


def query(pairs: Pairs) -> str:
    """``pairs`` as the query of an address."""
    return export.query(pairs)


def words(asked: Asked, page: TaskPage) -> str:
    """How much of it is shown, as in "1 to 50 of about 12,431"."""
    shown = len(page.rows)
    if page.total is None:
        return f"{shown:,} shown"
    total = f"{page.total:,}" if page.total_exact else f"about {page.total:,}"
    on_first = asked.filter.after is None and page.newer is None
    return f"1 to {shown:,} of {total}" if on_first and shown else f"{shown:,} of {total}"


def _chip(name: str, value: str) -> str:
    return value if name == "q" else f"{name}: {value}"


PAGES = (
    Page(name="tasks", path="/tasks", view=tasks, part=Part.TASKS),
    Page(name="tasks.export", path="/export/tasks/{form}", view=exported, part=Part.TASKS),
)
