"""The routes of tasks: lists, one of them, and what can be done to it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.errors import TaskNotFound
from taskcore.models import Attempt, LogLine
from taskcore.states import Event
from taskcore.web import require, require_login
from taskcore.web.paging import Total, page_headers
from taskcore.web.problems import Problem

from lapinq.api.bodies import object_of
from lapinq.api.desk import desk_of
from lapinq.api.queries import cursor_of, filter_of, limit_of, task_id
from lapinq.errors import NotFinished
from lapinq.service import Service
from lapinq.tables import Filter
from lapinq.task import Task

NOT_PENDING = "task not found or not pending"
NOT_FAILED = "task not found or not failed"
_OUTCOMES = {
    Event.SUCCEED: "completed",
    Event.FAIL: "failed",
    Event.RETRY: "retried",
    Event.RELEASE: "released",
    Event.LOSE: "lost",
    Event.CANCEL: "cancelled",
    Event.INTERRUPT: "interrupted",
}


async def list_tasks(request: Request) -> Response:
    """Tasks, newest first."""
    return await _listing(request, filter_of(request))


async def list_failed(request: Request) -> Response:
    """The dead letter queue."""
    return await _listing(request, Filter(queue=request.query_params.get("queue") or None, status="failed"))


async def get_task(request: Request) -> Response:
    """One task."""
    await require_sight(request)
    service = desk_of(request).service
    task = await service.get(task_id(request))
    return JSONResponse(task.document(await _now(service, [task])))


async def get_result(request: Request) -> Response:
    """How a task has ended; 200 with its status, too, when it has not."""
    await require_sight(request)
    try:
        task = await desk_of(request).service.result(task_id(request))
    except NotFinished as unfinished:
        return JSONResponse({"error": str(unfinished), "status": unfinished.status})
    return JSONResponse(task.outcome())


async def cancel_pending(request: Request) -> Response:
    """Cancel a task that has not begun."""
    desk, task = desk_of(request), task_id(request)
    await _require_on(request, Verb.CANCEL, task, otherwise=NOT_PENDING)
    await desk.service.cancel(task)
    return JSONResponse({"status": "cancelled"})


async def cancel(request: Request) -> Response:
    """Cancel a task that has not begun, or ask one that runs to stop."""
    desk, task = desk_of(request), task_id(request)
    await _require_on(request, Verb.CANCEL, task)
    status = await desk.service.stop(task)
    return JSONResponse({"status": status}, 202 if status == "cancelling" else 200)


async def requeue(request: Request) -> Response:
    """Make a failed task pending again."""
    desk, task = desk_of(request), task_id(request)
    await _require_on(request, Verb.RETRY, task, otherwise=NOT_FAILED)
    await desk.service.requeue(task)
    return JSONResponse({"status": "requeued"})


async def set_progress(request: Request) -> Response:
    """Say how far a task is."""
    desk, task = desk_of(request), task_id(request)
    found = await object_of(request)
    progress, message = found.get("progress"), found.get("message")
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        raise Problem(400, "progress is required (0-100)")
    if not isinstance(message, str | None):
        raise Problem(400, "message must be text")
    await _require_on(request, Verb.ENQUEUE, task)
    await desk.service.set_progress(task, progress, message)
    return JSONResponse({"status": "ok"})


async def attempts(request: Request) -> Response:
    """The executions of a task, first to last."""
    await require_sight(request)
    found = await desk_of(request).service.attempts(task_id(request))
    return JSONResponse([_attempt(each) for each in found])


async def logs(request: Request) -> Response:
    """The newest lines that a task has left, oldest first."""
    await require_sight(request)
    found = await desk_of(request).service.logs(task_id(request), limit_of(request, 100))
    return JSONResponse([_line(each) for each in found])


async def _listing(request: Request, wanted: Filter) -> Response:
    require(request, Verb.VIEW, Kind.QUEUE, wanted.queue or "")
    desk, limit, cursor = desk_of(request), limit_of(request), cursor_of(request)
    page = await desk.service.list(wanted, limit=limit, cursor=cursor)
    now = await _now(desk.service, page.items)
    total = len(page.items) if not (cursor or page.next_cursor) else await desk.service.total(wanted)
    headers = page_headers(request, next_cursor=page.next_cursor, total=None if total is None else Total(count=total))
    return JSONResponse([task.document(now) for task in page.items], headers=dict(headers))


async def _now(service: Service, tasks: Iterable[Task]) -> datetime:
    """The instant as of which a time to live is told; the database is asked only where somebody has one."""
    return await service.now() if any(task.ttl_seconds for task in tasks) else datetime.now(UTC)


async def require_sight(request: Request) -> None:
    """Refuse callers who may see neither every task nor those of the queue of the one in the path.

    Raises:
        Problem: 403. Problem: 400, it is no id.
    """
    if not require_login(request).may(Verb.VIEW):
        await _require_on(request, Verb.VIEW, task_id(request))


async def _require_on(request: Request, verb: Verb, task: UUID, *, otherwise: str = "") -> Principal:
    """The caller, if they may do ``verb`` to the queue of a task.

    Raises:
        Problem: 403, they may not; or they may not see it, and are told neither its queue nor whether it exists.
            404, there is no such task.
    """
    by = require_login(request)
    try:
        queue = (await desk_of(request).service.get(task)).queue_name
    except TaskNotFound:
        require(request, Verb.VIEW)
        raise Problem(404, otherwise or "task not found") from None
    if not by.may(verb, Kind.QUEUE, queue) and not by.may(Verb.VIEW, Kind.QUEUE, queue):
        require(request, Verb.VIEW)
    return require(request, verb, Kind.QUEUE, queue)


def _attempt(attempt: Attempt) -> dict[str, object]:
    ended = attempt.ended
    return {
        "attempt": attempt.number,
        "worker_id": attempt.worker,
        "started_at": attempt.started_at.isoformat(),
        "finished_at": attempt.finished_at.isoformat() if attempt.finished_at else None,
        "outcome": "running" if ended is None else _OUTCOMES.get(ended, ended.value),
        "result": attempt.result,
        "error": attempt.error.message if attempt.error else None,
        "traceback": attempt.error.traceback or None if attempt.error else None,
    }


def _line(line: LogLine) -> dict[str, object]:
    return {"attempt": line.attempt, "at": line.at.isoformat(), "level": line.level, "message": line.message}


def routes(prefix: str) -> list[Route]:
    one = f"{prefix}/tasks/{{id}}"
    return [
        Route(f"{prefix}/tasks", list_tasks, methods=["GET"], name="tasks"),
        Route(f"{prefix}/tasks/failed", list_failed, methods=["GET"], name="tasks.failed"),
        Route(one, get_task, methods=["GET"], name="task"),
        Route(one, cancel_pending, methods=["DELETE"], name="task.cancel"),
        Route(f"{one}/cancel", cancel, methods=["POST"], name="task.cancel"),
        Route(f"{one}/requeue", requeue, methods=["POST"], name="task.retry"),
        Route(f"{one}/progress", set_progress, methods=["PATCH"], name="task.progress"),
        Route(f"{one}/result", get_result, methods=["GET"], name="task.result"),
        Route(f"{one}/attempts", attempts, methods=["GET"], name="task.attempts"),
        Route(f"{one}/logs", logs, methods=["GET"], name="task.logs"),
    ]
