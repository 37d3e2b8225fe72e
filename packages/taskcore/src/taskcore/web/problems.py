"""Errors as RFC 9457 problem details: one value, one exception, and how a face writes them down.

``ProblemsMiddleware`` answers what nobody else has answered. An error that was not foreseen becomes a 500 with the
request's id; its traceback goes to the log and never to the client.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from taskcore import errors
from taskcore.errors import TaskcoreError
from taskcore.web.methods import allowed_methods, remember_root
from taskcore.web.request_ids import current_request_id

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_BEGINNINGS = {"http.response.start", "websocket.accept", "websocket.close", "websocket.http.response.start"}
_DENIAL = "websocket.http.response"

CHALLENGE: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}
"""What an answer 401 names as the way in."""
STORE_RETRY_SECONDS = 2
"""What a client is told to wait for a store that cannot be reached."""

STATUSES: Mapping[type[TaskcoreError], int] = {
    errors.InvalidInput: 422,
    errors.PayloadTooLarge: 413,
    errors.TaskNotFound: 404,
    errors.AccountNotFound: 404,
    errors.HandlerNotFound: 422,
    errors.IllegalMove: 409,
    errors.NameTaken: 409,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.TooManyAttempts: 429,
    errors.LastAdmin: 409,
    errors.LeaseLost: 409,
    errors.StoreUnavailable: 503,
}
"""The status of each error of the core; of a class that is missing, its base decides, and 500 at last."""

TITLES: Mapping[int, str] = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Content too large",
    414: "Address too long",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    500: "Internal server error",
    503: "Service unavailable",
}
"""What a status is called; the standard library's words change from release to release. Codes are made of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one part of the input. ``pointer`` is where, as in ``query.limit`` or ``body.items[2]``."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What went wrong, for a renderer.

    Attributes:
        status: of the HTTP answer.
        code: stable, for machines, as in "bad_cursor".
        detail: for people: what was expected, what came, and what to do. Never a secret.
        title: the same for every problem with this status.
        type: a URI that identifies the kind of problem.
        headers: that the answer needs, as ``Retry-After``.
    """

    status: int
    code: str
    detail: str
    title: str = ""
    type: str = "about:blank"
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Problem(TaskcoreError):
    """An answer other than success, raised wherever it is noticed."""

    code = "problem"

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        title = TITLES.get(status, f"Error {status}")
        self.details = Details(
            status=status,
            code=code or title.lower().replace(" ", "_"),
            detail=detail,
            title=title,
            errors=tuple(errors),
            headers=headers or {},
        )

    def __str__(self) -> str:
        return f"{self.details.status}: {self.details.detail}"


Render = Callable[[Details, Scope], Response]
"""Writes a problem down in a face's own documented shape; the headers of the details are added to what it returns."""


def render_problem(details: Details, scope: Scope) -> Response:
    """The shape of RFC 9457."""
    body: dict[str, Any] = {
        "type": details.type,
        "title": details.title,
        "status": details.status,
        "detail": details.detail,
        "instance": quote(scope["path"]),
        "code": details.code,
        "request_id": current_request_id(),
    }
    if details.errors:
        body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in details.errors]
    # Escaped, since a detail may quote text that no encoding has.
    return Response(json.dumps(body), details.status, media_type=MEDIA_TYPE)


def details_of(error: Exception) -> Details | None:
    """How ``error`` is told to a client; None for one that nobody foresaw."""
    match error:
        case Problem():
            return error.details
        case HTTPException():
            headers = dict(error.headers or {})
            return Problem(error.status_code, str(error.detail), headers=headers).details
        case TaskcoreError():
            return _of_core(error)
        case _:
            return None


def response_to(error: Exception, scope: Scope, render: Render = render_problem) -> Response:
    """The answer to ``error``; an unforeseen one is logged."""
    details = details_of(error)
    if details is None:
        logger.error("request failed: %s %r", scope.get("method"), scope["path"], exc_info=error)
        details = Problem(500, f"something failed here; the log has more under {current_request_id()!r}").details
    if details.status == HTTPStatus.METHOD_NOT_ALLOWED:
        # FastAPI keeps included routers to itself, but says what the one that fitted allows.
        told = set(filter(None, re.split(r"[,\s]+", details.headers.get("Allow", ""))))
        allow = ", ".join(sorted(allowed_methods(scope) | told | {"OPTIONS"}))
        if scope["method"] == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allow})
        details = replace(details, headers={**details.headers, "Allow": allow})
    response = render(details, scope)
    response.headers.update(details.headers)
    return response


def exception_handlers(render: Render = render_problem) -> dict[Any, Any]:
    """For ``Starlette(exception_handlers=...)`` and FastAPI's: what routes raise, in the shape of the middleware."""

    async def answer(connection: Request | WebSocket, error: Exception) -> Response:
        return response_to(error, connection.scope, render)

    return {HTTPException: answer, TaskcoreError: answer}


class ProblemsMiddleware:
    """Answers what the application raises. Once an answer has begun, the error goes on to the server, which cuts it.

    A WebSocket that is not accepted yet is refused with the same answer; later it is closed with 4000 + the status.
    """

    def __init__(self, app: ASGIApp, render: Render = render_problem) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        remember_root(scope)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] in _BEGINNINGS
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            if not begun:  # nobody reads it, but a server wants an answer from us
                await Response(status_code=400)(scope, receive, send)
        except WebSocketDisconnect:
            return
        except Exception as error:
            if begun and scope["type"] == "http":
                raise
            await self._answer(error, begun, scope, receive, send)

    async def _answer(self, error: Exception, accepted: bool, scope: Scope, receive: Receive, send: Send) -> None:
        response = response_to(error, scope, self._render)
        if scope["type"] == "http" or (not accepted and _DENIAL in scope.get("extensions", {})):
            await response(scope, receive, send)
        else:
            # Before it is accepted, a close is what servers answer with a plain 403.
            await send({"type": "websocket.close", "code": 4000 + response.status_code, "reason": ""})


def _of_core(error: TaskcoreError) -> Details | None:
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), None)
    if status is None:
        return None
    detail, headers = str(error), {}
    match error:
        case errors.StoreUnavailable():
            logger.warning("answered 503: %s", error)  # with addresses that are none of a client's business
            detail = f"the store cannot be reached; try again in {STORE_RETRY_SECONDS} s"
            headers["Retry-After"] = str(STORE_RETRY_SECONDS)
        case errors.TooManyAttempts():
            headers["Retry-After"] = str(error.retry_after)
        case errors.NotAuthenticated():
            headers.update(CHALLENGE)
        case _:
            pass
    return Problem(status, detail, code=error.code, headers=headers).details
