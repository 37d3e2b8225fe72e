"""Who is answered, and how often."""

import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from lapinq.api.app import application
from lapinq.api.running import Jobs
from lapinq.server import create_app
from lapinq.settings import Settings
from lapinq.storage import Storage
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from .conftest import KEY, P, client_of

pytestmark = pytest.mark.anyio

STRANGER = "203.0.113.7"
TASK = {"task_name": "t", "module_path": "mytasks"}


async def test_without_a_key_programs_on_this_machine_are_answered_and_nobody_else(app: Starlette) -> None:
    for peer in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "testclient"):
        async with client_of(app, peer) as here:
            assert 200 == (await here.get(f"{P}/tasks")).status_code, peer
    async with client_of(app, STRANGER) as stranger:
        for answer in (
            await stranger.get(f"{P}/tasks"),
            await stranger.post(f"{P}/enqueue", json=TASK),
            await stranger.post(f"{P}/enqueue", content=b"{" * 10_000),
            await stranger.delete(f"{P}/tasks?all=true"),
            await stranger.get(f"{P}/nothing"),
        ):
            assert 401 == answer.status_code
            assert "LAPINQ_API_KEY" in answer.json()["error"]
            assert "--insecure" in answer.json()["error"]
        for path in ("/health", "/metrics", "/login"):
            assert 200 == (await stranger.get(path)).status_code


async def test_who_comes_through_a_proxy_is_not_on_this_machine(client: httpx.AsyncClient) -> None:
    assert 401 == (await client.get(f"{P}/tasks", headers={"X-Forwarded-For": STRANGER})).status_code
    assert 401 == (await client.get(f"{P}/tasks", headers={"Host": "rebound.example"})).status_code


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "junk"}], ids=["bare", "with a key that is none"])
async def test_a_page_of_another_site_in_a_browser_here_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", **headers}

    for answer in (
        await client.post(f"{P}/enqueue", json=TASK, headers=foreign),
        await client.get(f"{P}/tasks", headers=foreign),
        await client.delete(f"{P}/tasks?all=true", headers=foreign),
    ):
        assert 403 == answer.status_code
        assert "another site" in answer.json()["error"]


async def test_with_a_key_only_who_shows_it_is_answered(guarded: Starlette) -> None:
    async with client_of(guarded, STRANGER) as stranger, client_of(guarded) as here:
        assert 200 == (await stranger.get(f"{P}/tasks", headers={"X-API-Key": KEY})).status_code
        for client, headers in (
            (here, {}),
            (stranger, {}),
            (stranger, {"X-API-Key": "wrong"}),
            (stranger, {"X-API-Key": b"\xff\xfe"}),
            (stranger, {"X-API-Key": KEY[:-1]}),
            (stranger, {"Cookie": "lapinq_session=forged.token"}),
        ):
            answer = await client.get(f"{P}/tasks", headers=headers)  # type: ignore[arg-type]
            assert (401, {"error": "unauthorized"}) == (answer.status_code, answer.json())
        assert 401 != (await stranger.options(f"{P}/tasks")).status_code


def test_an_empty_key_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAPINQ_API_KEY", "LAPINQ_SESSION_SECRET"):
        monkeypatch.setenv(name, "")

    app = create_app(api_key="", session_secret="")

    assert None is app.state.desk.settings.api_key
    assert 64 == len(app.state.session_secret)


def test_the_environment_says_what_the_arguments_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPINQ_API_KEY", "of the environment")
    monkeypatch.setenv("LAPINQ_RATE_LIMIT", "7")
    monkeypatch.setenv("LAPINQ_API_PREFIX", "/queue")

    assert ("of the environment", 7, "/queue") == _told(create_app())
    assert ("mine", 9, "/queue") == _told(create_app(api_key="mine", rate_limit=9))


def _told(app: Starlette) -> tuple[str | None, int, str]:
    settings: Settings = app.state.desk.settings
    return settings.api_key, settings.rate_limit, settings.api_prefix


@contextmanager
def server(storage: Storage, **given: object) -> Iterator[Starlette]:
    app = application(Settings(**given), Jobs())  # type: ignore[arg-type]
    app.state.storage = storage
    yield app


async def test_whoever_was_told_so_answers_everybody(open_storage: Storage) -> None:
    with server(open_storage, insecure=True) as app:
        async with client_of(app, STRANGER) as stranger:
            assert 200 == (await stranger.get(f"{P}/tasks")).status_code
            foreign = {"Origin": "https://evil.example"}
            assert 403 == (await stranger.post(f"{P}/enqueue", json=TASK, headers=foreign)).status_code


async def test_requests_of_an_address_are_limited_and_wrong_keys_count(open_storage: Storage) -> None:
    with server(open_storage, api_key=KEY, rate_limit=5) as app:
        async with client_of(app, STRANGER) as stranger, client_of(app, "203.0.113.8") as other:
            guesses = [await stranger.get(f"{P}/tasks", headers={"X-API-Key": str(n)}) for n in range(8)]
            late = await stranger.get(f"{P}/tasks", headers={"X-API-Key": KEY})

            assert [401] * 5 + [429] * 3 == [guess.status_code for guess in guesses]
            assert (429, {"error": "rate limit exceeded"}) == (late.status_code, late.json())
            assert 1 <= int(late.headers["Retry-After"]) <= 60
            assert 200 == (await other.get(f"{P}/tasks", headers={"X-API-Key": KEY})).status_code
            assert 200 == (await stranger.get("/health")).status_code


async def test_behind_a_trusted_proxy_each_client_is_itself(open_storage: Storage) -> None:
    with server(open_storage, api_key=KEY, rate_limit=1, trusted_proxies=("10.0.0.0/8",)) as app:
        async with client_of(app, "10.1.2.3") as proxy:
            answers = [
                await proxy.get(f"{P}/tasks", headers={"X-API-Key": KEY, "X-Forwarded-For": f"203.0.113.{last}"})
                for last in (1, 2, 2)
            ]

    assert [200, 200, 429] == [answer.status_code for answer in answers]


async def test_preflights_are_answered_without_a_key(guarded: Starlette, open_storage: Storage) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-API-Key",
    }
    async with client_of(guarded) as client:
        preflight = await client.options(f"{P}/enqueue", headers=asked)
        called = await client.post(
            f"{P}/enqueue", json=TASK, headers={"Origin": "https://app.example", "X-API-Key": KEY}
        )
        refused = await client.get(f"{P}/tasks", headers={"Origin": "https://app.example"})
    with server(open_storage, api_key=KEY, cors_origins=("https://app.example",)) as app:
        async with client_of(app) as client:
            other = await client.options(f"{P}/enqueue", headers={**asked, "Origin": "https://evil.example"})
            mine = await client.options(f"{P}/enqueue", headers=asked)

    assert (200, "*") == (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"])
    assert (201, "*") == (called.status_code, called.headers["Access-Control-Allow-Origin"])
    assert (401, "*") == (refused.status_code, refused.headers["Access-Control-Allow-Origin"])
    assert (400, "Disallowed CORS origin") == (other.status_code, other.text)
    assert "https://app.example" == mine.headers["Access-Control-Allow-Origin"]


async def test_every_answer_has_a_request_id(client: httpx.AsyncClient) -> None:
    mine = await client.get(f"{P}/tasks", headers={"X-Request-ID": "mine-1"})
    hostile = await client.get("/nowhere", headers={"X-Request-ID": "a b<c>"})

    assert "mine-1" == mine.headers["X-Request-ID"]
    assert "a b<c>" != hostile.headers["X-Request-ID"]
    assert hostile.headers["X-Request-ID"]


async def test_a_session_that_1_3_0_would_have_signed_with_an_empty_secret_is_none(open_storage: Storage) -> None:
    """Nor is any that holds what it claims: sessions are looked up."""
    claims = {"uid": "00000000-0000-0000-0000-000000000000", "un": "lapinq", "role": "admin", "exp": 1e11}
    told = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    app = create_app(api_key=KEY, session_secret="")
    app.state.storage = open_storage
    async with client_of(app, STRANGER) as stranger:
        for secret in (b"", app.state.session_secret.encode()):
            token = f"{told.decode()}.{hmac.new(secret, told, 'sha256').hexdigest()}"
            cookie = {"Cookie": f"lapinq_session={token}"}
            assert 401 == (await stranger.get(f"{P}/tasks", headers=cookie)).status_code
            assert 401 == (await stranger.get("/me", headers=cookie)).status_code


async def test_its_pages_and_logins_stay_below_the_prefix_where_it_is_mounted(app: Starlette) -> None:
    async with client_of(Starlette(routes=[Mount("/queue", app)])) as client:
        form = {"username": (None, "lapinq"), "password": (None, "lapinq")}
        entered = await client.post("/queue/login", files=form)
        page = await client.get("/queue/", headers={"Accept": "text/html"})
        left = await client.get("/queue/logout")

    assert (302, "/queue/") == (entered.status_code, entered.headers["Location"])
    assert (307, "/queue/login") == (left.status_code, left.headers["Location"])
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
    assert links
    assert [] == [link for link in links if not link.startswith("/queue/")]


async def test_it_answers_below_a_prefix_of_another_application(app: Starlette) -> None:
    outer = Starlette(routes=[Mount("/queue", app)])
    async with client_of(outer) as client:
        answer = await client.post(f"/queue{P}/enqueue", json=TASK)
        page = await client.get(f"/queue{P}/tasks?limit=1")
        away = await client.get("/queue/admin/users")

    assert 201 == answer.status_code
    assert 200 == page.status_code
    assert f"http://testserver/queue{P}/tasks" in page.headers.get("Link", f"http://testserver/queue{P}/tasks")
    assert (307, "/queue/login") == (away.status_code, away.headers["Location"])


def test_the_test_client_runs_the_whole_lifespan(postgres_url: str) -> None:
    with TestClient(create_app(postgres_url)) as client:
        task = client.post(f"{P}/enqueue", json=TASK).json()["task_id"]
        assert 200 == client.get(f"{P}/tasks/{task}").status_code
        assert {"status": "cancelled"} == client.delete(f"{P}/tasks/{task}").json()
