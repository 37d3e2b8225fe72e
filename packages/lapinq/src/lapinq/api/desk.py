"""What the routes of one application share."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from typing import cast

from starlette.datastructures import State
from starlette.requests import HTTPConnection
from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import Origin
from taskcore.auth.principal import Principal
from taskcore.errors import StoreUnavailable
from taskcore.web.auditing import audited
from taskcore.web.auth import origin_of
from taskcore.web.health import Health
from taskcore.web.ledger import Ledger

from lapinq.accounts import FIRST_USER, accounts_on
from lapinq.api.board import Board
from lapinq.api.places import Places
from lapinq.api.telemetry import Telemetry
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage import Storage

log = logging.getLogger("lapinq.server")


class Desk:
    """Where an application keeps what it works with.

    Attributes:
        state: the application's own, ``app.state``. Whoever runs it without lifespan puts a ``Storage`` there.
        is_running: between the beginning and the end of the lifespan.
        sockets: the places for those that are open.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.telemetry = Telemetry()
        self.health = Health({"database": self._check})
        self.ledger = Ledger(self._noted)
        self.board = Board(lambda: self.service)
        self.is_running = False
        self.sockets = Places()
        self.state = State()
        self.state.session_secret = settings.session_secret or secrets.token_hex(32)
        self._opening = asyncio.Lock()
        self._accounts: tuple[Storage, Accounts] | None = None

    @property
    def storage(self) -> Storage:
        """
        Raises:
            StoreUnavailable: the application has not begun.
        """
        storage = getattr(self.state, "storage", None)
        if storage is None:
            raise StoreUnavailable("app.state.storage is not set: run the application's lifespan, or set it")
        self.telemetry.follow(storage.service)
        return cast(Storage, storage)

    @property
    def service(self) -> Service:
        """The use cases of tasks."""
        return self.storage.service

    async def accounts(self) -> Accounts:
        """The use cases of accounts. The first user is made with the first call.

        Raises:
            StoreUnavailable: they cannot be reached.
        """
        storage = self.storage
        async with self._opening:
            if self._accounts is None or self._accounts[0] is not storage:
                await self.close()
                accounts = accounts_on(await storage.account_store(), self.state.session_secret)
                if await accounts.users.ensure_first(FIRST_USER, FIRST_USER):
                    log.info("created the first user, %r; change its password, which is its name", FIRST_USER)
                self._accounts = storage, accounts
            return self._accounts[1]

    async def close(self) -> None:
        """Let go of the threads that hash passwords; the storage belongs to who opened it."""
        if self._accounts is not None:
            accounts, self._accounts = self._accounts[1], None
            await accounts.close()

    async def note(self, by: Principal, action: str, target: str = "", detail: str = "", *, origin: Origin) -> None:
        """Leave an entry in the audit log.

        Raises:
            StoreUnavailable: it was not written.
        """
        await (await self.accounts()).audit(by, action, target, detail, origin=origin)

    async def note_put(self, request: HTTPConnection, by: Principal, tasks: Sequence[str]) -> None:
        """Leave word in the audit log of who put tasks: with others of the same second, or at once where nobody would
        be there to write it then."""
        audited(request)
        if tasks and self.is_running:
            self.ledger.added(by, tasks, origin_of(request))
        elif tasks:
            target, detail = (tasks[0], "") if len(tasks) == 1 else ("", f"{len(tasks)} tasks, {tasks[0]} the first")
            await self.note(by, "task.put", target, detail, origin=origin_of(request))

    async def note_done(self, request: HTTPConnection, by: Principal, target: str, detail: str) -> None:
        """Leave word in the audit log of what a request did, where its path does not tell. What was done stays done
        when that cannot be written."""
        audited(request)
        await self._noted(by, request.scope["route"].name, target, origin_of(request), detail)

    async def _noted(self, by: Principal, action: str, target: str, origin: Origin, detail: str) -> None:
        """For those whom nobody could tell, or should, that it failed."""
        try:
            await self.note(by, action, target, detail, origin=origin)
        except Exception:
            log.exception("not in the audit log: %r: %s %r %s", by.id, action, target, detail)

    async def _check(self) -> None:
        await self.service.health()


def desk_of(connection: HTTPConnection) -> Desk:
    """What the application of a request works with."""
    return cast(Desk, connection.app.state.desk)
