"""People: how they get in, what they may do, and how they are managed."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from lapinq.server import create_app
from lapinq.storage import Storage
from pwdlib import PasswordHash
from starlette.applications import Starlette
from taskcore.auth.records import AuditQuery
from taskcore.testing import eventually

from ..conftest import EMPTY
from .conftest import KEY, P, Put, client_of

pytestmark = pytest.mark.anyio

STRANGER = "203.0.113.7"
PASSWORD = "a good password"

Users = Callable[..., Awaitable[tuple[str, httpx.AsyncClient]]]


@pytest.fixture(scope="module")
async def admin(guarded: Starlette, open_storage: Storage) -> AsyncIterator[httpx.AsyncClient]:
    """The first user, logged in on this machine; the server asks for an API key."""
    await open_storage.pool.execute(EMPTY)
    await guarded.state.desk.close()  # it makes the first user once
    async with client_of(guarded) as client:
        answer = await client.post("/login", data={"username": "lapinq", "password": "lapinq"})
        assert 302 == answer.status_code, answer.text
        yield client


@pytest.fixture
async def user(
    guarded: Starlette, admin: httpx.AsyncClient, queue: str
) -> AsyncIterator[Callable[..., Awaitable[tuple[str, httpx.AsyncClient]]]]:
    """Make a user, log in from elsewhere, and return their id and client."""
    clients: list[httpx.AsyncClient] = []

    async def make(role: str = "user", name: str = queue) -> tuple[str, httpx.AsyncClient]:
        made = await admin.post("/admin/users", json={"username": name, "password": PASSWORD, "role": role})
        assert 201 == made.status_code, made.text
        client = client_of(guarded, STRANGER)
        clients.append(client)
        answer = await client.post("/login", json={"username": name, "password": PASSWORD})
        assert 200 == answer.status_code, answer.text
        return made.json()["id"], client

    yield make
    for client in clients:
        await client.aclose()


async def test_a_form_leads_to_the_dashboard_with_a_session_of_a_day(guarded: Starlette, user: Users) -> None:
    await user(name="ada")
    async with client_of(guarded) as client:
        answer = await client.post("/login", data={"username": "ada", "password": PASSWORD})

        assert (302, "/") == (answer.status_code, answer.headers["Location"])
        cookie = answer.headers["Set-Cookie"].lower()
        assert cookie.startswith("lapinq_session=")
        assert {"httponly", "max-age=86400", "path=/", "samesite=lax"} == set(cookie.split("; ")[1:])
        me = (await client.get("/me")).json()
        assert ("ada", "user", {}) == (me["username"], me["role"], me["permissions"])


@pytest.mark.parametrize("shown", [{"X-API-Key": KEY}, {"X-API-Key": "wrong"}, {"Authorization": f"Bearer {KEY}"}])
async def test_a_session_counts_on_its_own_paths_whatever_key_is_shown_beside_it(
    guarded: Starlette, user: Users, queue: str, shown: dict[str, str]
) -> None:
    await user()
    async with client_of(guarded, headers=shown) as client:
        assert 401 == (await client.get("/me")).status_code
        await client.post("/login", json={"username": queue, "password": PASSWORD})

        assert queue == (await client.get("/me")).json()["username"]
        assert 403 == (await client.get("/admin/users", headers={"Accept": "application/json"})).status_code
        passwords = {"current_password": PASSWORD, "new_password": "a better password"}
        foreign = {"Origin": "https://evil.example"}
        assert 403 == (await client.post("/account/password", json=passwords, headers=foreign)).status_code
        assert 200 == (await client.post("/account/password", json=passwords)).status_code


async def test_over_https_the_session_stays_there(guarded: Starlette, user: Users) -> None:
    await user(name="bea")
    async with client_of(guarded) as client:
        answer = await client.post("https://testserver/login", data={"username": "bea", "password": PASSWORD})

    assert "secure" in answer.headers["Set-Cookie"].lower().split("; ")


async def test_a_login_that_takes_long_holds_up_nobody_else(
    guarded: Starlette, user: Users, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await user(name="cleo")
    asked, answered = threading.Event(), threading.Event()

    def verify(self: PasswordHash, *_: object) -> tuple[bool, None]:
        asked.set()
        return answered.wait(20), None

    monkeypatch.setattr(PasswordHash, "verify_and_update", verify)
    async with client_of(guarded) as slow:
        login = asyncio.create_task(slow.post("/login", data={"username": "cleo", "password": PASSWORD}))
        await eventually(asked.is_set)
        assert 200 == (await client.get("/health")).status_code  # while the hash is being computed
        answered.set()
        assert 302 == (await login).status_code


async def test_a_wrong_password_is_401_with_the_form_again(guarded: Starlette) -> None:
    async with client_of(guarded) as client:
        for data in ({"username": "<b>nobody", "password": "x"}, {"username": "lapinq"}, {}):
            answer = await client.post("/login", data=data)
            assert (401, True) == (answer.status_code, "Invalid credentials" in answer.text)
            assert "<b>" not in answer.text
            assert "Set-Cookie" not in answer.headers
        told = await client.post("/login", json={"username": "nobody", "password": "x"})
        assert (401, {"error": "Invalid credentials"}) == (told.status_code, told.json())


async def test_forms_that_are_none_are_4xx(guarded: Starlette) -> None:
    async with client_of(guarded) as client:
        for content, kind in (
            (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
            (b"a=b", "multipart/form-data"),
            (b"username=%00&password=x", "application/x-www-form-urlencoded"),
            (b"username=a", "application/x-www-form-urlencoded; charset=utf-7"),
            (b"[1]", "application/json"),
            (b'{"username": 1, "password": 2}', "application/json"),
            (b"x" * 200_000, "text/plain"),
        ):
            answer = await client.post("/login", content=content, headers={"Content-Type": kind})
            assert 400 <= answer.status_code < 500, (kind, answer.status_code)


async def test_the_default_password_is_good_on_this_machine_alone(guarded: Starlette, admin: httpx.AsyncClient) -> None:
    async with client_of(guarded, STRANGER) as stranger:
        answer = await stranger.post("/login", data={"username": "lapinq", "password": "lapinq"})

    assert (401, True) == (answer.status_code, "localhost" in answer.text)
    assert True is (await admin.get("/me")).json()["must_change_password"]


async def test_guessing_passwords_is_slowed_down(guarded: Starlette) -> None:
    async with client_of(guarded, "203.0.113.9") as client:
        guesses = [await client.post("/login", data={"username": "lapinq", "password": f"guess {n}"}) for n in range(7)]

    assert [401] * 5 + [429] * 2 == [guess.status_code for guess in guesses]
    assert int(guesses[-1].headers["Retry-After"]) > 0


async def test_a_session_ends_with_the_logout_everywhere(guarded: Starlette, user: Users) -> None:
    _, client = await user()
    stolen = dict(client.cookies)

    answer = await client.get("/logout")

    assert (307, "/login") == (answer.status_code, answer.headers["Location"])
    async with client_of(guarded, STRANGER, cookies=stolen) as thief:
        assert 401 == (await thief.get("/me")).status_code
        assert 401 == (await thief.get(f"{P}/tasks")).status_code


async def test_pages_send_strangers_to_the_login_and_programs_are_told(guarded: Starlette) -> None:
    async with client_of(guarded) as client:
        for path in ("/", "/admin/users", "/account/anything"):
            answer = await client.get(path)
            assert (307, "/login") == (answer.status_code, answer.headers["Location"])
        for answer in (
            await client.get("/me"),
            await client.post("/admin/users", json={}),
            await client.delete("/admin/users/1"),
            await client.post("/account/password", json={}),
            await client.get("/me", headers={"X-API-Key": KEY}),
            await client.get("/admin/users", headers={"X-API-Key": KEY, "Accept": "application/json"}),
            await client.post("/admin/users", json={}, headers={"X-API-Key": KEY}),
        ):
            assert (401, {"error": "log in first"}) == (answer.status_code, answer.json())


async def test_a_user_changes_their_password_and_other_sessions_end(
    guarded: Starlette, user: Users, queue: str
) -> None:
    _, client = await user()
    async with client_of(guarded, STRANGER) as other:
        await other.post("/login", json={"username": queue, "password": PASSWORD})
        for body, status, error in (
            ({}, 400, "current_password and new_password required"),
            ({"current_password": PASSWORD, "new_password": 7}, 400, "current_password and new_password required"),
            ({"current_password": PASSWORD, "new_password": "new"}, 400, "new password must be at least 4 characters"),
            ({"current_password": "wrong", "new_password": "better"}, 403, "current password is incorrect"),
        ):
            answer = await client.post("/account/password", json=body)
            assert (status, {"error": error}) == (answer.status_code, answer.json())
        assert {"error": "invalid JSON"} == (await client.post("/account/password", content=b"{")).json()

        answer = await client.post(
            "/account/password", json={"current_password": PASSWORD, "new_password": "better than that"}
        )

        assert (200, {"status": "ok"}) == (answer.status_code, answer.json())
        assert [200, 401] == [(await each.get("/me")).status_code for each in (client, other)]


async def test_users_read_and_do_only_what_they_were_granted(
    admin: httpx.AsyncClient, user: Users, put: Put, queue: str
) -> None:
    id_, client = await user()
    mine, other = await put(), await put(queue_name=f"{queue}-other")

    assert 200 == (await client.get(f"{P}/tasks")).status_code
    refused = [
        await client.post(f"{P}/enqueue", json={"task_name": "t", "module_path": "mytasks"}),
        await client.delete(f"{P}/tasks/{mine}"),
        await client.delete(f"{P}/tasks", params={"queue": queue}),
        await client.post(f"{P}/tasks/{mine}/requeue"),
        await client.patch(f"{P}/tasks/{mine}/progress", json={"progress": 5}),
        await client.post(f"{P}/queues/{queue}/pause"),
        await client.get("/admin/users"),
        await client.post("/admin/users", json={"username": "x", "password": PASSWORD, "role": "admin"}),
        await client.post(f"/admin/users/{id_}/role", json={"role": "admin"}),
    ]
    assert [403] * 9 == [answer.status_code for answer in refused]
    assert {"error": "forbidden"} == refused[-1].json()

    permissions = {"queues": {queue: ["cancel", "delete"]}}
    answer = await admin.post(f"/admin/users/{id_}/permissions", json=permissions)

    assert (200, {"status": "ok"}) == (answer.status_code, answer.json())
    assert permissions == (await client.get("/me")).json()["permissions"]
    assert 200 == (await client.delete(f"{P}/tasks/{mine}")).status_code
    assert {"deleted": 1} == (await client.delete(f"{P}/tasks", params={"queue": queue})).json()
    for answer in (
        await client.delete(f"{P}/tasks/{other}"),
        await client.delete(f"{P}/tasks", params={"queue": f"{queue}-other"}),
        await client.delete(f"{P}/tasks", params={"all": "true"}),
        await client.delete(f"{P}/tasks", params={"status": "pending"}),
    ):
        assert 403 == answer.status_code
        assert "an admin can grant it" in answer.json()["error"]


async def test_a_change_of_role_holds_at_once(admin: httpx.AsyncClient, user: Users) -> None:
    id_, client = await user("admin")
    assert 200 == (await client.get("/admin/users")).status_code

    await admin.post(f"/admin/users/{id_}/role", json={"role": "user"})

    assert 403 == (await client.get("/admin/users")).status_code


async def test_a_user_who_is_removed_is_out_at_once(admin: httpx.AsyncClient, user: Users) -> None:
    id_, client = await user()

    assert {"status": "ok"} == (await admin.delete(f"/admin/users/{id_}")).json()

    assert 401 == (await client.get("/me")).status_code
    gone = await admin.delete(f"/admin/users/{id_}")
    assert (404, {"error": "user not found"}) == (gone.status_code, gone.json())


async def test_the_last_admin_stays(admin: httpx.AsyncClient) -> None:
    me = (await admin.get("/me")).json()["id"]

    for answer in (
        await admin.delete(f"/admin/users/{me}"),
        await admin.post(f"/admin/users/{me}/role", json={"role": "user"}),
    ):
        assert 409 == answer.status_code
        assert "last enabled admin" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "username and password required"),
        ({"username": "  ", "password": "secret"}, "username and password required"),
        ({"username": 7, "password": "secret"}, "username and password required"),
        ({"username": "bob", "password": ""}, "username and password required"),
        ({"username": "bob", "password": "x"}, "a password needs at least 4 characters, got 1"),
        ({"username": "bob", "password": "secret", "role": "root"}, "role must be admin or user"),
        ({"username": "bob", "password": "secret", "role": None}, "role must be admin or user"),
        ({"username": "LAPINQ", "password": "secret"}, "there is a user named 'LAPINQ' already"),
        ({"username": "b" * 200, "password": "secret"}, "a user name must be 1 to 100"),
        ([], "the body must be a JSON object"),
    ],
)
async def test_a_user_who_cannot_be_is_400(admin: httpx.AsyncClient, body: object, error: str) -> None:
    answer = await admin.post("/admin/users", json=body)

    assert (400, True) == (answer.status_code, answer.json()["error"].startswith(error)), answer.text


@pytest.mark.parametrize(
    "body",
    [
        [],
        "all",
        {"queues": []},
        {"queues": {"video": "delete"}},
        {"queues": {"video": ["fly"]}},
        {"queues": {"video": [["delete"]]}},
        {"queues": {"v*": ["delete"]}},
        {"queues": {"": ["delete"]}},
        {"queue": {"video": ["delete"]}},
    ],
)
async def test_permissions_that_are_none_are_400(admin: httpx.AsyncClient, body: object) -> None:
    me = (await admin.get("/me")).json()["id"]

    assert 400 == (await admin.post(f"/admin/users/{me}/permissions", json=body)).status_code


async def test_ids_that_are_none_are_404(admin: httpx.AsyncClient) -> None:
    for id_ in ("7", "not-a-uuid", "00000000-0000-0000-0000-000000000000"):
        for answer in (
            await admin.post(f"/admin/users/{id_}/role", json={"role": "user"}),
            await admin.post(f"/admin/users/{id_}/permissions", json={"queues": {}}),
            await admin.delete(f"/admin/users/{id_}"),
        ):
            assert (404, {"error": "user not found"}) == (answer.status_code, answer.json())


async def test_a_page_of_another_site_cannot_use_the_session(admin: httpx.AsyncClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await admin.post("/admin/users", json={}, headers=headers)
        assert 403 == answer.status_code


async def test_a_page_of_another_site_logs_nobody_out(user: Users) -> None:
    _, client = await user()

    answer = await client.get("/logout", headers={"Sec-Fetch-Site": "cross-site"})

    assert (403, 200) == (answer.status_code, (await client.get("/me")).status_code)
    for site in ("same-origin", "none"):
        answer = await client.get("/logout", headers={"Sec-Fetch-Site": site})
        assert (307, "/login") == (answer.status_code, answer.headers["Location"]), site


async def test_replicas_with_one_secret_share_sessions(open_storage: Storage, admin: httpx.AsyncClient) -> None:
    apps = [create_app(session_secret="your-secret-key") for _ in range(2)]
    for app in apps:
        app.state.storage = open_storage
    async with client_of(apps[0]) as first, client_of(apps[1], cookies={}) as second:
        await first.post("/login", data={"username": "lapinq", "password": "lapinq"})
        second.cookies = first.cookies
        assert "lapinq" == (await second.get("/me")).json()["username"]


async def test_who_did_what_stands_in_the_audit_log(admin: httpx.AsyncClient, put: Put, open_storage: Storage) -> None:
    task = await put()

    answer = await admin.delete(f"{P}/tasks/{task}", headers={"X-Request-ID": "this-one"})

    assert 200 == answer.status_code
    (entry, *_) = await (await open_storage.account_store()).entries(AuditQuery(action="task.cancel"))
    assert ("lapinq", "session", f"{P}/tasks/{task}", "127.0.0.1", "this-one") == (
        entry.actor,
        entry.via,
        entry.target,
        entry.peer,
        entry.request_id,
    )
    assert "DELETE answered 200" == entry.detail
