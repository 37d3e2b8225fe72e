"""Writing a schedule: when it fires, which is shown before anything is saved, and what it puts.

``GET`` takes values out of the address, so that the preview is the same page. ``POST`` saves, or with ``do=preview``
only looks.
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.responses import Response

from taskcore.auth.permissions import Verb
from taskcore.errors import InvalidInput
from taskcore.redaction import MASK, Redactor
from taskcore.schedule import Misfire, Overlap
from taskcore.ui.models.forms import Field
from taskcore.ui.moved import moved
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.previewing import preview_of, zones
from taskcore.ui.record import record
from taskcore.ui.site import Part
from taskcore.ui.source import ScheduleEditorPart
from taskcore.ui.targets import may

Values = Mapping[str, str]

FIRST: Values = {
    "cron": "",
    "zone": "UTC",
    "gap": "run_after",
    "fold": "first",
    "misfire": "coalesce",
    "grace": f"{Misfire().grace.total_seconds():g}",
    "overlap": Overlap.ALLOW.value,
    "queue": "default",
}
"""What every schedule has, and how a new one begins."""

CHOICES = {
    "gap": (("run_after", "Run at the first time after it"), ("skip", "Leave it out that day")),
    "fold": (("first", "Run the first time"), ("second", "Run the second time"), ("both", "Run both times")),
    "misfire": (
        ("coalesce", "Run once for all of them"),
        ("all", "Run each of them"),
        ("skip", "Leave them out"),
    ),
    "overlap": (
        ("allow", "Run beside it"),
        ("skip", "Leave this one out"),
        ("queue_one", "Run one when it is finished"),
        ("cancel_other", "Cancel it, and run"),
    ),
}


async def new(visit: Visit) -> Show:
    """An empty form."""
    return _form(visit, None, {**_first(_editor(visit)), **_asked(visit)})


async def edit(visit: Visit) -> Show:
    """What is stored of a schedule."""
    stored = await _stored(visit)
    return _form(visit, visit.param("schedule"), {**_masked(visit, stored), **_asked(visit)})


async def add(visit: Visit) -> Show | Response:
    """Save a new schedule."""
    given = {**_first(_editor(visit)), **await _given(visit)}
    return await _saved(visit, None, given, given)


async def change(visit: Visit) -> Show | Response:
    """Save what was changed of a schedule."""
    stored = await _stored(visit)
    given = {**_masked(visit, stored), **await _given(visit)}
    shown = _masked(visit, stored)
    kept = {name: stored[name] for name, text in given.items() if name in stored and text == shown[name]}
    return await _saved(visit, visit.param("schedule"), given, {**given, **kept})


async def _saved(visit: Visit, schedule: str | None, given: Values, values: Values) -> Show | Response:
    """Save ``values``; when that fails, show ``given`` again, in which secrets are masked."""
    if (await visit.answers()).get("do") == "preview":
        return _form(visit, schedule, given)
    if not visit.may(Verb.ENQUEUE, values["queue"]):
        raise HTTPException(403, f"You need the permission to {Verb.ENQUEUE} in {values['queue']!r:.200} for this.")
    try:
        _check_written_out(values)
        id_ = await _editor(visit).save(schedule, values)
    except InvalidInput as error:
        return _form(visit, schedule, given, str(error))
    if id_ is None:
        raise _gone(visit)
    await record(visit, "schedule.change" if schedule else "schedule.add", f"schedule:{id_}", _told(values))
    return moved(visit, visit.url("schedule", schedule=id_), "The schedule was saved.")


def _form(visit: Visit, schedule: str | None, values: Values, error: str = "") -> Show:
    found = preview_of(values, visit.now)
    fields = _editor(visit).fields
    crumbs = [("Schedules", visit.url("schedules"))]
    if schedule is not None:
        crumbs.append(("The schedule", visit.url("schedule", schedule=schedule)))
    return Show(
        template="schedule_form.html",
        title="New schedule" if schedule is None else "Change the schedule",
        model={"preview": found, "values": values, "error": error},
        also={
            "fields": fields,
            "blamed": _blamed(error, (*FIRST, *(field.name for field in fields))),
            "choices": CHOICES,
            "zones": zones(),
            "target": visit.url("schedule.add")
            if schedule is None
            else visit.url("schedule.change", schedule=schedule),
            "back": visit.url("schedules") if schedule is None else visit.url("schedule", schedule=schedule),
        },
        crumbs=tuple(crumbs),
        status=422 if error else 200,
        plain=True,  # what is secret is masked already, and stays so until it is written anew
    )


async def _stored(visit: Visit) -> Values:
    """The values of the schedule in the path, if the visitor may change it."""
    assert visit.source.schedules is not None  # noqa: S101 - who can write schedules can list them
    id_ = visit.param("schedule")
    detail = await visit.source.schedules.get(id_)
    values = await _editor(visit).values(id_)
    if detail is None or values is None or not may(visit, Verb.VIEW, detail.row):
        raise _gone(visit)
    if not may(visit, Verb.ENQUEUE, detail.row):
        raise HTTPException(403, f"You need the permission to {Verb.ENQUEUE} in {detail.row.queue!r:.200} for this.")
    return values


def _gone(visit: Visit) -> HTTPException:
    return HTTPException(404, f"There is no schedule {visit.param('schedule')!r:.200}. It may have been removed.")


def _editor(visit: Visit) -> ScheduleEditorPart:
    assert visit.source.editor is not None  # noqa: S101 - or the page would not exist
    return visit.source.editor


def _first(editor: ScheduleEditorPart) -> dict[str, str]:
    return {**FIRST, **{field.name: field.value for field in editor.fields}}


def _asked(visit: Visit) -> dict[str, str]:
    return {name: value for name, value in visit.query.items() if name in FIRST}


async def _given(visit: Visit) -> dict[str, str]:
    """What was filled in. A flag that is not ticked is not sent."""
    names = {**FIRST, **{field.name: "" for field in _editor(visit).fields}}
    given = {
        name: value.strip().replace("\r\n", "\n") for name, value in (await visit.answers()).items() if name in names
    }
    flags = {field.name: "" for field in _editor(visit).fields if field.type == "flag"}
    return {**flags, **given}


def _masked(visit: Visit, stored: Values) -> dict[str, str]:
    """The values as they are shown."""
    kinds = {field.name: field for field in _editor(visit).fields}
    return {name: _shown(kinds.get(name), text, visit.site.redactor) for name, text in stored.items()}


def _shown(field: Field | None, text: str, redactor: Redactor) -> str:
    if field is not None and field.type == "json" and text:
        with suppress(ValueError):
            return json.dumps(redactor(json.loads(text)), ensure_ascii=False, indent=2)
    return redactor.text(text)


def _check_written_out(values: Values) -> None:
    """Raises InvalidInput for a value in which a mask would take the place of a secret."""
    for name, text in values.items():
        if MASK in text:
            raise InvalidInput(f"{name} has {MASK} for a secret: write that out, or leave all as it was")


def _blamed(error: str, names: tuple[str, ...]) -> str:
    """The name of the field that an error is about, if it says so at once; what is chosen from a list has no room for
    it."""
    words = error.split()[:2]
    return next((name for name in names if name not in CHOICES and name in words), "")


def _told(values: Values) -> str:
    return f"{values['cron']} ({values['zone'] or 'UTC'}) on {values['queue']}"


PAGES = (
    Page(name="schedule.new", path="/schedules/new", view=new, needs=Verb.ENQUEUE, part=Part.EDITOR),
    Page(name="schedule.add", path="/schedules/new", view=add, methods=("POST",), needs=Verb.ENQUEUE, part=Part.EDITOR),
    Page(name="schedule.edit", path="/schedules/{schedule}/edit", view=edit, needs=Verb.ENQUEUE, part=Part.EDITOR),
    Page(
        name="schedule.change",
        path="/schedules/{schedule}/edit",
        view=change,
        methods=("POST",),
        needs=Verb.ENQUEUE,
        part=Part.EDITOR,
    ),
)
