"""What visitors see when something is refused or fails: the same words as a page and as JSON."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from taskcore.ui.page import Page, Show, Visit, wants_json
from taskcore.ui.serving import Server
from taskcore.web.problems import Details, Problem, Render, render_problem
from taskcore.web.request_ids import current_request_id

TITLES: Mapping[int, str] = {
    401: "Log in first",
    403: "You may not do that",
    404: "There is no such page",
    405: "That needs a form",
    409: "That is not possible any more",
    413: "That is too much",
    414: "That address is too long",
    422: "That could not be understood",
    429: "Too many attempts",
    500: "Something failed here",
    503: "The store does not answer",
}
HINTS: Mapping[int, str] = {
    401: "Your session may have ended. Nothing was changed.",
    403: "Somebody with the admin role can grant it.",
    404: "It may have been removed by retention, or belong to another backend.",
    422: "Go back, and change the address or the form.",
    429: "Wait a moment before you try again.",
    500: "It was written to the log. Try again; if it stays so, tell whoever runs this, with the request id.",
    503: "The page will work again when the store is back. Nothing that was accepted is lost.",
}


async def _nothing(visit: Visit) -> Show:
    raise Problem(404, "There is nothing here.")


_ANY = Page(name="error", path="", view=_nothing, public=True)


def renderer_of(server: Server) -> Render:
    """Writes problems as pages for people and as problem details for programs."""

    def render(details: Details, scope: Scope) -> Response:
        request = Request(scope)
        if wants_json(request):
            return render_problem(details, scope)
        model = {
            "status": details.status,
            "detail": details.detail,
            "hint": HINTS.get(details.status, ""),
            "request_id": current_request_id(),
            "errors": details.errors,
        }
        title = TITLES.get(details.status, details.title)
        show = Show(template="error.html", title=title, model=model, status=details.status)
        return server.page(server.visit(_ANY, request), show)

    return render
