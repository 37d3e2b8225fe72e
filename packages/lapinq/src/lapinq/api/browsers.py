"""Addresses that browsers ask for by themselves, or from a bookmark."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

FAVICON_PATH = Path(__file__).with_name("static") / "favicon.ico"


async def favicon(request: Request) -> Response:
    """The icon of a tab."""
    return FileResponse(FAVICON_PATH, media_type="image/x-icon", headers={"Cache-Control": "public, max-age=86400"})


async def no_service_worker(request: Request) -> Response:
    """There is none; one that an earlier release left finds nothing to replace it."""
    return Response(status_code=204)


async def dashboard(request: Request) -> Response:
    """Where some documentation looked for the pages."""
    return RedirectResponse(f"{request.scope.get('root_path', '').rstrip('/')}/", 307)


def routes() -> list[Route]:
    return [
        Route("/favicon.ico", favicon, methods=["GET"], name="favicon"),
        Route("/sw.js", no_service_worker, methods=["GET"], name="service-worker"),
        Route("/dashboard", dashboard, methods=["GET"], name="dashboard"),
    ]
