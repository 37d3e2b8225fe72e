"""A database of the public release opens in this one, with everything in it."""

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from lapinq import wiring
from lapinq.orders import Order
from lapinq.schedule_rows import ScheduleRows
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.tables import Filter
from taskcore.auth.permissions import Kind, Verb, allowed
from taskcore.errors import SchemaMismatch

from . import public_release

pytestmark = pytest.mark.anyio

THEN = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
LATER = THEN + timedelta(minutes=1, microseconds=1)
TASK: dict[str, Any] = {"queue_name": "video", "task_name": "transcode", "module_path": "mytasks", "created_at": THEN}
STATES: dict[str, dict[str, Any]] = {
    "pending": {"scheduled_at": LATER, "args": [1, {"a": None}], "kwargs": {"k": "v"}, "priority": 7},
    "running": {"started_at": LATER, "last_heartbeat": LATER, "worker_id": "w", "attempts": 1, "progress": 33.3},
    "completed": {"started_at": LATER, "completed_at": LATER, "result": '{"a": 1}', "worker_id": "w"},
    "failed": {
        "started_at": LATER, "completed_at": LATER, "error": "boom", "attempts": 5, "max_retries": 5,
        "retry_delay": 1.5, "retry_backoff": False, "worker_id": "w",
    },
    "cancelled": {"completed_at": LATER, "error": "cancelled by user", "webhook_url": "http://example.com/"},
    "expired": {"completed_at": LATER, "error": "ttl expired", "ttl_seconds": 60.0, "metadata": {"user": 42}},
}  # fmt: skip
POISON: list[dict[str, Any]] = [
    {"ttl_seconds": float("inf")},
    {"ttl_seconds": float("nan")},
    {"retry_delay": float("inf"), "retry_backoff": False},
    {"progress": float("nan")},
    {"kwargs": [1]},
    {"args": {"a": 1}},
    {"max_retries": -4, "attempts": 51},
    {"module_path": "", "queue_name": "", "task_name": "a:b\nc" + "x" * 500},
    {"result": "not JSON at all"},
    {"result": '{"~date": "x"}'},
    {"scheduled_at": datetime.max.replace(tzinfo=UTC)},
]


def hashed(password: str) -> str:
    salt = "0123456789abcdef0123456789abcdef"
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 600_000)
    return f"pbkdf2:sha256:600000:{salt}:{base64.b64encode(digest).decode()}"


async def opened(url: str) -> Service:
    return await Service.open(Settings(database_url=url, pool_size=4))


@pytest.fixture
async def before(connection: "asyncpg.Connection") -> dict[str, dict[str, Any]]:
    """Tasks in every state, as the public release shows them."""
    await public_release.create(connection)
    return {
        status: dict(await public_release.insert(connection, "lapinq_tasks", **TASK, **row, status=status))
        for status, row in STATES.items()
    }


async def test_tasks_in_every_state_are_the_same_through_the_view(
    before: dict[str, dict[str, Any]], connection: "asyncpg.Connection", empty_database: str
) -> None:
    service = await opened(empty_database)
    await service.close()

    after = {row["status"]: dict(row) for row in await connection.fetch("SELECT * FROM lapinq_tasks")}

    assert before == after
    assert 6 == await connection.fetchval("SELECT count(*) FROM lapinq_backup_tasks")


async def test_tasks_are_found_by_the_ids_that_their_producers_know(
    before: dict[str, dict[str, Any]], empty_database: str
) -> None:
    service = await opened(empty_database)
    try:
        for status, row in before.items():
            found = await service.get(row["id"])
            assert (row["id"], status, row["created_at"]) == (found.id, found.status, found.created_at)
            assert [row["id"]] == [task.id for task in (await service.list(Filter(id=str(row["id"])))).items]
        await service.cancel(before["pending"]["id"])
        await service.requeue(before["failed"]["id"])
        await service.merge_metadata(before["expired"]["id"], {"more": 1})
        await service.set_progress(before["completed"]["id"], 100)

        assert {"user": 42, "more": 1} == (await service.get(before["expired"]["id"])).metadata
        assert "cancelled" == (await service.get(before["pending"]["id"])).status
        assert 1.5 == (await service.get(before["failed"]["id"])).retry_delay
    finally:
        await service.close()


async def test_a_task_that_was_taken_over_is_deleted_by_the_id_that_its_producer_knows(
    before: dict[str, dict[str, Any]], connection: "asyncpg.Connection", empty_database: str
) -> None:
    await (await opened(empty_database)).close()

    gone = before["completed"]["id"]
    assert "DELETE 1" == await connection.execute("DELETE FROM lapinq_tasks WHERE id = $1", gone)

    assert 5 == await connection.fetchval("SELECT count(*) FROM lapinq_core_tasks")
    assert 5 == await connection.fetchval("SELECT count(*) FROM lapinq_former_ids")


async def test_new_tasks_are_listed_before_old_ones_whatever_their_ids(
    before: dict[str, dict[str, Any]], connection: "asyncpg.Connection", empty_database: str
) -> None:
    newest = UUID("ffffffff-ffff-4fff-bfff-ffffffffffff")
    await public_release.insert(connection, "lapinq_tasks", **TASK | {"created_at": LATER}, id=newest)
    service = await opened(empty_database)
    try:
        task = await service.enqueue(Order(task_name="add", module_path="mytasks"))

        assert [task, newest] == [found.id for found in (await service.list(limit=2)).items]
    finally:
        await service.close()


async def test_what_a_gone_worker_was_running_is_recovered(
    before: dict[str, dict[str, Any]], connection: "asyncpg.Connection", empty_database: str
) -> None:
    storage = Storage(await opened(empty_database))
    try:
        assert [before["running"]["id"]] == await storage.recover_stale_tasks(0)
        assert ("pending", 2) == await _state(storage, before["running"]["id"])
    finally:
        await storage.close()


async def _state(storage: Storage, task: UUID) -> tuple[str, int]:
    row = await storage.get_task(task)
    assert row is not None
    return row["status"], row["attempts"]


async def test_rows_that_broke_the_public_release_are_taken_over_too(
    connection: "asyncpg.Connection", empty_database: str
) -> None:
    await public_release.create(connection)
    for row in POISON:
        await public_release.insert(connection, "lapinq_tasks", **TASK | row)
    await connection.execute("UPDATE lapinq_tasks SET scheduled_at = 'infinity' WHERE result IS NOT NULL")
    service = await opened(empty_database)
    try:
        tasks = (await service.list()).items
        documents = [task.document(await service.now()) for task in tasks]
        await service.sweep()

        assert len(POISON) == len(documents)
        assert len(POISON) == await connection.fetchval("SELECT count(*) FROM (SELECT * FROM lapinq_tasks) AS t")
    finally:
        await service.close()


async def test_users_keep_their_ids_hashes_roles_and_grants(
    connection: "asyncpg.Connection", empty_database: str
) -> None:
    await public_release.create(connection)
    grants = {"queues": {"video": ["delete", "cancel"], "a*": ["delete"], "odd": "delete"}}
    rows = [
        await public_release.insert(connection, "lapinq_users", created_at=THEN, **row)
        for row in (
            {"username": "lapinq", "password_hash": hashed("lapinq"), "role": "admin"},
            {"username": "eve", "password_hash": hashed("secret"), "permissions": grants},
        )
    ]
    await public_release.insert(connection, "lapinq_users", username="EVE", password_hash="x", created_at=LATER)
    await (await opened(empty_database)).close()

    accounts = await wiring.open_accounts(Settings(database_url=empty_database))
    try:
        users = [await accounts.get_user(str(row["id"])) for row in rows]
        third = await accounts.find_user("EVE 2")
    finally:
        await accounts.close()

    assert [(row["username"], row["password_hash"], row["role"], THEN) for row in rows] == [
        (user.name, user.password_hash, user.role, user.created_at) for user in users if user
    ]
    assert third is not None
    eve = users[1]
    assert eve is not None
    assert allowed(eve.grants, Verb.DELETE, Kind.QUEUE, "video")
    assert not allowed(eve.grants, Verb.VIEW, Kind.QUEUE, "video")
    assert not any(allowed(eve.grants, Verb.DELETE, Kind.QUEUE, queue) for queue in ("ab", "odd"))
    permissions = await connection.fetchval("SELECT permissions::text FROM lapinq_users WHERE username = 'eve'")
    assert '{"queues": {"video": ["cancel", "delete"]}}' == permissions


async def test_scheduled_tasks_stay_where_they_are(connection: "asyncpg.Connection", empty_database: str) -> None:
    await public_release.create(connection)
    row = await public_release.insert(
        connection, "lapinq_scheduled_tasks", task_name="add", module_path="mytasks", cron="0 3 * * *"
    )
    await (await opened(empty_database)).close()

    kept = dict(await connection.fetchrow("SELECT * FROM lapinq_scheduled_tasks"))
    assert row == {name: value for name, value in kept.items() if name in row}
    assert ("UTC", "first", "coalesce", "allow") == tuple(kept[name] for name in ("zone", "fold", "misfire", "overlap"))


async def test_six_servers_that_start_at_once_on_an_empty_database_are_ready_soon(empty_database: str) -> None:
    async with asyncio.timeout(60):  # 5 s on a machine of its own; here others are at work too
        services = await asyncio.gather(*(opened(empty_database) for _ in range(6)))

    for service in services:
        await service.health()
        await service.close()


async def test_the_url_may_carry_options_of_libpq_as_hosts_of_databases_hand_them_out(empty_database: str) -> None:
    url = f"{empty_database}?sslmode=prefer"
    service = await opened(url)
    await service.health()
    await service.close()

    accounts = await wiring.open_accounts(Settings(database_url=url))
    await accounts.check()
    await accounts.close()


async def test_a_second_start_changes_nothing(connection: "asyncpg.Connection", empty_database: str) -> None:
    schema = "SELECT oid::text FROM pg_class WHERE relname LIKE 'lapinq%' ORDER BY oid"
    await (await opened(empty_database)).close()
    first = await connection.fetch(schema)
    async with connection.transaction():
        await connection.execute("SELECT count(*) FROM lapinq_tasks")  # holds a lock that DDL would wait for
        async with asyncio.timeout(30):
            await (await opened(empty_database)).close()

    assert first == await connection.fetch(schema)


async def test_tables_of_a_later_release_are_refused(connection: "asyncpg.Connection", empty_database: str) -> None:
    await (await opened(empty_database)).close()
    await connection.execute("INSERT INTO lapinq_schema_version VALUES (99)")

    with pytest.raises(SchemaMismatch, match="step 99"):
        await opened(empty_database)


async def test_a_database_of_the_release_before_gets_zones_and_the_log_of_webhooks(
    connection: "asyncpg.Connection", empty_database: str
) -> None:
    service = await opened(empty_database)
    task = await service.enqueue(Order(task_name="a", module_path="mytasks", webhook_url="https://example.com/?t=1"))
    assert task is not None
    await service.cancel(task)
    await service.close()
    await connection.execute(
        "ALTER TABLE lapinq_scheduled_tasks DROP zone, DROP gap, DROP fold, DROP misfire, DROP grace, DROP overlap;"
        "INSERT INTO lapinq_scheduled_tasks (task_name, module_path, cron) VALUES ('a', 'mytasks', '@daily');"
        "ALTER TABLE lapinq_webhooks_due DROP queue; ALTER TABLE lapinq_webhook_endpoints DROP since;"
        "INSERT INTO lapinq_webhook_endpoints (url, failures, next_at) VALUES ('https://example.com/', 9, now());"
        "DROP INDEX lapinq_hooks_tasks_endpoint; DROP TABLE lapinq_webhook_secrets;"
        "DELETE FROM lapinq_schema_version WHERE version >= 8"
    )

    service = await opened(empty_database)
    try:
        await (await service.deliveries.outbox()).tick()
        (entry,) = (await service.deliveries.log.page()).items
        (receiver,) = await service.deliveries.log.receivers()
        (row,) = await ScheduleRows(service).all()
        await service.deliveries.secrets.rotate()
    finally:
        await service.close()

    assert ("default", "https://example.com/", True) == (entry.queue, receiver.url, receiver.is_open)
    assert ("UTC", "coalesce", 60) == (row["zone"], row["misfire"], row["grace"])
