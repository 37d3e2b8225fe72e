"""lapinq's dashboard over PostgreSQL, as its first user walks through it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
from lapinq.server import create_app
from playwright.sync_api import Browser, expect
from starlette.applications import Starlette

from tests import servers

from .conftest import Visitor, open_browser
from .serving import Server, served

HOSTILE = '<img src=x onerror="document.title = 1">'


def elsewhere(call: Callable[..., object], *args: object) -> None:
    """Playwright has a loop of its own running in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(call, *args).result()


@pytest.fixture
def app(postgres_url: str) -> Iterator[Starlette]:
    name = servers.fresh_name()
    elsewhere(servers.sql_in_postgres, postgres_url, f"CREATE DATABASE {name}")
    yield create_app(urlsplit(postgres_url)._replace(path=f"/{name}").geturl())
    elsewhere(servers.sql_in_postgres, postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def server(app: Starlette, chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("PGSSLMODE", "disable")
    with served(app) as running:
        httpx.get(f"{running.address}/health", timeout=60)  # the tables are made first
        yield running


@pytest.fixture
def visitor(chromium: Browser, server: Server) -> Iterator[Visitor]:
    visitor = open_browser(chromium, server.address)
    yield visitor
    visitor.check()
    visitor.context.close()


def put(server: Server, **given: object) -> str:
    body = {"task_name": "add", "module_path": "mytasks", "max_retries": 0, **given}
    return str(httpx.post(f"{server.address}/api/v1/enqueue", json=body, timeout=30).json()["task_id"])


def fail(server: Server, app: Starlette) -> None:
    """Let a worker have the best task, and fail with it."""

    async def run() -> None:
        claimed = await app.state.storage.claim_task("w")
        await app.state.storage.fail_task(claimed["id"], f"boom {HOSTILE}")

    server.within(run())


@pytest.mark.timeout(120)  # a server, its tables and ten pages
def test_the_first_user_logs_in_looks_cancels_requeues_and_leaves(
    server: Server, app: Starlette, visitor: Visitor
) -> None:
    failed = put(server, priority=9, args=[HOSTILE])
    fail(server, app)
    waiting = put(server, queue_name="mail", metadata={"source": HOSTILE}, ttl_seconds=9_000)

    page = visitor.go("/")
    assert page.url.endswith("/login")
    page.get_by_label("Name").fill("lapinq")
    page.get_by_label("Password").fill("lapinq")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title("Overview · Lapinq Dashboard")
    expect(page.get_by_role("link", name="Choose your own")).to_be_visible()

    page = visitor.go("/tasks")
    expect(page.locator(f"a[href='/tasks/{waiting}']").first).to_be_visible()
    page = visitor.go(f"/tasks/{waiting}")
    expect(page.get_by_text("ttl 9000 s")).to_be_visible()
    page.get_by_role("button", name="Cancel").or_(page.get_by_role("link", name="Cancel")).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").last.click()
    expect(page.get_by_text("cancelled").first).to_be_visible()

    page = visitor.go(f"/tasks/{failed}?tab=error")
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    page.get_by_role("button", name="Retry").or_(page.get_by_role("link", name="Retry")).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").last.click()
    expect(page.get_by_text("1 task retried")).to_be_visible()

    state = {task: httpx.get(f"{server.address}/api/v1/tasks/{task}").json()["status"] for task in (waiting, failed)}
    assert {waiting: "cancelled", failed: "pending"} == state
    page = visitor.go("/schedules/new?cron=@daily&zone=Europe/Rome")
    page.get_by_label("Module").fill("mytasks")
    page.get_by_label("Function").fill("nightly")
    page.get_by_label("Arguments", exact=True).fill(f'["{HOSTILE[:8]}"]')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="nightly")).to_be_visible()
    page.get_by_role("link", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("This schedule is paused")).to_be_visible()
    expect(visitor.go("/webhooks").get_by_role("heading", name="No webhooks")).to_be_visible()
    expect(visitor.go("/admin/users").get_by_role("link", name="lapinq", exact=True)).to_be_visible()
    answer = visitor.context.request.post(f"{server.address}/logout", max_redirects=0)
    assert 303 == answer.status
    assert visitor.go("/").url.endswith("/login")
