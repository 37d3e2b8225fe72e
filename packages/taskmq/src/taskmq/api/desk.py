"""What the routes of one application share: the queue, its users, and the counts of what was done here."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from anyio import CapacityLimiter
from starlette.concurrency import run_in_threadpool
from taskcore.auth.accounts import Accounts
from taskcore.auth.auditing import Origin
from taskcore.auth.principal import Principal
from taskcore.engine.intake import Intake
from taskcore.ports import TaskStore
from taskcore.web.ledger import Ledger
from taskcore.web.proxies import TrustedProxies

from taskmq import storage
from taskmq.accounts import accounts_of
from taskmq.api.telemetry import Telemetry
from taskmq.errors import NotSupported
from taskmq.jwt_secret import Keys
from taskmq.options import JobOptions, spec_of
from taskmq.service import Service
from taskmq.storage import entering
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import Inserted, StoreBackend
from taskmq.vocabulary import utc_now

logger = logging.getLogger("taskmq.audit")

Backends = Callable[[], QueueBackend]


def proxies_of(env: Mapping[str, str]) -> TrustedProxies:
    """Those of ``TASKMQ_TRUSTED_PROXIES``: addresses and networks, with commas between them.

    Raises:
        InvalidInput: one of them is neither.
    """
    return TrustedProxies(filter(None, map(str.strip, env.get("TASKMQ_TRUSTED_PROXIES", "").split(","))))


class SharedBackend:
    """One backend for all requests of a process, made anew when environment or folder say that it is another one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[object, QueueBackend] | None = None

    def __call__(self) -> QueueBackend:
        """The backend that the environment names now.

        Raises:
            As ``storage.get_backend``.
        """
        settings = storage.settings_now()
        place = settings, Path(settings.db_path).absolute()
        with self._lock:
            if self._made is None or self._made[0] != place:
                self._close()
                self._made = place, storage.get_backend(settings)
            return self._made[1]

    def close(self) -> None:
        """Let go of it; the next call makes another one."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._made is not None and isinstance(self._made[1], StoreBackend):
            self._made[1].close()
        self._made = None


class Desk:
    """Everything is opened when it is first needed, so that an application can be made while the store is away."""

    def __init__(self, backends: Backends, keys: Keys, proxies: TrustedProxies = TrustedProxies()) -> None:  # noqa: B008 - immutable
        self.backends, self.tokens, self.proxies = backends, keys.tokens, proxies
        self.telemetry = Telemetry()
        self.probes = CapacityLimiter(4)  # threads of their own, as all others may be waiting for the store
        self._signing = keys.signing
        self._opening = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._used: QueueBackend | None = None
        self._accounts: tuple[tuple[StoreBackend, asyncio.AbstractEventLoop], Accounts] | None = None
        self._followed: QueueBackend | None = None
        self._intake: tuple[tuple[TaskStore, asyncio.AbstractEventLoop], Intake] | None = None
        self._ledger = Ledger(self.note, "jobs")

    async def queue(self) -> QueueBackend:
        """The queue as it is now. It may take a while to open, so a thread sees to that."""
        if self._followed is None or self.backends() is not self._followed:
            self._followed = await asyncio.to_thread(self._follow)
        return self._followed

    def _follow(self) -> QueueBackend:
        backend = self._backend()
        self.telemetry.follow(backend)
        return backend

    async def add(self, payload: object, options: JobOptions, by: Principal, origin: Origin) -> Inserted:
        """Store a job; it is on disk when this returns.

        Raises:
            As ``Service.add``.
        """
        backend = await self.queue()
        if isinstance(backend, StoreBackend):
            receipt = await self._way_into(backend.store).put(spec_of(payload, options, now=utc_now()))
            inserted = Inserted(int(receipt.task), receipt.created)
        else:
            inserted = await run_in_threadpool(Service(backend).add, payload, options)
        if inserted.created:
            self.telemetry.added(inserted.job_id, options.handler)
            self._ledger.added(by, [str(inserted.job_id)], origin)
        return inserted

    def _way_into(self, store: TaskStore) -> Intake:
        here = store, asyncio.get_running_loop()
        if self._intake is None or self._intake[0] != here:
            self._intake = here, Intake(partial(entering.put, store))
        return self._intake[1]

    def service(self) -> Service:
        """The use cases, on the queue as it is now; for threads, as opening it may take a while."""
        return Service(self._follow())

    def store_backend(self) -> StoreBackend:
        """The same queue, where it is one of this package.

        Raises:
            NotSupported: it is not, and has neither users nor pages.
        """
        backend = self._backend()
        if not isinstance(backend, StoreBackend):
            raise NotSupported(f"{type(backend).__name__} has the methods of QueueBackend alone; pages need more")
        return backend

    def _backend(self) -> QueueBackend:
        self._used = self.backends()
        return self._used

    async def accounts(self) -> Accounts:
        """The users of the queue, for this event loop.

        Raises:
            NotSupported: it has none. StoreUnavailable: they cannot be reached.
        """
        here = await asyncio.to_thread(self.store_backend), asyncio.get_running_loop()
        async with self._opening:
            if self._accounts is None or self._accounts[0] != here:
                await self._let_go()
                accounts = await self._opened.enter_async_context(accounts_of(here[0], self._signing))
                self._accounts = here, accounts
            return self._accounts[1]

    async def note(self, by: Principal, action: str, target: str, origin: Origin, detail: str = "") -> None:
        """Leave an entry in the audit log. What was done stays done when there is none: the program's log has it."""
        try:
            accounts = await self.accounts()
            await accounts.audit(by, action, target, detail, origin=origin)
        except NotSupported:
            logger.info("%r: %s %r %s", by.id, action, target, detail)
        except Exception:
            logger.exception("not in the audit log: %r: %s %r %s", by.id, action, target, detail)

    async def close(self) -> None:
        """Let go of what was opened here; the backend belongs to whoever made it."""
        await self._ledger.close()
        async with self._opening:
            await self._let_go()
        if isinstance(self._used, StoreBackend):
            await self._used.leave()

    async def _let_go(self) -> None:
        opened, self._accounts = self._accounts, None
        if opened is not None and opened[0][1] is asyncio.get_running_loop():
            await self._opened.aclose()
        else:  # test clients have a loop for each request; one that ends closes what was opened in it
            self._opened = AsyncExitStack()
