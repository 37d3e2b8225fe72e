"""Tasks that are stored in a transaction of the application."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from lapinq import TaskQueue
from lapinq.service import Service
from lapinq.storage import Storage
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from taskcore.errors import InvalidInput

pytestmark = pytest.mark.anyio


@pytest.fixture
async def own(storage: Storage) -> AsyncIterator["asyncpg.Connection"]:
    """A connection of the application's own."""
    connection = await asyncpg.connect(storage.settings.database_url)
    yield connection
    await connection.close()


def welcome(user: int) -> None: ...


def order(user: int) -> dict[str, object]:
    with TaskQueue() as queue:
        declared = queue.task(max_retries=5, ttl_seconds=60)(welcome).order(user)
    return {**declared, "module_path": "mytasks"}  # where workers would find it


async def statuses(service: Service) -> list[tuple[str, list[object], int]]:
    return [(task.status, task.args, task.max_retries) for task in (await service.list()).items]


async def test_a_task_exists_once_the_transaction_commits(
    storage: Storage, service: Service, own: "asyncpg.Connection"
) -> None:
    async with own.transaction():
        (task,) = await storage.enqueue_within(own, [order(7)])
        assert [] == await statuses(service)

    assert [("pending", [7], 5)] == await statuses(service)
    assert 60 == (await service.get(task)).ttl_seconds


async def test_a_task_vanishes_with_a_session_that_is_rolled_back(storage: Storage, service: Service) -> None:
    engine = create_async_engine(storage.settings.database_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with AsyncSession(engine) as session:
        await session.execute(text("SELECT 1"))
        await storage.enqueue_within(session, [order(1)])
        await session.rollback()
        await storage.enqueue_within(session, [order(2)])
        await session.commit()
    await engine.dispose()

    assert [("pending", [2], 5)] == await statuses(service)


async def test_what_no_worker_would_run_is_refused_there_too(
    storage: Storage, service: Service, own: "asyncpg.Connection"
) -> None:
    with pytest.raises(InvalidInput, match="transaction"):
        await storage.enqueue_within(own, [order(1)])
    async with own.transaction():
        with pytest.raises(InvalidInput, match="standard library"):
            await storage.enqueue_within(own, [order(1), {"task_name": "system", "module_path": "os"}])

    assert [] == await statuses(service)
