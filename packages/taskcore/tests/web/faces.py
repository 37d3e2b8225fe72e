"""A small face to try the kit on, and callers it knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp
from taskcore.auth.chain import Credentials
from taskcore.auth.permissions import ADMIN, VIEWER
from taskcore.auth.principal import Principal
from taskcore.web.access import Access
from taskcore.web.principals import principal_of
from taskcore.web.problems import exception_handlers
from taskcore.web.stack import protected

ANN = Principal(id="1", name="ann", role=ADMIN, via="session", credential="s1")
BOB = Principal(id="2", name="bob", role=VIEWER, via="key", credential="k2")


@dataclass
class Known:
    """An authenticator that knows these secrets; whatever is put into ``fails`` is raised."""

    sessions: dict[str, Principal] = field(default_factory=lambda: {"ann-session": ANN})
    keys: dict[str, Principal] = field(default_factory=lambda: {"bob-key": BOB})
    passwords: Mapping[tuple[str, str], Principal] = field(default_factory=lambda: {("ann", "p:w"): ANN})
    fails: Exception | None = None
    asked: list[Credentials] = field(default_factory=list)

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        self.asked.append(credentials)
        if self.fails is not None:
            raise self.fails
        return (
            self.sessions.get(credentials.session or "")
            or self.keys.get(credentials.bearer or credentials.api_key or "")
            or self.passwords.get(credentials.basic or ("", ""))
        )


async def who(request: Request) -> Response:
    principal = principal_of(request)
    return JSONResponse({"name": principal.name if principal else None, "client": request.client and request.client[0]})


async def written(request: Request) -> Response:
    return JSONResponse({"bytes": len(await request.body())})


ROUTES = (Route("/who", who), Route("/write", written, methods=["POST", "PUT"], name="write"))


def a_face(access: Access | None, *, routes: Sequence[BaseRoute] = (), **options: object) -> Starlette:
    return Starlette(
        routes=[*ROUTES, *routes],
        middleware=protected(access, **options),  # type: ignore[arg-type]
        exception_handlers=exception_handlers(),
    )


def a_client(app: ASGIApp, peer: str = "127.0.0.1", base: str = "http://localhost") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, client=(peer, 4711))
    return httpx2.AsyncClient(transport=transport, base_url=base)
