"""Errors in the shape that the API documents: ``{"detail": ...}``, a text, or a list for input that is not valid."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response
from starlette.types import Scope
from taskcore.errors import IllegalMove
from taskcore.web.problems import Details, Problem, exception_handlers, response_to

from taskmq.errors import JobNotFound, NotSupported, ScheduleExists, ScheduleNotFound, UniqueKeyTaken

_MISSING = {"msg": "field required", "type": "value_error.missing"}
"""The words of the documentation, which are older than those of pydantic."""

_NO_OBJECT = {"msg": "a JSON object was expected"}
_NO_BODY = {"msg": "a JSON object was expected, sent as Content-Type: application/json"}

_WORDS = {
    "missing": _MISSING,
    "extra_forbidden": {"msg": "unknown field; /docs names those that are known"},
    "model_type": _NO_OBJECT,
    "model_attributes_type": _NO_OBJECT,
}
_TOLD = 100
"""Mistakes of one request that are told."""
_LONGEST = 80
"""Characters of a field's name that are told; a client may send any."""

_TEXTS: Mapping[tuple[int, str], str] = {
    (401, "bad_credentials"): "Invalid credentials",
    (403, "forbidden"): "Insufficient permissions",
}


def render(details: Details, scope: Scope) -> Response:
    """A problem of the web kit as this API tells it. A refused token is never told what is wrong with it."""
    if details.status == 401:
        return _answer(401, _TEXTS.get((401, details.code), "Invalid or missing token"))
    if details.status == 422:
        return _answer(422, [{"loc": ["body"], "msg": details.detail, "type": details.code}])
    return _answer(details.status, _TEXTS.get((details.status, details.code), details.detail))


def handlers() -> dict[Any, Any]:
    """For ``FastAPI(exception_handlers=...)``."""
    own = {
        RequestValidationError: _invalid,
        JobNotFound: _not_found,
        IllegalMove: _wrong_state,
        NotSupported: _told_as(501),
        ScheduleNotFound: _told_as(404),
        ScheduleExists: _told_as(409),
        UniqueKeyTaken: _told_as(409),
    }
    return {**exception_handlers(render), **own}


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = [_told(each) for each in error.errors()[:_TOLD]]
    if {"loc": ["body", "payload"], **_MISSING} in found:
        return _answer(400, "Missing payload")
    return _answer(422, found)


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
    """Where and what, without the input: it is the caller's own, of any size, and may be secret."""
    place = [part[:_LONGEST] if isinstance(part, str) else part for part in error["loc"]]
    words = _WORDS.get(error["type"], {})
    if place == ["body"] and words in (_MISSING, _NO_OBJECT):
        words = _NO_BODY
    return {"loc": place, "msg": error["msg"], "type": error["type"], **words}


async def _not_found(request: Request, error: JobNotFound) -> Response:
    return response_to(Problem(404, "Job not found"), request.scope, render)


async def _wrong_state(request: Request, error: IllegalMove) -> Response:
    detail = f"cannot {error.event} a job that is {error.state}; that needs one that is {error.allowed}"
    return response_to(Problem(409, detail, code=error.code), request.scope, render)


def _told_as(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answers with the words of the error."""

    async def told(request: Request, error: Exception) -> Response:
        return response_to(Problem(status, str(error), code=getattr(error, "code", "")), request.scope, render)

    return told


def _answer(status: int, detail: str | Sequence[Mapping[str, Any]]) -> Response:
    # Escaped, since a detail may quote text that no encoding has.
    return Response(json.dumps({"detail": detail}), status, media_type="application/json")
