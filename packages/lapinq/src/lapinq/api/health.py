"""The routes that anybody may ask: whether the server is well, and its metrics."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lapinq.api.desk import Desk, desk_of


async def health(request: Request) -> Response:
    """Whether the database answers."""
    findings = await desk_of(request).health.findings()
    if trouble := findings["database"].trouble:
        return JSONResponse({"status": "error", "database": trouble}, 503)
    return JSONResponse({"status": "ok", "database": "connected"})


async def metrics(request: Request) -> Response:
    """What Prometheus scrapes."""
    desk = desk_of(request)
    if getattr(desk.state, "storage", None) is not None:
        desk.telemetry.follow(desk.service)
    body, content_type = await desk.telemetry.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})


def routes(desk: Desk) -> list[Route]:
    return [
        Route("/health", health, methods=["GET"], name="health"),
        Route("/metrics", metrics, methods=["GET"], name="metrics"),
        *desk.health.routes(),
    ]
