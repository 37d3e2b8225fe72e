"""Errors in the shape that the API documents: ``{"error": "<text>"}``."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope
from taskcore.errors import AccountNotFound, NameTaken, PayloadTooLarge, TaskNotFound
from taskcore.web.problems import Details, Problem, exception_handlers, response_to

from lapinq.errors import KeyTaken, NotFailed, NotPending, ScheduleNotFound

NOT_FOUND = "task not found"

_TEXTS: Mapping[str, str] = {
    "not_authenticated": "unauthorized",
    "rate_limited": "rate limit exceeded",
}


def render(details: Details, scope: Scope) -> Response:
    """A problem of the web kit as this API tells it: input that is not valid is 400 here."""
    status = 400 if details.status == 422 else details.status
    # Escaped, since a detail may quote text that no encoding has.
    body = json.dumps({"error": _TEXTS.get(details.code, details.detail)}, separators=(",", ":"))
    return Response(body, status, media_type="application/json")


def handlers() -> dict[Any, Any]:
    """For ``Starlette(exception_handlers=...)``."""
    own = dict.fromkeys(
        (TaskNotFound, NotPending, NotFailed, ScheduleNotFound, KeyTaken, NameTaken, AccountNotFound, PayloadTooLarge),
        _answer,
    )
    return {**exception_handlers(render), **own}


async def _answer(request: Request, error: Exception) -> Response:
    return response_to(_told(error), request.scope, render)


def _told(error: Exception) -> Problem:
    match error:
        case TaskNotFound():
            return Problem(404, NOT_FOUND, code=error.code)
        case NotPending() | NotFailed() | ScheduleNotFound():
            return Problem(404, str(error), code=error.code)
        case KeyTaken():
            return Problem(409, str(error), code=error.code)
        case AccountNotFound():
            return Problem(404, f"{error.kind} not found", code=error.code)
        case NameTaken():
            return Problem(400, str(error), code=error.code)
        case PayloadTooLarge():
            return too_large(error.limit)
        case _:
            raise error


def too_large(most: int) -> Problem:
    """What a request is told that has more than ``most`` bytes."""
    return Problem(413, f"payload too large (max {most} bytes)", code="payload_too_large")
