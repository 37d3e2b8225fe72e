"""One line in the audit log for each request that changes something, before its answer is sent."""

import logging
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskcore.auth.auditing import NOBODY, Origin
from taskcore.auth.principal import Principal
from taskcore.clock import Clock, SystemClock
from taskcore.web.auth import origin_of
from taskcore.web.csrf import SAFE_METHODS
from taskcore.web.paths import path_below_root
from taskcore.web.principals import principal_of
from taskcore.web.problems import details_of

logger = logging.getLogger(__name__)

REFUSALS_PER_MINUTE = 30

_DONE = "audited"


class Note(Protocol):
    """Writes an entry; ``Accounts.audit`` is one."""

    async def __call__(
        self, by: Principal, action: str, target: str = "", detail: str = "", *, origin: Origin
    ) -> object: ...


def audited(connection: Mapping[str, Any]) -> None:
    """Say that a route has written its own entry, which tells more than the middleware could."""
    connection["state"][_DONE] = True


class AuditWrites:
    """Notes unsafe requests: who, the route's name, the path, the status, from where. Below ``Authentication``.

    Of requests that were refused or failed, which anybody can send by the million, it notes ``refusals`` a minute, and
    how many it left out. An entry that cannot be written does not undo what was done; it goes to the program's log.

    Paths below ``exempt`` are left to routes that write their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        note: Note,
        *,
        exempt: Collection[str] = (),
        refusals: int = REFUSALS_PER_MINUTE,
        clock: Clock | None = None,
    ) -> None:
        self._app = app
        self._note = note
        self._exempt = tuple(exempt)
        self._refusals = _Refusals(refusals, clock or SystemClock())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        path, noted = path_below_root(scope), False

        async def noting(message: Message) -> None:
            nonlocal noted
            if message["type"] == "http.response.start" and not noted:
                noted = True
                await self._write(scope, path, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if not noted:
                details = details_of(error)
                await self._write(scope, path, details.status if details else 500)
            raise

    async def _write(self, scope: Scope, path: str, status: int) -> None:
        if scope["state"].get(_DONE) or path.startswith(self._exempt):
            return
        detail = f"{scope['method']} answered {status}"
        if status >= 400:
            left_out = self._refusals.left_out()
            if left_out is None:
                return
            detail += f"; {left_out} more refused before it" if left_out else ""
        by = principal_of(scope) or NOBODY
        action = getattr(scope.get("route"), "name", None) or "request"
        try:
            await self._note(by, action, path, detail, origin=origin_of(HTTPConnection(scope)))
        except Exception:
            extra = {"event": "audit_lost", "actor": by.id, "action": action, "target": path}
            logger.exception("not in the audit log: %s did %s to %r: %s", by.id, action, path, detail, extra=extra)


class _Refusals:
    """So many entries a minute; the others are counted."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute, self._clock = per_minute, clock
        self._since, self._written, self._left_out = clock.monotonic(), 0, 0

    def left_out(self) -> int | None:
        """How many were left out before this one; None to leave it out as well."""
        if self._clock.monotonic() - self._since >= 60:
            self._since, self._written = self._clock.monotonic(), 0
        if self._written >= self._per_minute:
            self._left_out += 1
            return None
        self._written += 1
        left_out, self._left_out = self._left_out, 0
        return left_out
