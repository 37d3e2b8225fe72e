"""No request is read further than its limit, whatever its headers promise."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskcore.web.problems import Problem

DEFAULT_LIMIT = 1_048_576


class BodyLimit:
    """Answers 413 to a request with more than ``limit`` bytes, counted as they come, so chunked bodies too.

    Starlette's ``RequestBodyLimitMiddleware`` counts alike, but answers in plain text; this one in the face's shape.
    """

    def __init__(self, app: ASGIApp, limit: int = DEFAULT_LIMIT) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        promised = Headers(scope=scope).get("content-length", "0")
        if not promised.isascii() or not promised.isdigit() or int(promised[:19]) > self._limit:
            raise self._too_large()
        size, answered = 0, False

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise self._too_large()
            return message

        async def watched(message: Message) -> None:
            # A framework may take the error for its own and answer 400: nothing that it says now is heard.
            nonlocal answered
            if size <= self._limit or answered:
                answered = True
                await send(message)

        try:
            await self._app(scope, counted, watched)
        finally:
            if size > self._limit and not answered:
                raise self._too_large() from None

    def _too_large(self) -> Problem:
        # The connection stays open: servers read and drop the rest for a while. One that was closed at once would take
        # the answer with it, as TCP resets what is closed with something unread.
        detail = f"the body has more than {self._limit:,} bytes; send less at a time"
        return Problem(413, detail, code="body_too_large")
