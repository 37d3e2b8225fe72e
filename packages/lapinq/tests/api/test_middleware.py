"""The server's gates in an application of somebody else."""

import httpx
import pytest
from lapinq.server import AuthMiddleware, DashboardAuthMiddleware, RateLimitMiddleware, RequestIDMiddleware, create_app
from lapinq.storage import Storage
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from .conftest import P, client_of

pytestmark = pytest.mark.anyio

SECRET = "a secret that both of the applications know"


def application(*middleware: Middleware, storage: Storage | None = None) -> Starlette:
    def hello(request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    paths = ("/", "/open", f"{P}/mine", "/admin/mine")
    app = Starlette(routes=[Route(path, hello, methods=["GET", "POST"]) for path in paths], middleware=middleware)
    app.state.storage = storage
    return app


async def test_a_key_or_a_session_opens_the_api(open_storage: Storage) -> None:
    theirs = application(Middleware(AuthMiddleware, api_key="sesame", session_secret=SECRET), storage=open_storage)
    ours = create_app(session_secret=SECRET)
    ours.state.storage = open_storage
    async with client_of(ours) as login, client_of(theirs, "203.0.113.7") as client:
        await login.post("/login", data={"username": "lapinq", "password": "lapinq"})
        told = [
            await client.get(f"{P}/mine"),
            await client.get(f"{P}/mine", headers={"X-API-Key": "wrong"}),
            await client.get(f"{P}/mine", headers={"X-API-Key": "sesame"}),
            await client.get(f"{P}/mine", headers={"Cookie": f"lapinq_session={login.cookies['lapinq_session']}"}),
            await client.get("/open"),
        ]

    assert [401, 401, 200, 200, 200] == [answer.status_code for answer in told]
    assert {"error": "unauthorized"} == told[0].json()


@pytest.mark.parametrize("headers", [{}, {"Cookie": "lapinq_session=forged.token"}])
async def test_pages_without_a_session_lead_to_the_login(headers: dict[str, str]) -> None:
    async with client_of(application(Middleware(DashboardAuthMiddleware, session_secret=SECRET))) as client:
        page, form = [await client.request(method, "/admin/mine", headers=headers) for method in ("GET", "POST")]
        other = await client.get("/open", headers=headers)

    assert (307, "/login") == (page.status_code, page.headers["Location"])
    assert (401, {"error": "log in first"}) == (form.status_code, form.json())
    assert 200 == other.status_code


async def test_addresses_are_limited_and_requests_have_ids() -> None:
    app = application(
        Middleware(RequestIDMiddleware), Middleware(RateLimitMiddleware, max_requests=2, window_seconds=9)
    )
    async with client_of(app) as client, client_of(app, "203.0.113.7") as other:
        answers: list[httpx.Response] = [await client.get("/open") for _ in range(3)]
        assert 200 == (await other.get("/open")).status_code

    assert [200, 200, 429] == [answer.status_code for answer in answers]
    assert {"error": "rate limit exceeded"} == answers[-1].json()
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 9
    assert 3 == len({answer.headers["X-Request-ID"] for answer in answers})
