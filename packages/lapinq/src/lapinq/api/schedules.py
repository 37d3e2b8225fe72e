"""The routes of schedules."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.ids import ScheduleId
from taskcore.models import FireRecord
from taskcore.ui.plain import document
from taskcore.ui.previewing import preview
from taskcore.web import require, require_login
from taskcore.web.problems import Problem

from lapinq.api.bodies import object_of
from lapinq.api.desk import desk_of
from lapinq.api.queries import limit_of
from lapinq.errors import ScheduleNotFound
from lapinq.schedule_rows import Row, ScheduleRows, document_of, told
from lapinq.timing import COLUMNS, Timing

MOST_RUNS = 100
"""Instants that a preview looks ahead."""


async def list_schedules(request: Request) -> Response:
    """Every schedule that the caller may see, the oldest first."""
    by = require_login(request)
    if not by.may_anywhere(Verb.VIEW):
        require(request, Verb.VIEW)
    rows = await _rows(request).all()
    return JSONResponse([document_of(row) for row in rows if by.may(Verb.VIEW, Kind.QUEUE, row["queue_name"])])


async def get_schedule(request: Request) -> Response:
    """One schedule."""
    return JSONResponse(document_of(await _seen(request)))


async def add_schedule(request: Request) -> Response:
    """Add a schedule."""
    found = await object_of(request)
    by = _require(request, found)
    row = await _rows(request).add(found)
    await desk_of(request).note_done(request, by, f"schedule:{row['id']}", told(row))
    return JSONResponse(document_of(row), 201)


async def change_schedule(request: Request) -> Response:
    """Change what the body names."""
    rows, id_ = _rows(request), _id(request)
    found = await object_of(request)
    if "queue_name" in found:  # first, so that a guess is answered alike wherever the schedule is
        _require(request, found)
    return JSONResponse(document_of(await rows.change(id_, found, partial(_require_on, request))))


async def remove_schedule(request: Request) -> Response:
    """Remove a schedule."""
    rows, id_ = _rows(request), _id(request)
    await rows.remove(id_, partial(_require_on, request, verb=Verb.DELETE))
    return JSONResponse({"status": "deleted"})


async def pause(request: Request) -> Response:
    """Put no task until it is resumed."""
    rows, id_ = _rows(request), _id(request)
    await rows.set_enabled(id_, False, partial(_require_on, request, verb=Verb.PAUSE))
    return JSONResponse({"status": "paused"})


async def resume(request: Request) -> Response:
    """Put tasks again, from the next instant on."""
    rows, id_ = _rows(request), _id(request)
    await rows.set_enabled(id_, True, partial(_require_on, request, verb=Verb.PAUSE))
    return JSONResponse({"status": "resumed"})


async def run(request: Request) -> Response:
    """Put its task once more, at once."""
    rows, id_ = _rows(request), _id(request)
    return JSONResponse({"task_id": str(await rows.run(id_, partial(_require_on, request)))}, 201)


async def preview_schedule(request: Request) -> Response:
    """When a schedule would put tasks, before it is added."""
    require_login(request)
    timing = Timing.of({name: value for name, value in request.query_params.items() if name in COLUMNS[:4]})
    found = preview(timing.when, datetime.now(UTC), min(limit_of(request, 5), MOST_RUNS))
    return JSONResponse(document({"words": found.words, "runs": found.runs, "notes": found.notes}, None))


async def runs(request: Request) -> Response:
    """What became of its instants, the newest first."""
    row = await _seen(request)
    fires = await desk_of(request).service.store.fires(ScheduleId(str(row["id"])), limit_of(request))
    return JSONResponse([document(_fire(fire), None) for fire in fires])


def _fire(fire: FireRecord) -> dict[str, object]:
    return {
        "instant": fire.instant,
        "last": fire.last,
        "count": fire.count,
        "task_id": fire.task,
        "skipped": fire.skipped,
    }


def _rows(request: Request) -> ScheduleRows:
    return ScheduleRows(desk_of(request).service)


def _id(request: Request) -> UUID:
    """The id in the path.

    Raises:
        Problem: 400, it is none.
    """
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise Problem(400, "invalid schedule id") from None


async def _seen(request: Request) -> Row:
    """The schedule in the path.

    Raises:
        ScheduleNotFound: there is none that the caller may see.
    """
    by = require_login(request)
    row = await _rows(request).get(_id(request))
    if not by.may(Verb.VIEW, Kind.QUEUE, row["queue_name"]):
        raise ScheduleNotFound
    return row


def _require_on(request: Request, row: Row, verb: Verb = Verb.ENQUEUE) -> None:
    """Refuse callers who may not do this to the queue of a row; one that they may not see does not exist for them.

    Raises:
        Problem: 403. ScheduleNotFound: nor may they see it.
    """
    by, queue = require_login(request), row["queue_name"]
    if not any(by.may(each, Kind.QUEUE, queue) for each in (verb, Verb.VIEW)):
        raise ScheduleNotFound
    _require(request, row, verb)


def _require(request: Request, schedule: Mapping[str, Any], verb: Verb = Verb.ENQUEUE) -> Principal:
    """The caller. Refuses those who may not do this to the queue of a schedule."""
    queue = schedule.get("queue_name", "default")
    return require(request, verb, Kind.QUEUE, queue if isinstance(queue, str) else "")


def routes(prefix: str) -> list[Route]:
    one = f"{prefix}/schedules/{{id}}"
    return [
        Route(f"{prefix}/schedules", list_schedules, methods=["GET"], name="schedules"),
        Route(f"{prefix}/schedules", add_schedule, methods=["POST"], name="schedule.add"),
        Route(f"{prefix}/schedules/preview", preview_schedule, methods=["GET"], name="schedule.preview"),
        Route(one, get_schedule, methods=["GET"], name="schedule"),
        Route(one, change_schedule, methods=["PATCH"], name="schedule.change"),
        Route(one, remove_schedule, methods=["DELETE"], name="schedule.remove"),
        Route(f"{one}/pause", pause, methods=["POST"], name="schedule.pause"),
        Route(f"{one}/resume", resume, methods=["POST"], name="schedule.resume"),
        Route(f"{one}/run", run, methods=["POST"], name="schedule.run"),
        Route(f"{one}/runs", runs, methods=["GET"], name="schedule.runs"),
    ]
