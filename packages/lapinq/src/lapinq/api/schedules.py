"""The routes of schedules."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.web import require
from taskcore.web.problems import Problem

from lapinq.api.bodies import object_of
from lapinq.api.desk import desk_of
from lapinq.schedule_rows import Row, ScheduleRows, next_run


async def list_schedules(request: Request) -> Response:
    """Every schedule, the oldest first."""
    require(request, Verb.VIEW)
    return JSONResponse([_document(row) for row in await _rows(request).all()])


async def get_schedule(request: Request) -> Response:
    """One schedule."""
    require(request, Verb.VIEW)
    return JSONResponse(_document(await _rows(request).get(_id(request))))


async def add_schedule(request: Request) -> Response:
    """Add a schedule."""
    found = await object_of(request)
    _require(request, found)
    return JSONResponse(_document(await _rows(request).add(found)), 201)


async def change_schedule(request: Request) -> Response:
    """Change what the body names."""
    rows, id_ = _rows(request), _id(request)
    found = await object_of(request)
    _require(request, await rows.get(id_))
    _require(request, found)
    return JSONResponse(_document(await rows.change(id_, found)))


async def remove_schedule(request: Request) -> Response:
    """Remove a schedule."""
    rows, id_ = _rows(request), _id(request)
    _require(request, await rows.get(id_))
    await rows.remove(id_)
    return JSONResponse({"status": "deleted"})


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


def _require(request: Request, schedule: Mapping[str, Any]) -> None:
    """Refuse callers who may not put tasks into the queue of a schedule."""
    queue = schedule.get("queue_name", "default")
    require(request, Verb.ENQUEUE, Kind.QUEUE, queue if isinstance(queue, str) else "")


def _document(row: Row) -> dict[str, Any]:
    at, problem = next_run(row)
    found = {**row, "id": str(row["id"]), "next_run_at": at, "problem": problem, "metadata": row["metadata"] or {}}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


def routes(prefix: str) -> list[Route]:
    one = f"{prefix}/schedules/{{id}}"
    return [
        Route(f"{prefix}/schedules", list_schedules, methods=["GET"], name="schedules"),
        Route(f"{prefix}/schedules", add_schedule, methods=["POST"], name="schedule.add"),
        Route(one, get_schedule, methods=["GET"], name="schedule"),
        Route(one, change_schedule, methods=["PATCH"], name="schedule.change"),
        Route(one, remove_schedule, methods=["DELETE"], name="schedule.remove"),
    ]
