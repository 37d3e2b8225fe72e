"""``GET /openapi.json``."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lapinq import __version__
from lapinq.api.access import COOKIE
from lapinq.api.desk import desk_of
from lapinq.api.openapi.operations import of_health, of_keys, of_people, of_queues, of_schedules, of_tasks, of_webhooks
from lapinq.api.openapi.schemas import SCHEMAS


def document(prefix: str, root: str = "") -> dict[str, Any]:
    """The whole document.

    Args:
        prefix: of the API's paths.
        root: where the application is mounted.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lapinq", "version": __version__, "description": "A task queue on PostgreSQL."},
        "servers": [{"url": root or "/"}],
        "paths": {
            **of_tasks(prefix),
            **of_queues(prefix),
            **of_schedules(prefix),
            **of_webhooks(prefix),
            **of_keys(prefix),
            **of_people(),
            **of_health(),
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE.name},
            },
        },
        "security": [{"key": []}, {"session": []}],
    }


async def openapi(request: Request) -> Response:
    """What this application answers."""
    prefix = desk_of(request).settings.api_prefix
    return JSONResponse(document(prefix, request.scope.get("root_path", "").rstrip("/")))


def routes() -> list[Route]:
    return [Route("/openapi.json", openapi, methods=["GET"], name="openapi")]
