"""The pages for people: the core's dashboard at ``/``, with the login and the addresses that the API documents."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send
from taskcore.auth.accounts import Accounts
from taskcore.auth.chain import Chain
from taskcore.models import TaskRecord
from taskcore.states import Phase
from taskcore.ui import Dashboard
from taskcore.ui.page import Page, wants_json
from taskcore.ui.pages import every
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source
from taskcore.ui.stores.rows import Reading
from taskcore.web.access import Access
from taskcore.web.paths import path_below_root

from lapinq import __version__, wiring
from lapinq.api import login
from lapinq.api.access import COOKIE, Accountholders, access_of
from lapinq.api.desk import Desk
from lapinq.api.gates import is_a_page_of_old
from lapinq.api.schedule_editor import ScheduleEditor
from lapinq.api.shown_schedules import ScheduleDeeds, ShownSchedules
from lapinq.api.shown_tasks import ShownTasks
from lapinq.api.shown_webhooks import CHANGES, Changes, ShownWebhooks, WebhookDeeds
from lapinq.service import Service
from lapinq.vocabulary import STATUS, terms_of

TITLE = "Lapinq Dashboard"
FIRST_STEPS = """curl -X POST http://127.0.0.1:8001/api/v1/enqueue -H 'X-API-Key: ...' \\
    -d '{"task_name": "add", "module_path": "myapp.tasks", "args": [1, 2]}'"""

_MOVED = {
    "users": "/admin/users",
    "users.new": "/admin/users/new",
    "users.create": "/admin/users/new",
    "user": "/admin/users/{user}",
    "user.do": "/admin/users/{user}",
    "account.password": "/account",
}
"""Where some pages are: at the addresses that the API documents, or where it has none of its own."""


class Pages:
    """Hands requests for pages to the dashboard, which has its own door; all others go on. Below what turns errors into
    answers, above ``Authentication``."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk
        self._addresses = [(page.methods, compile_path(page.path)[0]) for page in pages_of()]
        self._making = asyncio.Lock()
        self._made: tuple[Accounts, Dashboard] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._has(scope) and not _is_for_programs(scope):
            await (await self._dashboard())(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _has(self, scope: Scope) -> bool:
        path, method = path_below_root(scope), scope["method"].replace("HEAD", "GET")
        known = any(method in methods and pattern.match(path) for methods, pattern in self._addresses)
        return known or path.startswith("/static/")

    async def _dashboard(self) -> Dashboard:
        accounts = await self._desk.accounts()
        async with self._making:
            if self._made is None or self._made[0] is not accounts:
                self._made = accounts, dashboard_of(self._desk, accounts)
            return self._made[1]


def _is_for_programs(scope: Scope) -> bool:
    """Whether the API answers, where it has the same address as a page."""
    path, request = path_below_root(scope), Request(scope)
    if path == "/login" and scope["method"] == "POST":
        return Headers(scope=scope).get("content-type", "").lower().startswith("application/json")
    if path == "/admin/users" and wants_json(request):
        return True
    return is_a_page_of_old(scope) and COOKIE.read(scope) is None and not wants_json(request)


def dashboard_of(desk: Desk, accounts: Accounts) -> Dashboard:
    """The dashboard, for users who are logged in and for programs with a key of a user."""
    known = access_of(desk)
    access = Access(
        chain=Chain([Accountholders(desk)]),
        accounts=accounts,
        cookie=COOKIE,
        proxies=known.proxies,
        trusted_origins=known.trusted_origins,
    )
    source = source_of(desk.service, wiring.place_of(desk.settings.database_url))
    return Dashboard(source, access=access, title=TITLE, pages=pages_of())


def pages_of() -> Iterator[Page]:
    """The core's pages at our addresses, with our login."""
    for page in every():
        yield replace(page, path=_MOVED.get(page.name, page.path), view=login.VIEWS.get(page.name, page.view))


def source_of(service: Service, place: str) -> DashboardSource:
    """What the pages show of a database."""
    source = store_source(
        service.store,
        system="lapinq",
        backend=place,
        version=__version__,
        reading=Reading(native=native_word, tags=_tags),
        command="lapinq worker",
        first_steps=FIRST_STEPS,
    )
    assert source.tasks and source.schedules and source.does  # noqa: S101, PT018 - ours has all of them
    return replace(
        source,
        tasks=ShownTasks(source.tasks, service),
        schedules=ShownSchedules(source.schedules, service),
        editor=ScheduleEditor(service),
        webhooks=ShownWebhooks(service),
        changes=Changes(service),
        does=WebhookDeeds(ScheduleDeeds(source.does, service), service),
        actions=source.actions | CHANGES,
    )


def native_word(record: TaskRecord, phase: Phase) -> str:
    """The status of a task, as the API says it."""
    return STATUS[record.state]


def _tags(record: TaskRecord) -> tuple[str, ...]:
    terms = terms_of(record.meta)
    marks = ("webhook" if terms.webhook_url else "", "" if terms.ttl is None else f"ttl {terms.ttl:g} s")
    return tuple(filter(None, marks))
