"""The dashboard: one ASGI application that a face mounts where it likes."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from taskcore.clock import Clock, SystemClock
from taskcore.redaction import Redactor
from taskcore.ui import errors
from taskcore.ui.assets import shipped
from taskcore.ui.page import Page
from taskcore.ui.pages import every
from taskcore.ui.rendering import renderer
from taskcore.ui.serving import Server
from taskcore.ui.site import Site
from taskcore.ui.source import DashboardSource
from taskcore.ui.tally import Tally
from taskcore.ui.watch import Watch
from taskcore.web.access import Access
from taskcore.web.problems import exception_handlers
from taskcore.web.stack import protected


class Dashboard:
    """An ASGI application over ``source``.

    Args:
        access: who may come in. None lets in programs on this very machine alone, as admins, and says so in the log.
        title: on every page; the name of the system unless given.
        environment: a word beside the title; "production" is shown in red.
        pages: those that there may be, where a face has others than ``pages.every()``; their names stay.
        redactor: gives a copy of a value that is safe to show; the default one masks what looks like a secret.
        gallery: adds the page of all components, for those who build pages.
    """

    def __init__(
        self,
        source: DashboardSource,
        *,
        access: Access | None = None,
        title: str = "",
        environment: str = "",
        pages: Iterable[Page] | None = None,
        redactor: Redactor | None = None,
        clock: Clock | None = None,
        gallery: bool = False,
    ) -> None:
        clock = clock or SystemClock()
        tally = Tally(source.tasks, clock)
        self.site = Site(
            source=source,
            title=title or source.system,
            environment=environment,
            clock=clock,
            redactor=redactor or Redactor(),
            tally=tally,
            watch=Watch(source.changes, tally, clock),
            access=access,
            gallery=gallery,
        )
        self._app = self._assemble(every() if pages is None else pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def _assemble(self, every_page: Iterable[Page]) -> Starlette:
        assets = shipped()
        shown = [page for page in every_page if self.site.has(page.part)]
        paths = {page.name: page.path for page in shown}
        server = Server(self.site, renderer(), paths, assets.root)
        render = errors.renderer_of(server)
        return Starlette(
            routes=[Route("/static/{digest}/{name:path}", assets.answer), *_routes(server, shown)],
            middleware=protected(self.site.access, render=render, public=("/static/",)),
            exception_handlers=exception_handlers(render),
        )


def _routes(server: Server, shown: Iterable[Page]) -> Iterable[Route]:
    for page in shown:
        yield Route(page.path, _endpoint(server, page), methods=list(page.methods), name=page.name)


def _endpoint(server: Server, page: Page) -> Callable[[Request], Awaitable[Response]]:
    return partial(server.serve, page)
