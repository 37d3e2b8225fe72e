"""What visitors see when something is refused or fails: the same words as a page, as a fragment and as JSON."""

import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from taskcore.errors import InvalidInput, StoreUnavailable, TaskcoreError
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.serving import Server, wants_json

logger = logging.getLogger(__name__)

TITLES: Mapping[int, str] = {
    401: "Log in first",
    403: "You may not do that",
    404: "There is no such page",
    405: "That needs a form",
    409: "That is not possible any more",
    422: "That could not be understood",
    429: "Too many attempts",
    503: "The store does not answer",
}
HINTS: Mapping[int, str] = {
    403: "Somebody with the admin role can grant it.",
    404: "It may have been removed by retention, or belong to another backend.",
    422: "Go back and change the address or the form.",
    503: "The page will work again when the store is back. Nothing that was accepted is lost.",
}


async def nothing(visit: Visit) -> Show:
    raise HTTPException(404)


_ANY = Page(name="error", path="", view=nothing, public=True)


def handlers(server: Server) -> dict[Any, Any]:
    """For ``Starlette(exception_handlers=...)``."""

    async def answer(request: Request, error: Exception) -> Response:
        status, detail = _status(error)
        title = TITLES.get(status, "Something failed here")
        if wants_json(request):
            return JSONResponse({"title": title, "status": status, "detail": detail}, status)
        visit = server.visit(_ANY, request)
        model = {"status": status, "detail": detail, "hint": HINTS.get(status, "")}
        return await server.show(visit, Show(template="error.html", title=title, model=model, status=status))

    return {HTTPException: answer, TaskcoreError: answer}


def _status(error: Exception) -> tuple[int, str]:
    match error:
        case HTTPException():
            return error.status_code, error.detail
        case InvalidInput():
            return 422, str(error)
        case StoreUnavailable():
            return 503, str(error)
        case _:
            logger.error("a page failed", exc_info=error)
            return 500, ""
