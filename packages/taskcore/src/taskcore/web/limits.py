"""How often one caller may ask."""

from collections.abc import Callable, Collection

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskcore.ratelimit import RateLimiter, Verdict, address_key
from taskcore.web.paths import path_below_root
from taskcore.web.principals import principal_of
from taskcore.web.problems import Problem
from taskcore.web.proxies import peer_of


class RateLimits:
    """Answers 429 to callers over their rate, and tells all how much of it is left.

    Counted are the requests of one credential, and those of one address where nobody was recognised: so wrong keys
    count, and who tries many is stopped. Below ``Authentication``. Logins have a throttle of their own, ``Accounts``'.

    Paths below ``exempt`` (health checks, static files) are not counted. ``key`` says otherwise under which key a
    request is counted.
    """

    def __init__(
        self,
        app: ASGIApp,
        limiter: RateLimiter,
        *,
        exempt: Collection[str] = (),
        key: Callable[[Scope], str] | None = None,
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._exempt = tuple(exempt)
        self._key = key or caller_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_below_root(scope).startswith(self._exempt):
            await self._app(scope, receive, send)
            return
        verdict = await self._limiter.hit(self._key(scope))
        headers = self._headers(verdict)
        if not verdict.allowed:
            detail = f"at most {self._limiter.rate} are answered; try again in {verdict.retry_after} s"
            headers["Retry-After"] = str(verdict.retry_after)
            raise Problem(429, detail, code="rate_limited", headers=headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers(self, verdict: Verdict) -> dict[str, str]:
        seconds = self._limiter.rate.seconds
        return {
            "RateLimit-Policy": f"{verdict.limit};w={seconds}",
            "RateLimit-Limit": str(verdict.limit),
            "RateLimit-Remaining": str(verdict.remaining),
            "RateLimit-Reset": str(verdict.retry_after or seconds),
        }


def caller_key(scope: Scope) -> str:
    """Under which key the requests of a caller are counted."""
    principal = principal_of(scope)
    if principal is None:
        return address_key(peer_of(scope))
    return f"{principal.via}:{principal.credential or principal.id}"
