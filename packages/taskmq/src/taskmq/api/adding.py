"""The route by which jobs come in. It is the one that is called all the time."""

import json
from contextlib import suppress
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from taskcore.auth.permissions import Kind, Verb
from taskcore.auth.principal import Principal
from taskcore.web import require
from taskcore.web.auth import origin_of
from taskcore.web.documents import document_of

from taskmq.api.answers import answers
from taskmq.api.callers import may
from taskmq.api.desk import Desk
from taskmq.api.injected import Here, desk_of
from taskmq.api.schemas.adding import AddJob, JobAdded
from taskmq.vocabulary import QUEUE

REPLAYED = "Idempotent-Replayed"
"""The header of an answer about a job that an earlier request has stored."""


class BriefRoute(APIRoute):
    """A route that reads its request itself: what FastAPI does for that takes longer than to store the job.

    The signature of the endpoint is the documentation.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app = _answer


async def add_job(
    wanted: AddJob,
    request: Request,
    desk: Here,
    by: Annotated[Principal, may(Verb.ENQUEUE)],
    idempotency_key: Annotated[
        str | None,
        Header(max_length=200, description="While a job with this key is kept, it is the answer, and none is stored."),
    ] = None,
) -> Response:
    """Store a job; it is on disk when this answers."""
    inserted = await desk.add(wanted.content(), wanted.options(idempotency_key), by, origin_of(request))
    answer = JobAdded(job_id=inserted.job_id, payload=wanted.payload, priority=wanted.priority)
    headers = None if inserted.created else {REPLAYED: "true"}
    return Response(answer.model_dump_json(), headers=headers, media_type="application/json")


def add_route(app: FastAPI) -> None:
    """Serve it before all others, and not out of a router that is included: each of those is looked through."""
    app.router.add_api_route(
        "/add-job",
        add_job,
        methods=["POST"],
        summary="Add a job",
        tags=["basics"],
        response_model=JobAdded,
        responses=answers(401, 403, 413, 422, 501),
        route_class_override=BriefRoute,
    )


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive, send)
    by = require(request, Verb.ENQUEUE, Kind.QUEUE, QUEUE)
    wanted = await _wanted(request)
    desk: Desk = await desk_of(request)
    response = await add_job(wanted, request, desk, by, request.headers.get("idempotency-key"))
    await response(scope, receive, send)


async def _wanted(request: Request) -> AddJob:
    """The body, with FastAPI's words for what is wrong with it."""
    try:
        return AddJob.model_validate(await _document(request))
    except json.JSONDecodeError as error:
        raise RequestValidationError([_at(error)]) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from None


async def _document(request: Request) -> Any:
    if not _is_json(request):
        return await request.body() or None
    with suppress(LookupError):
        return document_of(request.scope)
    body = await request.body()
    return json.loads(body) if body else None


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _at(error: json.JSONDecodeError) -> dict[str, object]:
    return {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error"}
