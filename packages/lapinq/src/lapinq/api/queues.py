"""The routes of queues."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.models.task import check_name
from taskcore.web import require

from lapinq.api.desk import desk_of


async def list_queues(request: Request) -> Response:
    """How many tasks of each queue have which status, and whether it is paused."""
    require(request, Verb.VIEW)
    service = desk_of(request).service
    paused = {control.queue for control in await service.store.controls() if control.paused}
    found = [{**stats.document(), "paused": stats.queue_name in paused} for stats in await service.queues()]
    return JSONResponse(found)


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
    ]
