"""From a request to an answer: who asks, may they, what did they ask for, and in which form.

Every page goes through here, so that one that forgets to ask about permission is still closed: a view runs only after
its page's ``needs`` are met.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from taskcore.auth.principal import Principal
from taskcore.ui import flash, navigation, shortcuts
from taskcore.ui.links import Links
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.plain import document
from taskcore.ui.preferences import COOKIE, Preferences
from taskcore.ui.rendering import Renderer
from taskcore.ui.site import Site

_PRIVATE = {"Cache-Control": "no-store", "Vary": "Accept, HX-Target, Cookie"}


@dataclass(frozen=True, slots=True)
class Server:
    """Answers for the pages of one site. ``paths`` are page name -> path pattern."""

    site: Site
    renderer: Renderer
    paths: Mapping[str, str]
    static_root: str

    async def serve(self, page: Page, request: Request) -> Response:
        """The answer of ``page``, if the visitor may see it."""
        visit = self.visit(page, request)
        if not page.public:
            if visit.principal is None:
                return _please_log_in(visit)
            if page.needs is not None and not visit.principal.may_anywhere(page.needs):
                raise HTTPException(403, f"You need the permission to {page.needs} for this page.")
        answer = await page.view(visit)
        return answer if isinstance(answer, Response) else await self.show(visit, answer)

    def visit(self, page: Page, request: Request) -> Visit:
        links = Links(request.scope.get("root_path", "").rstrip("/"), self.paths, self.static_root)
        return Visit(
            site=self.site,
            request=request,
            page=page,
            principal=_principal(request),
            now=self.site.clock.now(),
            url=links,
            preferences=Preferences.load(request.cookies.get(COOKIE)),
        )

    async def show(self, visit: Visit, show: Show) -> Response:
        """``show`` as JSON, as the fragment that was asked for, or as the page."""
        if wants_json(visit.request):
            found = document(show.model, None if show.plain else self.site.redactor)
            return JSONResponse(found, show.status, headers=_PRIVATE)
        template = f"pages/{show.template}"
        variables = {**self._frame(visit), **show.also, **show.model, "show": show}
        if visit.fragment:
            block = self.renderer.fragment(template, visit.fragment, variables)
            if block is not None:
                return HTMLResponse(block, show.status, headers=_PRIVATE)
        counts = await self.site.tally.counts() if visit.principal else None
        items = navigation.navigation(visit, self.paths, counts)
        keys = shortcuts.shortcuts((item.entry.letter, item.entry.page, item.entry.title) for item in items)
        toast = flash.read(visit.request)
        variables |= {"nav": items, "keys": keys, "toast": toast, "down_since": self.site.tally.down_since}
        answer = HTMLResponse(self.renderer.page(template, variables), show.status, headers=_PRIVATE)
        if toast:
            flash.forget(answer, visit.url.root)
        return answer

    def _frame(self, visit: Visit) -> dict[str, object]:
        """What every template can rely on."""
        return {
            "visit": visit,
            "site": self.site,
            "source": self.site.source,
            "url": visit.url,
            "here": visit.here,
            "may": visit.may,
            "can": visit.can,
            "now": visit.now,
            "preferences": visit.preferences,
            "pages": self.paths,
        }


def wants_json(request: Request) -> bool:
    """Whether a program asks: JSON is accepted, and pages are not named before it."""
    accepted = request.headers.get("Accept", "")
    at = accepted.find("application/json")
    return at >= 0 and not 0 <= accepted.find("text/html") < at


def _principal(request: Request) -> Principal | None:
    found = request.scope.get("state", {}).get("principal")
    return found if isinstance(found, Principal) else None


def _please_log_in(visit: Visit) -> Response:
    """People are sent to the login and come back afterwards; programs, fragments and scripts get 401."""
    if wants_json(visit.request) or visit.fragment or visit.request.method != "GET" or "login" not in visit.url.paths:
        raise HTTPException(401, "Log in first.")
    back = visit.request.url.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
    return RedirectResponse(f"{visit.url('login')}?next={quote(back)}", 303, headers=_PRIVATE)
