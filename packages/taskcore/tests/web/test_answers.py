"""Every answer has an id and headers, also those that report trouble."""

import logging

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from taskcore import errors
from taskcore.web.headers import CSP, IMMUTABLE
from taskcore.web.problems import Details, FieldError, Problem
from taskcore.web.request_ids import RequestIdFilter, current_request_id

from .faces import a_client, a_face

RAISED: dict[str, Exception] = {
    "cursor": errors.BadCursor("the cursor is damaged"),
    "input": errors.InvalidInput("limit must be a number"),
    "absent": errors.TaskNotFound("42"),
    "move": errors.IllegalMove("succeeded", "cancel", "pending"),
    "large": errors.PayloadTooLarge(5, 4),
    "store": errors.StoreUnavailable("postgresql://u:pw@10.0.0.7 does not answer"),
    "token": errors.BadToken("the token was changed"),
    "taken": errors.NameTaken("ann"),
    "refused": errors.NotAllowed("ann may not manage accounts"),
    "often": errors.TooManyAttempts(7),
    "schema": errors.SchemaMismatch("the tables are of release 3"),
    "teapot": HTTPException(418, "short and stout", headers={"X-Pot": "1"}),
    "bug": ZeroDivisionError("secret value 42"),
    "field": Problem(422, "bad", errors=[FieldError(pointer="query.limit", detail="not \ud800 a number")]),
}


async def trouble(request: Request) -> Response:
    raise RAISED[request.path_params["kind"]]


async def static(request: Request) -> Response:
    return Response("x", headers={"Cache-Control": IMMUTABLE})


async def broken_stream(request: Request) -> Response:
    async def chunks() -> object:
        yield b"begun"
        raise ZeroDivisionError("too late")

    return StreamingResponse(chunks())  # type: ignore[arg-type]


ROUTES_BELOW = [Route("/y", static, methods=["POST"])]


def mounted(app: ASGIApp) -> ASGIApp:
    return Starlette(routes=[Mount("/outer", app)])


ROUTES = (
    Route("/trouble/{kind}", trouble),
    Route("/static/app.1a2b.js", static),
    Route("/broken", broken_stream),
)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("cursor", 422, "bad_cursor"),
        ("input", 422, "invalid_input"),
        ("absent", 404, "task_not_found"),
        ("move", 409, "illegal_move"),
        ("large", 413, "payload_too_large"),
        ("store", 503, "store_unavailable"),
        ("token", 401, "bad_token"),
        ("taken", 409, "name_taken"),
        ("refused", 403, "not_allowed"),
        ("often", 429, "too_many_attempts"),
        ("schema", 500, "internal_server_error"),
        ("teapot", 418, "error_418"),
        ("bug", 500, "internal_server_error"),
        ("field", 422, "unprocessable_content"),
    ],
)
async def test_what_a_route_raises_is_told_as_a_problem(kind: str, status: int, code: str) -> None:
    async with a_client(a_face(None, routes=ROUTES)) as client:
        answer = await client.get(f"/trouble/{kind}", headers={"X-Request-ID": "abc-1"})

    told = answer.json()
    assert (status, status, code) == (answer.status_code, told["status"], told["code"])
    assert "application/problem+json" == answer.headers["content-type"]
    assert ("abc-1", f"/trouble/{kind}") == (told["request_id"], told["instance"])
    assert "abc-1" == answer.headers["x-request-id"]
    assert CSP == answer.headers["content-security-policy"]


async def test_headers_of_a_problem_and_its_errors_are_sent() -> None:
    async with a_client(a_face(None, routes=ROUTES)) as client:
        pot = await client.get("/trouble/teapot")
        store = await client.get("/trouble/store")
        often = await client.get("/trouble/often")
        token = await client.get("/trouble/token")
        fields = await client.get("/trouble/field")

    assert ("1", "2", "7") == (pot.headers["x-pot"], store.headers["retry-after"], often.headers["retry-after"])
    assert "Bearer" == token.headers["www-authenticate"]
    assert [{"pointer": "query.limit", "detail": "not \ud800 a number"}] == fields.json()["errors"]


async def test_an_unforeseen_error_is_in_the_log_with_its_request_and_not_in_the_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    async with a_client(a_face(None, routes=ROUTES)) as client:
        answer = await client.get("/trouble/bug", headers={"X-Request-ID": "abc-2"})

    assert "secret" not in answer.text
    assert "abc-2" in answer.json()["detail"]
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert ("abc-2", "secret value 42") == (record.__dict__["request_id"], str(record.exc_info[1]))  # type: ignore[index]


async def test_an_error_within_an_answer_is_the_servers_to_cut() -> None:
    async with a_client(a_face(None, routes=ROUTES)) as client:
        with pytest.raises(ZeroDivisionError):
            await client.get("/broken")


async def test_a_face_writes_problems_in_its_own_shape() -> None:
    def render(details: Details, scope: object) -> Response:
        return Response(f"error={details.code}", details.status, media_type="text/plain")

    async with a_client(a_face(None, render=render), peer="192.0.2.1") as client:
        answer = await client.get("/who")

    assert (403, "error=local_only") == (answer.status_code, answer.text)


async def test_methods_are_told_to_who_asks_for_them() -> None:
    several = [Route("/who", static, methods=["PUT"]), Mount("/below", routes=[Route("/{x}", static), *ROUTES_BELOW])]
    face = a_face(None, routes=several)
    async with a_client(mounted(face)) as client:
        options = await client.options("/outer/who")
        wrong = await client.delete("/outer/below/y")
        head = await client.head("/outer/who")

    assert (204, "GET, HEAD, OPTIONS, PUT") == (options.status_code, options.headers["allow"])
    assert (405, "GET, HEAD, OPTIONS, POST") == (wrong.status_code, wrong.headers["allow"])
    assert 200 == head.status_code


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("A.b_c-9", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("a b", False),
        ("a\tb", False),
        ("<script>", False),
    ],
)
async def test_a_clients_request_id_is_kept_only_if_it_can_do_no_harm(given: str, kept: bool) -> None:
    async with a_client(a_face(None)) as client:
        answer = await client.get("/who", headers={"X-Request-ID": given})

    assert kept == (given == answer.headers["x-request-id"])
    assert answer.headers["x-request-id"]
    assert "" == current_request_id()


async def test_data_is_not_kept_by_browsers_and_hashed_files_are() -> None:
    async with a_client(a_face(None, routes=ROUTES)) as client:
        page, file = await client.get("/who"), await client.get("/static/app.1a2b.js")

    assert ("no-store", IMMUTABLE) == (page.headers["cache-control"], file.headers["cache-control"])
    assert "nosniff" == file.headers["x-content-type-options"]
    assert "same-origin" == page.headers["referrer-policy"] == page.headers["cross-origin-opener-policy"]


async def test_an_address_with_nul_is_refused() -> None:
    async with a_client(a_face(None)) as client:
        assert [400, 400] == [(await client.get(url)).status_code for url in ("/who%00", "/who?a=%00")]
