"""The routes of queues."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.models import QueueControl
from taskcore.models.task import check_name
from taskcore.web import require, require_login
from taskcore.web.problems import Problem

from lapinq.api.bodies import object_of
from lapinq.api.desk import desk_of


async def list_queues(request: Request) -> Response:
    """How many tasks of each queue that the caller may see have which status, and how it is held back."""
    by = require_login(request)
    if not by.may_anywhere(Verb.VIEW):
        require(request, Verb.VIEW)
    service = desk_of(request).service
    controls = {control.queue: control for control in await service.store.controls()}
    found = [(stats, controls.get(stats.queue_name)) for stats in await service.queues()]
    seen = [each for each in found if by.may(Verb.VIEW, Kind.QUEUE, each[0].queue_name)]
    return JSONResponse(
        [
            {**stats.document(), "paused": bool(held and held.paused), "concurrency": held and held.concurrency}
            for stats, held in seen
        ]
    )


async def pause(request: Request) -> Response:
    """Hand out no task of a queue until it is resumed; what runs goes on."""
    queue = _queue(request)
    await desk_of(request).service.store.pause(queue)
    return JSONResponse({"status": "paused"})


async def resume(request: Request) -> Response:
    """Hand out tasks of a queue again."""
    queue = _queue(request)
    await desk_of(request).service.store.resume(queue)
    return JSONResponse({"status": "resumed"})


async def limit(request: Request) -> Response:
    """Let so many tasks of a queue run at the same time, on all workers together; null is no limit."""
    queue = _queue(request)
    found = await object_of(request)
    if "concurrency" not in found:
        raise Problem(400, "concurrency is required: a whole number of 1 or more, or null")
    concurrency = found["concurrency"]
    QueueControl(queue=queue, concurrency=concurrency)  # which checks it
    await desk_of(request).service.store.limit(queue, concurrency)
    return JSONResponse({"status": "unlimited" if concurrency is None else "limited"})


def _queue(request: Request) -> str:
    """The queue in the path, if the caller may hold it back.

    Raises:
        Problem: 403, they may not. InvalidInput: it is no name.
    """
    queue: str = request.path_params["queue"]
    check_name("queue", queue)
    require(request, Verb.PAUSE, Kind.QUEUE, queue)
    return queue


def routes(prefix: str) -> list[Route]:
    one = f"{prefix}/queues/{{queue:path}}"  # names may have slashes
    return [
        Route(f"{prefix}/queues", list_queues, methods=["GET"], name="queues"),
        Route(f"{one}/pause", pause, methods=["POST"], name="queue.pause"),
        Route(f"{one}/resume", resume, methods=["POST"], name="queue.resume"),
        Route(f"{one}/limit", limit, methods=["POST"], name="queue.limit"),
    ]
