"""The pages: who sees them, and which addresses they share with the API."""

from collections.abc import AsyncIterator

import httpx
import pytest
from lapinq.storage import Storage
from starlette.applications import Starlette
from starlette.routing import Mount

from ..conftest import EMPTY
from .conftest import P, Put, client_of

pytestmark = pytest.mark.anyio

FOR_PEOPLE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FOR_PROGRAMS = {"Accept": "application/json"}


@pytest.fixture(scope="module")
async def admin(app: Starlette, open_storage: Storage) -> AsyncIterator[httpx.AsyncClient]:
    """The first user, logged in."""
    await open_storage.pool.execute(EMPTY)
    async with client_of(app) as client:
        answer = await client.post("/login", data={"username": "lapinq", "password": "lapinq"})
        assert (302, "/") == (answer.status_code, answer.headers["Location"])
        yield client


async def test_every_page_of_the_first_user_asks_for_another_password(admin: httpx.AsyncClient) -> None:
    for path in ("/", "/tasks", "/queues", "/workers", "/schedules", "/account", "/admin/users", "/admin/users/new"):
        page = await admin.get(path, headers=FOR_PEOPLE)
        assert (200, True) == (page.status_code, "Lapinq Dashboard" in page.text), path
        assert "Choose your own" in page.text, path


async def test_the_page_of_a_task_has_what_this_queue_keeps(admin: httpx.AsyncClient, put: Put) -> None:
    task = await put(args=[1], metadata={"source": "web", "token": "hunter2"}, ttl_seconds=60)

    found = (await admin.get(f"/tasks/{task}", headers=FOR_PROGRAMS)).json()["task"]

    assert ("mytasks:add", "pending", ["ttl 60 s"]) == tuple(found["row"][key] for key in ("name", "native", "tags"))
    assert "web" in found["facts"]["Metadata"]
    assert "hunter2" not in found["facts"]["Metadata"]


async def test_users_are_a_page_for_people_and_json_for_programs(admin: httpx.AsyncClient) -> None:
    page = await admin.get("/admin/users", headers=FOR_PEOPLE)
    found = await admin.get("/admin/users", headers=FOR_PROGRAMS)

    assert "<h1>Users</h1>" in page.text
    assert ["lapinq"] == [user["username"] for user in found.json()]


async def test_a_user_may_do_on_pages_what_was_granted_and_no_more(
    app: Starlette, admin: httpx.AsyncClient, put: Put, queue: str
) -> None:
    mine, other = await put(), await put(queue_name=f"{queue}-other")
    form = {"name": queue, "password": "secret", "role": "user", "kind.0": "queue", "pattern.0": queue}
    made = await admin.post("/admin/users/new", data={**form, "verb.0": "cancel"})
    assert 303 == made.status_code, made.text

    async with client_of(app, "203.0.113.7") as user:
        assert 302 == (await user.post("/login", data={"username": queue, "password": "secret"})).status_code
        assert 403 == (await user.get("/admin/users", headers=FOR_PEOPLE)).status_code
        assert 403 == (await user.get("/admin/users", headers=FOR_PROGRAMS)).status_code
        for task, status in ((mine, "cancelled"), (other, "pending")):
            await user.post("/actions/cancel", data={"target": task, "confirmed": "yes"})
            assert status == (await admin.get(f"{P}/tasks/{task}")).json()["status"]


async def test_the_login_tells_strangers_nothing_of_the_database(app: Starlette) -> None:
    async with client_of(app, "203.0.113.7") as stranger:
        page = await stranger.get("/login", headers=FOR_PEOPLE)

    assert 200 == page.status_code
    assert "nowhere" not in page.text


async def test_what_browsers_ask_for_by_themselves_is_there(app: Starlette) -> None:
    async with client_of(Starlette(routes=[Mount("/queue", app)]), "203.0.113.7") as stranger:
        icon, worker = await stranger.get("/queue/favicon.ico"), await stranger.get("/queue/sw.js")
        old = await stranger.get("/queue/dashboard")

    assert (200, "image/x-icon", True) == (
        icon.status_code,
        icon.headers["Content-Type"],
        icon.content[:4] == b"\0\0\1\0",
    )
    assert (204, b"") == (worker.status_code, worker.content)
    assert (307, "/queue/") == (old.status_code, old.headers["Location"])


async def test_fragments_are_for_those_who_may_read(app: Starlette, client: httpx.AsyncClient, put: Put) -> None:
    task = await put(args=["<i>"])

    assert "&lt;i&gt;" in (await client.get(f"{P}/tasks/html")).text
    assert "1 active" in (await client.get(f"{P}/queues/html")).text
    assert task in (await client.get(f"{P}/tasks/html?limit=1")).text
    async with client_of(app, "203.0.113.7") as stranger:
        for path in ("tasks", "queues"):
            assert 401 == (await stranger.get(f"{P}/{path}/html")).status_code


async def test_admins_shut_users_out_let_them_in_again_and_reset_their_passwords(
    app: Starlette, admin: httpx.AsyncClient, queue: str
) -> None:
    made = await admin.post("/admin/users", json={"username": queue, "password": "secret"})
    page = f"/admin/users/{made.json()['id']}"

    async def log_in(client: httpx.AsyncClient, password: str) -> int:
        return (await client.post("/login", data={"username": queue, "password": password})).status_code

    async with client_of(app, "203.0.113.7") as user:
        assert 302 == await log_in(user, "secret")
        assert 303 == (await admin.post(page, data={"do": "disable"})).status_code
        assert 401 == (await user.get("/me")).status_code
        assert 401 == await log_in(user, "secret")
        assert 303 == (await admin.post(page, data={"do": "enable"})).status_code
        shown = (await admin.post(page, data={"do": "reset"}, headers=FOR_PROGRAMS)).json()
        link = shown["link"].partition("link=")[2]
        chosen = {"link": link, "password": "another", "again": "another"}
        assert 200 == (await user.get(f"/reset?link={link}", headers=FOR_PEOPLE)).status_code
        assert [303, 401] == [(await user.post("/reset", data=chosen)).status_code for _ in range(2)]
        assert [401, 302] == [await log_in(user, "secret"), await log_in(user, "another")]
        assert 403 == (await user.post(page, data={"do": "disable"})).status_code
        entries = (await admin.get(f"/audit?target=user:{made.json()['id']}", headers=FOR_PROGRAMS)).json()["entries"]
        assert {"user.disable", "user.enable"} <= {entry["action"] for entry in entries}


async def test_permissions_of_a_queue_are_set_and_shown_on_the_page_of_a_user(
    admin: httpx.AsyncClient, queue: str
) -> None:
    made = await admin.post("/admin/users", json={"username": queue, "password": "secret"})
    page = f"/admin/users/{made.json()['id']}"
    form = {"do": "rights", "role": "user", "kind.0": "queue", "pattern.0": "video", "verb.0": ["delete", "cancel"]}

    assert 303 == (await admin.post(page, data=form)).status_code
    (user,) = [
        each for each in (await admin.get("/admin/users", headers=FOR_PROGRAMS)).json() if each["username"] == queue
    ]
    assert {"queues": {"video": ["cancel", "delete"]}} == user["permissions"]
    shown = (await admin.get(page, headers=FOR_PEOPLE)).text
    assert 'value="video"' in shown
    assert 2 == shown.count(" checked")


async def test_ones_account_changes_the_password_and_ends_other_browsers(
    app: Starlette, admin: httpx.AsyncClient, queue: str
) -> None:
    await admin.post("/admin/users", json={"username": queue, "password": "secret"})
    async with client_of(app, "203.0.113.7") as one, client_of(app, "203.0.113.8") as other:
        for client in (one, other):
            assert 302 == (await client.post("/login", data={"username": queue, "password": "secret"})).status_code
        account = (await one.get("/account", headers=FOR_PROGRAMS)).json()
        assert 2 == len(account["sessions"])
        assert 303 == (await one.post("/account/end", data={})).status_code
        assert [200, 401] == [(await client.get("/me")).status_code for client in (one, other)]
        assert 302 == (await other.post("/login", data={"username": queue, "password": "secret"})).status_code
        changed = {"old": "secret", "new": "another", "again": "another"}
        assert 303 == (await one.post("/account", data=changed)).status_code
        assert [200, 401] == [(await client.get("/me")).status_code for client in (one, other)]
