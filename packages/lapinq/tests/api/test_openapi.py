"""The document of the API, and the page that shows it."""

import httpx
import pytest
from lapinq.api.openapi.document import document
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from .conftest import P, client_of

pytestmark = pytest.mark.anyio

FOR_PEOPLE = {
    "/docs", "/redoc", "/docs/static/{digest}/{name:path}", "/logout", "/livez", "/readyz", "/openapi.json",
    "/favicon.ico", "/sw.js", "/dashboard",
}  # fmt: skip
"""What is no part of the API: pages, and what machines look at."""


async def test_every_route_of_the_api_stands_in_the_document(app: Starlette) -> None:
    served = {
        (route.path.replace(":path", ""), method.lower())
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
        if route.path not in FOR_PEOPLE and not route.path.endswith("/html")
    }

    told = {(path, method) for path, operations in document(P)["paths"].items() for method in operations}

    assert served == told


async def test_the_document_names_the_place_where_the_application_is_mounted(
    app: Starlette, client: httpx.AsyncClient
) -> None:
    async with client_of(Starlette(routes=[Mount("/queue", app)]), "203.0.113.7") as outer:
        mounted = (await outer.get("/queue/openapi.json")).json()

    assert ("/queue", "/") == (
        mounted["servers"][0]["url"],
        (await client.get("/openapi.json")).json()["servers"][0]["url"],
    )


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_the_document_is_shown_out_of_this_machine_alone(app: Starlette, path: str) -> None:
    async with client_of(Starlette(routes=[Mount("/queue", app)]), "203.0.113.7") as stranger:
        page = await stranger.get(f"/queue{path}")
        scripts = [part for part in page.text.split('"') if part.endswith(".js")]

        assert 'data-openapi="/queue/openapi.json"' in page.text
        assert "http" not in page.text
        assert [200] * len(scripts) == [(await stranger.get(script)).status_code for script in scripts]
