"""The pages of a queue, for its users; while it has none, for programs on this machine."""

import asyncio

from starlette.types import Receive, Scope, Send
from taskcore.auth.accounts import Accounts
from taskcore.auth.authenticators import (
    KeyAuthenticator,
    LoopbackAuthenticator,
    SessionAuthenticator,
    TokenAuthenticator,
)
from taskcore.auth.chain import Chain, Credentials
from taskcore.auth.principal import Principal
from taskcore.models import TaskRecord
from taskcore.states import Phase, TaskState
from taskcore.ui import Dashboard
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source
from taskcore.ui.stores.rows import Reading
from taskcore.web.access import Access
from taskcore.web.cookies import SessionCookie

from taskmq import __version__
from taskmq.api.callers import principal_of
from taskmq.api.desk import Desk
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import PERIODIC, STATUS, WAITING, schedule_of, terms_of

FIRST_STEPS = 'taskmq add-job --handler dummy --payload \'{"to": "ada@example.org"}\'\ntaskmq run-worker'


class DashboardMount:
    """An ASGI application that becomes the dashboard at its first request: only then is a loop there, and a store."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._making = asyncio.Lock()
        self._made: tuple[Accounts, Dashboard] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        dashboard = await self._dashboard()
        await dashboard(scope, receive, send)

    async def _dashboard(self) -> Dashboard:
        accounts = await self._desk.accounts()
        async with self._making:
            if self._made is None or self._made[0] is not accounts:
                backend = await asyncio.to_thread(self._desk.store_backend)
                source = source_of(backend, str(getattr(backend, "db_path", "") or getattr(backend, "server", "")))
                self._made = accounts, Dashboard(source, access=_access(accounts, self._desk), title="TaskMQ")
            return self._made[1]


def source_of(backend: StoreBackend, place: str) -> DashboardSource:
    """What the pages show. Periodic jobs are jobs, and not among the schedules."""
    return store_source(
        backend.store,
        system="taskmq",
        backend=place,
        version=__version__,
        reading=Reading(
            native=native_word,
            tags=_tags,
            schedule=schedule_of,
            waits=_waits,
            repeats=lambda record: record.schedule == PERIODIC,
            apart=frozenset({WAITING}),
        ),
        command="taskmq run-worker --queues {queue}",
        first_steps=FIRST_STEPS,
    )


def native_word(record: TaskRecord, phase: Phase) -> str:
    """The status of a job, as the API and the command line say it."""
    return STATUS[record.state].value


def _tags(record: TaskRecord) -> tuple[str, ...]:
    schedule = schedule_of(record)
    return ("periodic",) if record.schedule == PERIODIC else () if schedule is None else (f"schedule {schedule}",)


def _waits(record: TaskRecord) -> str:
    if record.state is not TaskState.PENDING or record.queue != WAITING:
        return ""
    return f"waits for {', '.join(map(str, terms_of(record.meta).depends_on))}"


def _access(accounts: Accounts, desk: Desk) -> Access:
    chain = Chain(
        [
            SessionAuthenticator(accounts),
            KeyAuthenticator(accounts),
            TokenAuthenticator(desk.tokens, principal_of),
            UntilThereAreUsers(accounts),
        ]
    )
    cookie = SessionCookie(name="taskmq_session")
    return Access(chain=chain, accounts=accounts, cookie=cookie, proxies=desk.proxies)


class UntilThereAreUsers:
    """Programs on this machine, as admins, until the first user is made."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._loopback = LoopbackAuthenticator()

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        principal = await self._loopback.authenticate(credentials)
        return None if principal is None or await self._accounts.users.is_set_up() else principal
