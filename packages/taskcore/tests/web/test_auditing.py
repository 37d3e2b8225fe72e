"""Whatever changes something is in the audit log by the time its sender knows, and refusals cannot fill it."""

import logging
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from taskcore.auth.auditing import Origin
from taskcore.auth.permissions import Verb
from taskcore.auth.principal import Principal
from taskcore.errors import StoreUnavailable
from taskcore.testing import FakeClock
from taskcore.web import require
from taskcore.web.access import Access
from taskcore.web.auditing import AuditWrites, audited
from taskcore.web.problems import exception_handlers
from taskcore.web.stack import protected

from .faces import ROUTES, Known, a_client

ANN = {"Cookie": "tc_session=ann-session"}


@dataclass
class Book:
    """An audit log in a list."""

    entries: list[tuple[str, str, str, str]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    fails: Exception | None = None

    async def note(self, by: Principal, action: str, target: str = "", detail: str = "", *, origin: Origin) -> None:
        if self.fails:
            raise self.fails
        self.entries.append((by.id, action, target, detail))
        self.origins.append(origin)


async def pause(request: Request) -> Response:
    require(request, Verb.PAUSE, name=request.path_params["queue"])
    return JSONResponse("paused")


async def replay(request: Request) -> Response:
    audited(request)
    return JSONResponse("replayed")


async def fail(request: Request) -> Response:
    raise ZeroDivisionError


def a_noted_face(book: Book, clock: FakeClock | None = None) -> Starlette:
    queues = [
        Route("/{queue}/pause", pause, methods=["POST"], name="queue.pause"),
        Route("/{queue}/replay", replay, methods=["POST"], name="queue.replay"),
        Route("/{queue}/fail", fail, methods=["POST"], name="queue.fail"),
    ]
    return Starlette(
        routes=[*ROUTES, Mount("/queues", routes=queues)],
        middleware=[
            *protected(Access(chain=Known())),
            Middleware(AuditWrites, note=book.note, exempt=("/quiet",), clock=clock or FakeClock()),
        ],
        exception_handlers=exception_handlers(),
    )


async def test_a_write_is_noted_once_with_who_what_and_from_where() -> None:
    book = Book()
    async with a_client(a_noted_face(book)) as client:
        await client.get("/who", headers=ANN)
        await client.post("/queues/mail/pause", headers=ANN | {"X-Request-ID": "r-1", "User-Agent": "a browser"})

    assert [("1", "queue.pause", "/queues/mail/pause", "POST answered 200")] == book.entries
    assert [Origin(peer="127.0.0.1", user_agent="a browser", request_id="r-1")] == book.origins


async def test_refusals_and_failures_are_noted_as_what_they_are() -> None:
    book = Book()
    async with a_client(a_noted_face(book)) as client:
        await client.post("/queues/mail/pause")
        await client.post("/queues/mail/pause", headers={"X-API-Key": "bob-key"})
        await client.post("/queues/mail/fail", headers=ANN)
        await client.post("/nowhere", headers=ANN)

    assert [
        ("", "queue.pause", "/queues/mail/pause", "POST answered 401"),
        ("2", "queue.pause", "/queues/mail/pause", "POST answered 403"),
        ("1", "queue.fail", "/queues/mail/fail", "POST answered 500"),
        ("1", "request", "/nowhere", "POST answered 404"),
    ] == book.entries


async def test_a_route_that_writes_its_own_entry_gets_no_second_one_and_neither_do_exempt_paths() -> None:
    book = Book()
    async with a_client(a_noted_face(book)) as client:
        await client.post("/queues/mail/replay", headers=ANN)
        await client.post("/quiet", headers=ANN)

    assert [] == book.entries


async def test_refusals_are_noted_up_to_a_number_and_counted_beyond() -> None:
    book, clock = Book(), FakeClock()
    async with a_client(a_noted_face(book, clock)) as client:
        for _ in range(100):
            await client.post("/queues/mail/pause")
        await client.post("/queues/mail/pause", headers=ANN)
        clock.advance(60)
        await client.post("/queues/mail/pause")

    assert 30 + 1 + 1 == len(book.entries)
    assert ("1", "POST answered 200") == (book.entries[30][0], book.entries[30][3])
    assert "POST answered 401; 70 more refused before it" == book.entries[31][3]


async def test_what_was_done_stays_done_when_the_log_is_away_and_the_programs_log_has_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book = Book(fails=StoreUnavailable("away"))
    async with a_client(a_noted_face(book)) as client:
        answer = await client.post("/queues/mail/pause", headers=ANN)

    assert 200 == answer.status_code
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert "1 did queue.pause to '/queues/mail/pause': POST answered 200" in record.getMessage()
