"""Whether the process lives, and whether it should be sent work: ``/livez`` and ``/readyz``.

Anybody may ask, so let both paths be ``public``. Strangers hear one word; what failed and why is told to callers whose
credentials are good.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from taskcore.clock import Clock, SystemClock
from taskcore.errors import TaskcoreError
from taskcore.web.principals import recognised_again

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[object]]
"""Returns when all is well, and raises when it is not."""

CHECK_SECONDS = 1.0
FRESH_SECONDS = 1.0
"""How long an answer serves those who ask again: probes of strangers cost a store next to nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one check; ``trouble`` is "" when all is well."""

    trouble: str
    seconds: float


class Health:
    """Asks all checks at once, each for a second at most. ``drain`` lets balancers know before the process stops."""

    def __init__(
        self, checks: Mapping[str, Check], *, seconds: float = CHECK_SECONDS, clock: Clock | None = None
    ) -> None:
        self._checks = dict(checks)
        self._seconds = seconds
        self._clock = clock or SystemClock()
        self._draining = False
        self._asking: asyncio.Task[Mapping[str, Finding]] | None = None
        self._asked_at = 0.0

    def routes(self) -> list[Route]:
        """To put below any prefix."""
        return [Route("/livez", self.live, name="livez"), Route("/readyz", self.ready, name="readyz")]

    def drain(self) -> None:
        """Answer 503 from now on: no new work, please."""
        self._draining = True

    async def live(self, request: Request) -> Response:
        """200 as long as the event loop turns. No store is asked: one that is away is no reason to kill the process."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """200 when every check passes, 503 otherwise and while draining."""
        findings = {} if self._draining else await self.findings()
        failed = any(finding.trouble for finding in findings.values())
        status = "draining" if self._draining else "unavailable" if failed else "ok"
        body: dict[str, Any] = {"status": status}
        if await _is_known(request):
            body["checks"] = {
                name: {"status": finding.trouble or "ok", "seconds": round(finding.seconds, 3)}
                for name, finding in findings.items()
            }
        return JSONResponse(body, 200 if status == "ok" else 503)

    async def findings(self) -> Mapping[str, Finding]:
        """What became of each check, not older than a second. Who asks meanwhile waits for the same answer."""
        now = self._clock.monotonic()
        if self._asking is None or (self._asking.done() and now - self._asked_at >= FRESH_SECONDS):
            self._asking, self._asked_at = asyncio.create_task(self._ask()), now
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Mapping[str, Finding]:
        found = await asyncio.gather(*(self._one(name, check) for name, check in self._checks.items()))
        return dict(zip(self._checks, found, strict=True))

    async def _one(self, name: str, check: Check) -> Finding:
        started, trouble = self._clock.monotonic(), ""
        try:
            async with asyncio.timeout(self._seconds):
                await check()
        except TimeoutError:
            trouble = f"no answer within {self._seconds:g} s"
        except TaskcoreError as error:
            trouble = error.code
        except Exception as error:
            trouble = type(error).__name__
            logger.warning("the check %r failed", name, exc_info=error)
        return Finding(trouble, self._clock.monotonic() - started)


async def _is_known(request: Request) -> bool:
    """Whether the caller is recognised; a store that is away makes nobody of everybody, and is told of anyway."""
    try:
        return await recognised_again(request) is not None
    except TaskcoreError:
        return False
