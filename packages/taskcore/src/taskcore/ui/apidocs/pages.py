"""Swagger UI and ReDoc, out of this package: the pages ask no other host for anything."""

from collections.abc import Callable
from functools import cache
from html import escape
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from taskcore.ui.assets import Assets

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' "
    "data:; connect-src 'self'; worker-src 'self' blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Both style their elements as they go; scripts are files of this package."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{styles}
<style>body {{ margin: 0; padding: 0 }}</style>
</head>
<body>
<div id="{place}" data-openapi="{openapi}"></div>
{scripts}
</body>
</html>
"""


def routes(title: str) -> list[Route]:
    """``/docs`` and ``/redoc``, which show the ``/openapi.json`` of the same application."""
    return [
        Route(
            "/docs",
            _shown(title, "swagger-ui", ["vendor/swagger-ui.css"], ["vendor/swagger-ui-bundle.js", "swagger.js"]),
        ),
        Route("/redoc", _shown(title, "redoc", [], ["vendor/redoc.standalone.js", "redoc.js"])),
        Route("/docs/static/{digest}/{name:path}", _file),
    ]


def _shown(title: str, place: str, styles: list[str], scripts: list[str]) -> Callable[[Request], Response]:
    def show(request: Request) -> Response:  # in a thread, as the first of them takes a moment to pack its files
        return _page(request, title, place, styles, scripts)

    return show


async def _file(request: Request) -> Response:
    return await _assets().answer(request)


def _page(request: Request, title: str, place: str, styles: list[str], scripts: list[str]) -> HTMLResponse:
    root = request.scope.get("root_path", "").rstrip("/")
    below = escape(f"{root}/docs{_assets().root}")
    page = _PAGE.format(
        title=escape(title),
        place=place,
        openapi=escape(f"{root}/openapi.json"),
        styles="\n".join(f'<link rel="stylesheet" href="{below}/{name}">' for name in styles),
        scripts="\n".join(f'<script src="{below}/{name}"></script>' for name in scripts),
    )
    return HTMLResponse(page, headers={"content-security-policy": _POLICY})


@cache
def _assets() -> Assets:
    return Assets(files("taskcore.ui.apidocs") / "static")
