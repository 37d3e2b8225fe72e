"""The dashboard: one ASGI application that a face mounts where it likes."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from ipaddress import ip_address

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from taskcore.auth.principal import Principal
from taskcore.clock import Clock, SystemClock
from taskcore.redaction import Redactor
from taskcore.ui import errors, pages
from taskcore.ui.assets import Assets
from taskcore.ui.page import Page
from taskcore.ui.rendering import renderer
from taskcore.ui.serving import Server
from taskcore.ui.site import Site
from taskcore.ui.source import DashboardSource
from taskcore.ui.tally import Tally

logger = logging.getLogger(__name__)

LOOPBACK = Principal(id="loopback", name="local user", role="admin", via="loopback")


class Dashboard:
    """An ASGI application over ``source``.

    Args:
        access: who may come in. None lets in clients of this very machine alone, as administrators, and says so once.
        environment: a word beside the title; "production" is shown in red.
        redactor: gives a copy of a value that is safe to show; the default one masks what looks like a secret.
        gallery: adds the page of all components, for those who build pages.
    """

    def __init__(
        self,
        source: DashboardSource,
        *,
        access: None = None,
        title: str = "",
        environment: str = "",
        redactor: Redactor | None = None,
        clock: Clock | None = None,
        gallery: bool = False,
    ) -> None:
        clock = clock or SystemClock()
        self.site = Site(
            source=source,
            title=title or source.system,
            environment=environment,
            clock=clock,
            redactor=redactor or Redactor(),
            tally=Tally(source.tasks, clock),
            gallery=gallery,
        )
        self._app = self._assemble()
        if access is None:
            logger.warning("the dashboard of %s has no access control: it answers this machine alone", source.system)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def _assemble(self) -> ASGIApp:
        assets = Assets()
        shown = [page for page in pages.every() if self.site.has(page.part)]
        paths = {page.name: page.path for page in shown}
        server = Server(self.site, renderer(self.site.redactor), paths, assets.root)
        routes = [Route("/static/{digest}/{name:path}", assets.answer), *_routes(server, shown)]
        return LoopbackOnly(Starlette(routes=routes, exception_handlers=errors.handlers(server)))


def _routes(server: Server, shown: Iterable[Page]) -> Iterable[Route]:
    for page in shown:
        yield Route(page.path, _endpoint(server, page), methods=list(page.methods), name=page.name)


def _endpoint(server: Server, page: Page) -> Callable[[Request], Awaitable[Response]]:
    return partial(server.serve, page)


class LoopbackOnly:
    """Recognises clients of this machine as administrators and nobody else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["principal"] = LOOPBACK if _local(scope) else None
        await self._app(scope, receive, send)


def _local(scope: Scope) -> bool:
    host = (scope.get("client") or ("",))[0]
    try:
        return host == "testclient" or ip_address(host).is_loopback
    except ValueError:
        return False
