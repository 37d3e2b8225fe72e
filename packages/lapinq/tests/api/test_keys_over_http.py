"""API keys over HTTP: users manage their own, admins all."""

from collections.abc import AsyncIterator

import httpx
import pytest
from lapinq.storage import Storage
from starlette.applications import Starlette
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery

from ..conftest import EMPTY
from .conftest import P, client_of

pytestmark = pytest.mark.anyio

STRANGER = "203.0.113.7"


@pytest.fixture(scope="module")
async def admin(app: Starlette, open_storage: Storage) -> AsyncIterator[httpx.AsyncClient]:
    await open_storage.pool.execute(EMPTY)
    async with client_of(app) as client:
        assert 200 == (await client.post("/login", json={"username": "lapinq", "password": "lapinq"})).status_code
        yield client


@pytest.fixture(scope="module")
async def user(app: Starlette, admin: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    body = {"username": "ursula", "password": "secret"}
    assert 201 == (await admin.post("/admin/users", json=body)).status_code
    async with client_of(app, STRANGER) as client:
        assert 200 == (await client.post("/login", json=body)).status_code
        yield client


async def made(client: httpx.AsyncClient, **given: object) -> dict[str, str]:
    answer = await client.post(f"{P}/keys", json={"name": "ci", **given})
    assert 201 == answer.status_code, answer.text
    assert "no-store" == answer.headers["Cache-Control"]
    found: dict[str, str] = answer.json()
    return found


async def status(app: Starlette, key: str, path: str = "/tasks") -> int:
    async with client_of(app, STRANGER, headers={"X-API-Key": key}) as client:
        return (await client.get(f"{P}{path}")).status_code


async def test_a_key_is_shown_once_replaced_and_ended(app: Starlette, admin: httpx.AsyncClient) -> None:
    key = await made(admin, role="user", expires_in_days=30)
    path = f"{P}/keys/{key['id']}"

    assert 200 == await status(app, key["key"])
    listed = await admin.get(f"{P}/keys")
    (shown,) = [each for each in listed.json() if each["id"] == key["id"]]
    assert {
        name: value for name, value in key.items() if name not in ("key", "last_used_at", "last_used_from")
    }.items() <= shown.items()
    assert shown["last_used_at"]
    assert key["key"] not in listed.text
    newer = (await admin.post(f"{path}/rotate", json={"grace_seconds": 0})).json()
    assert [401, 200] == [await status(app, key["key"]), await status(app, newer["key"])]
    assert {"status": "revoked"} == (await admin.delete(f"{P}/keys/{newer['id']}")).json()
    assert 401 == await status(app, newer["key"])
    noted = await (await app.state.desk.accounts()).entries(SYSTEM, AuditQuery(target=f"key:{newer['id']}"))
    assert ["key.revoke"] == [entry.action for entry in noted][:1]
    assert newer["key"] not in str(noted)


async def test_users_make_keys_for_themselves_with_their_own_rights_at_the_most(
    app: Starlette, admin: httpx.AsyncClient, user: httpx.AsyncClient
) -> None:
    theirs, mine = await made(admin, role="admin"), await made(user, role="user")

    assert [mine["id"]] == [key["id"] for key in (await user.get(f"{P}/keys")).json()]
    assert {theirs["id"], mine["id"]} <= {key["id"] for key in (await admin.get(f"{P}/keys")).json()}
    assert 200 == await status(app, mine["key"])
    for more in ({"role": "admin"}, {"permissions": {"queues": {"*": ["delete"]}}}):
        assert 403 == (await user.post(f"{P}/keys", json={"name": "more", **more})).status_code
    for answer in (
        await user.post(f"{P}/keys/{theirs['id']}/rotate"),
        await user.delete(f"{P}/keys/{theirs['id']}"),
    ):
        assert 403 == answer.status_code
    assert 200 == (await admin.delete(f"{P}/keys/{mine['id']}")).status_code


async def test_bad_requests_and_strangers_are_refused(app: Starlette, admin: httpx.AsyncClient) -> None:
    for body in ('{"name": ""}', '{"name": 1}', '{"name": "x"}', '{"name": "x", "role": "king"}', "[]",
                 '{"name": "x", "role": "user", "expires_in_days": 0}'):  # fmt: skip
        assert 400 == (await admin.post(f"{P}/keys", content=body)).status_code, body
    nothing = "01930000-0000-7000-8000-000000000000"
    assert 404 == (await admin.delete(f"{P}/keys/{nothing}")).status_code
    assert 404 == (await admin.post(f"{P}/keys/{nothing}/rotate")).status_code
    async with client_of(app, STRANGER) as stranger:
        assert 401 == (await stranger.get(f"{P}/keys")).status_code
        assert 401 == (await stranger.post(f"{P}/keys", json={"name": "x", "role": "admin"})).status_code
