"""Swagger UI and ReDoc. They come from a CDN, so their pages alone may load from there."""

import re
from base64 import b64encode
from hashlib import sha256

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.responses import HTMLResponse

CDN = "https://cdn.jsdelivr.net"
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def add_pages(app: FastAPI) -> None:
    """Serve both below the application."""

    @app.get("/docs", include_in_schema=False)
    async def swagger(request: Request) -> HTMLResponse:
        return _allowed(
            get_swagger_ui_html(openapi_url=_schema(request), title=app.title, swagger_favicon_url="data:,")
        )

    @app.get("/redoc", include_in_schema=False)
    async def redoc(request: Request) -> HTMLResponse:
        page = get_redoc_html(
            openapi_url=_schema(request), title=app.title, redoc_favicon_url="data:,", with_google_fonts=False
        )
        return _allowed(page)


def _schema(request: Request) -> str:
    return f"{request.scope.get('root_path', '').rstrip('/')}/openapi.json"


def _allowed(page: HTMLResponse) -> HTMLResponse:
    """The page, with a policy that lets its own scripts and the CDN's run, and no others."""
    digests = [b64encode(sha256(script).digest()).decode() for script in _INLINE.findall(bytes(page.body))]
    scripts = " ".join([CDN, *(f"'sha256-{digest}'" for digest in digests)])
    page.headers["content-security-policy"] = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline' {CDN}; img-src 'self' data: {CDN}; "
        "font-src 'self' data:; connect-src 'self'; worker-src blob:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    )
    return page
