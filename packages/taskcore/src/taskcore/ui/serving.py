"""From a request to an answer: who asks, may they, what did they ask for, and in which form.

Every page goes through here, so that one that forgets to ask about permission is still closed: a view runs only after
its page's ``needs`` are met.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from taskcore.auth.permissions import Verb
from taskcore.auth.principal import Principal
from taskcore.ui import flash, navigation, shortcuts
from taskcore.ui.links import Links
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.plain import document
from taskcore.ui.preferences import COOKIE, Preferences
from taskcore.ui.rendering import Renderer
from taskcore.ui.site import Site
from taskcore.ui.tally import by_phase
from taskcore.web.principals import principal_of, unauthorized
from taskcore.web.problems import Problem

MAX_QUERY = 8_192
"""Pages link to themselves, once for each button: a long address makes a page that is longer a thousand times."""

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
        if len(request.scope["query_string"]) > MAX_QUERY:
            raise Problem(414, f"an address has at most {MAX_QUERY:,} characters behind its question mark")
        visit = self.visit(page, request)
        if not page.public:
            if visit.principal is None:
                return _please_log_in(visit)
            if page.needs is not None and not visit.principal.may_anywhere(page.needs):
                raise Problem(403, f"You need the permission to {page.needs} for this page.")
        begun = self.site.clock.monotonic()
        answer = await page.view(visit)
        if not isinstance(answer, Response):
            answer = await self.show(visit, answer)
            answer.headers["Server-Timing"] = f"page;dur={(self.site.clock.monotonic() - begun) * 1000:.1f}"
        return answer

    def visit(self, page: Page, request: Request) -> Visit:
        links = Links(quote(request.scope.get("root_path", "").rstrip("/")), self.paths, self.static_root)
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
        if visit.wants_json:
            found = document(show.model, None if show.plain else self.site.redactor)
            text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            headers = {**_PRIVATE, **show.headers}
            return Response(_sendable(text), show.status, headers, media_type="application/json")
        if visit.fragment and (block := self._fragment(visit, show, visit.fragment)):
            return block
        if visit.principal:
            await self.site.tally.counts()
        return self.page(visit, show)

    def page(self, visit: Visit, show: Show) -> Response:
        """``show`` as a whole page, with the numbers that were last known."""
        items = navigation.navigation(visit, self.paths, self.site.tally.latest)
        keys = shortcuts.shortcuts((item.entry.letter, item.entry.page, item.entry.title) for item in items)
        toast = flash.read(visit.request)
        counts = self.site.tally.latest if visit.may(Verb.VIEW) else None
        frame = {
            "phases": by_phase(counts) if counts else {},
            "nav": items,
            "keys": keys,
            "toast": toast,
            "down_since": self.site.tally.down_since,
        }
        variables = {**show.also, **show.model, **self._always(visit), "show": show, "frame": frame}
        text = self.renderer.page(f"pages/{show.template}", variables)
        answer = HTMLResponse(_sendable(text), show.status, headers={**_PRIVATE, **show.headers})
        if toast:
            flash.forget(answer, visit.url.root)
        return answer

    def _fragment(self, visit: Visit, show: Show, name: str) -> Response | None:
        """A part of the page, or 304 to somebody who has it already."""
        variables = {**show.also, **show.model, **self._always(visit), "show": show}
        block = self.renderer.fragment(f"pages/{show.template}", name, variables)
        if block is None:
            return None
        text = _sendable(block)
        tag = f'"{sha256(text).hexdigest()[:20]}"'
        headers = {**_PRIVATE, "ETag": tag}
        if visit.request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(text, show.status, headers=headers)

    def _always(self, visit: Visit) -> dict[str, object]:
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
            "live_position": self.site.watch.position,
        }


def _sendable(text: str) -> bytes:
    """``text`` in UTF-8. Halves of surrogate pairs, as file names that are no text have them, become "?"."""
    return text.encode(errors="replace")


def _principal(request: Request) -> Principal | None:
    """Nobody, also where the middleware has refused the request before it asked who it is."""
    try:
        return principal_of(request)
    except RuntimeError:
        return None


def _please_log_in(visit: Visit) -> Response:
    """People are sent to the login and come back afterwards; programs, fragments and scripts get 401."""
    if visit.wants_json or visit.fragment or visit.request.method != "GET" or "login" not in visit.url.paths:
        raise unauthorized()
    here = visit.here()
    behind = "" if here == f"{visit.url.root}/" else f"?next={quote(here)}"  # which is where the login leads anyway
    return RedirectResponse(visit.url("login") + behind, 303, headers=_PRIVATE)
