"""The routes of webhooks: what became of them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from taskcore.auth.permissions import Kind, Verb
from taskcore.web import require

from lapinq.api.desk import desk_of
from lapinq.api.queries import task_id


async def list_webhooks(request: Request) -> Response:
    """The deliveries about a task, with the attempts to make them."""
    require(request, Verb.VIEW)
    found = await desk_of(request).service.webhooks(task_id(request))
    return JSONResponse([delivery.document() for delivery in found])


async def replay(request: Request) -> Response:
    """Deliver again what was delivered, or was given up."""
    service, task = desk_of(request).service, task_id(request)
    require(request, Verb.VIEW)
    require(request, Verb.RETRY, Kind.QUEUE, (await service.get(task)).queue_name)
    await service.redeliver(task, request.path_params["delivery"])
    return JSONResponse({"status": "requeued"})


def routes(prefix: str) -> list[Route]:
    all_ = f"{prefix}/tasks/{{id}}/webhooks"
    return [
        Route(all_, list_webhooks, methods=["GET"], name="task.webhooks"),
        Route(f"{all_}/{{delivery}}/replay", replay, methods=["POST"], name="webhook.replay"),
    ]
