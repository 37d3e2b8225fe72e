"""Programs with a key of their own: what it is good for, and when no more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from lapinq import keys
from lapinq.storage import Storage
from starlette.applications import Starlette
from taskcore.auth.accounts import Accounts
from taskcore.auth.keys import IssuedKey
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.errors import InvalidInput

from .conftest import P, client_of

pytestmark = pytest.mark.anyio

STRANGER = "203.0.113.7"


@pytest.fixture
async def accounts(guarded: Starlette) -> Accounts:
    found: Accounts = await guarded.state.desk.accounts()
    return found


async def issue(accounts: Accounts, **given: object) -> IssuedKey:
    return await keys.issue(accounts, SYSTEM, {"name": "ci", **given})


def bearer(app: Starlette, text: str) -> httpx.AsyncClient:
    return client_of(app, STRANGER, headers={"Authorization": f"Bearer {text}"})


async def put(client: httpx.AsyncClient, queue: str) -> int:
    body = {"task_name": "add", "module_path": "mytasks", "queue_name": queue}
    return (await client.post(f"{P}/enqueue", json=body)).status_code


async def test_a_key_may_do_to_a_queue_what_was_granted_and_nothing_elsewhere(
    guarded: Starlette, accounts: Accounts, queue: str
) -> None:
    made = await issue(accounts, permissions={"queues": {queue: ["enqueue"]}})

    async with bearer(guarded, made.text) as client:
        assert [201, 403] == [await put(client, queue), await put(client, f"{queue}-2")]
        assert 403 == (await client.get(f"{P}/tasks")).status_code
        assert 403 == (await client.post(f"{P}/queues/{queue}/pause")).status_code
    async with client_of(guarded, STRANGER, headers={"X-API-Key": made.text}) as client:
        assert 201 == await put(client, queue)


async def test_a_key_sees_the_tasks_of_its_queue_alone(guarded: Starlette, accounts: Accounts, queue: str) -> None:
    mine = await issue(accounts, permissions={"queues": {queue: ["enqueue", "view"]}})
    all_of_them = await issue(accounts, role="admin")
    async with bearer(guarded, all_of_them.text) as client:
        body = {"task_name": "add", "module_path": "mytasks"}
        ids = [
            (await client.post(f"{P}/enqueue", json={**body, "queue_name": name})).json()["task_id"]
            for name in (queue, f"{queue}-2")
        ]

    async with bearer(guarded, mine.text) as client:
        for part in ("", "/result", "/attempts", "/logs", "/webhooks"):
            assert [200, 403] == [(await client.get(f"{P}/tasks/{task}{part}")).status_code for task in ids], part
        assert [ids[0]] == [task["id"] for task in (await client.get(f"{P}/tasks?queue={queue}")).json()]
        for query in ("", f"?queue={queue}-2", "?status=pending"):
            assert 403 == (await client.get(f"{P}/tasks{query}")).status_code
        assert [queue] == [each["queue_name"] for each in (await client.get(f"{P}/queues")).json()]
        assert 403 == (await client.get(f"{P}/tasks/00000000-0000-7000-8000-000000000000")).status_code
        assert 400 == (await client.get(f"{P}/tasks/nonsense")).status_code


async def test_a_key_for_every_queue_is_for_those_to_come(guarded: Starlette, accounts: Accounts, queue: str) -> None:
    made = await issue(accounts, permissions={"queues": {"*": ["enqueue", "view"]}})

    async with bearer(guarded, made.text) as client:
        assert 201 == await put(client, queue)
        assert 200 == (await client.get(f"{P}/tasks")).status_code
        assert 403 == (await client.delete(f"{P}/tasks?queue={queue}")).status_code


async def test_a_revoked_or_overdue_key_is_401_and_its_text_is_kept_nowhere(
    guarded: Starlette, accounts: Accounts, open_storage: Storage
) -> None:
    revoked, kept = await issue(accounts, role="user"), await issue(accounts, role="user", expires_in_days=1)
    await accounts.keys.revoke(SYSTEM, revoked.key.id)
    async with bearer(guarded, revoked.text) as gone, bearer(guarded, kept.text) as good:
        assert [401, 200] == [(await client.get(f"{P}/queues")).status_code for client in (gone, good)]
        await open_storage.pool.execute(
            "UPDATE lapinq_core_accounts_keys SET expires_at = 1 WHERE id = $1", kept.key.id
        )
        assert 401 == (await good.get(f"{P}/queues")).status_code

    rows = await open_storage.pool.fetch("SELECT k::text FROM lapinq_core_accounts_keys AS k")
    secret = kept.text.removeprefix(kept.key.prefix)
    assert all(secret not in row[0] for row in rows)
    entries = await (await open_storage.account_store()).entries(AuditQuery(target=f"key:{revoked.key.id}"))
    assert ["key.revoke", "key.create"] == [entry.action for entry in entries]


async def test_a_document_tells_all_but_the_secret(accounts: Accounts) -> None:
    permissions = {"queues": {"*": ["view"], "video": ["enqueue", "pause"]}}
    made = await issue(accounts, permissions=permissions, expires_in_days=7)

    found: dict[str, Any] = keys.document(made.key, datetime.now(UTC))
    assert ("ci", "active", None, permissions) == (
        found["name"], found["state"], found["owner"], found["permissions"],
    )  # fmt: skip
    assert timedelta(days=7) == made.key.expires_at - made.key.created_at  # type: ignore[operator]
    assert "expired" == keys.state_of(made.key, datetime.now(UTC) + timedelta(days=8))
    assert made.text.startswith(found["prefix"])
    assert made.text not in str(found)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"role": "root"},
        {"role": 7},
        {"name": " ", "role": "user"},
        {"name": None, "role": "user"},
        {"permissions": []},
        {"permissions": {"queues": {"video": ["fly"]}}},
        {"permissions": {"queues": {"video": ["admin"]}}},
        {"permissions": {"queues": {"v*": ["view"]}}},
        {"role": "user", "expires_in_days": 0},
        {"role": "user", "expires_in_days": "7"},
        {"role": "user", "expires_in_days": 1e9},
        {"role": "user", "expires_in_days": float("nan")},
    ],
)
async def test_a_key_that_is_good_for_nothing_is_not_made(accounts: Accounts, bad: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        await issue(accounts, **bad)
