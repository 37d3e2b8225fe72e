"""Headers that tell browsers what a page may do: nothing but what it came with."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
IMMUTABLE = "public, max-age=31536000, immutable"
"""``Cache-Control`` of a file whose address changes with its content."""

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Adds ``headers`` to every answer. One that a route has set itself stays.

    Over https ``hsts`` lets browsers use nothing else for so long, on all ports of the host; None does not.
    """

    def __init__(
        self, app: ASGIApp, headers: Mapping[str, str] = SECURITY_HEADERS, hsts: timedelta | None = None
    ) -> None:
        self._app = app
        self._headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self._over_https = list(self._headers)
        if hsts is not None:
            self._over_https.append((b"strict-transport-security", b"max-age=%d" % hsts.total_seconds()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                names = {name for name, _ in own}
                added = self._over_https if scope["scheme"] == "https" else self._headers
                message["headers"] = own + [each for each in added if each[0] not in names]
            await send(message)

        await self._app(scope, receive, send_with_headers)
