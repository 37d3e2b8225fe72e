"""Tasks that are stored in a transaction of the application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, assert_type
from uuid import UUID

import asyncpg
import psycopg
import pytest
from lapinq import AsyncTaskQueue, TaskQueue
from lapinq.service import Service
from lapinq.storage import Storage
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from taskcore.errors import InvalidInput, SchemaMismatch
from taskcore.models import TaskQuery

pytestmark = pytest.mark.anyio


@pytest.fixture
async def own(storage: Storage) -> AsyncIterator["asyncpg.Connection"]:
    """A connection of the application's own."""
    connection = await asyncpg.connect(storage.settings.database_url)
    yield connection
    await connection.close()


def welcome(user: int) -> None: ...


mail = TaskQueue("http://nobody.example").task(max_retries=5)(welcome)
Begin = Callable[[], AbstractAsyncContextManager[Any]]


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


@pytest.fixture(params=["asyncpg", "AsyncConnection", "AsyncSession"])
async def begin(request: pytest.FixtureRequest, storage: Storage, own: "asyncpg.Connection") -> AsyncIterator[Begin]:
    """Open a transaction of the application."""
    url = storage.settings.database_url.replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)

    @asynccontextmanager
    async def asyncpg_transaction() -> AsyncIterator[Any]:
        async with own.transaction():
            yield own

    @asynccontextmanager
    async def session() -> AsyncIterator[Any]:
        async with AsyncSession(engine) as session, session.begin():
            yield session

    kinds: dict[str, Begin] = {"asyncpg": asyncpg_transaction, "AsyncConnection": engine.begin, "AsyncSession": session}
    yield kinds[request.param]
    await engine.dispose()


async def test_a_queue_puts_a_task_that_exists_once_the_transaction_commits(begin: Begin, service: Service) -> None:
    async with AsyncTaskQueue("http://nobody.example") as queue:
        async with begin() as connection:
            task = await queue.enqueue_in(connection, mail, 7)
            assert [] == await statuses(service)
        with suppress(ZeroDivisionError):
            async with begin() as connection:
                await queue.enqueue_in(connection, mail, user=8)
                raise ZeroDivisionError

    assert_type(task, UUID | None)
    assert [("pending", [7], 5)] == await statuses(service)
    assert [task] == [found.id for found in (await service.list()).items]


async def test_options_count_in_a_transaction_too(begin: Begin, service: Service) -> None:
    async with AsyncTaskQueue("http://nobody.example") as queue, begin() as connection:
        once = mail.options(idempotency_key="user 7", ttl_seconds=3600, priority=4)
        first, again = [await queue.enqueue_in(connection, once, number) for number in (7, 8)]
        unkept = await queue.enqueue_in(connection, mail.options(ttl_seconds=0), 9)

    (task,) = (await service.list()).items
    (record,) = await service.store.find(TaskQuery())
    assert (first, again, None) == (task.id, task.id, unkept)
    assert ([7], 3600, 4) == (task.args, task.ttl_seconds, task.priority)
    assert record.expires_at is not None


@pytest.mark.parametrize("kind", [Session, Connection])
async def test_a_program_without_an_event_loop_has_the_same(
    storage: Storage, service: Service, kind: Callable[[Any], Any]
) -> None:
    def put() -> tuple[UUID | None, UUID | None]:
        engine = create_engine(storage.settings.database_url.replace("postgresql://", "postgresql+psycopg://"))
        with TaskQueue("http://nobody.example") as queue, kind(engine) as session:
            queue.enqueue_in(session, mail, 1)
            session.rollback()
            kept = queue.enqueue_in(session, mail.options(ttl_seconds=60), 2)
            unkept = queue.enqueue_in(session, mail.options(ttl_seconds=0), 3)
            session.commit()
        engine.dispose()
        return kept, unkept

    kept, unkept = await asyncio.to_thread(put)

    assert None is unkept
    assert [("pending", [2], 5)] == await statuses(service)
    assert kept == (await service.list()).items[0].id


async def test_a_connection_that_commits_each_statement_has_no_transaction(storage: Storage, service: Service) -> None:
    url = storage.settings.database_url
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection, AsyncSession(engine) as session:
        for each in (connection, session):
            with pytest.raises(InvalidInput, match="AUTOCOMMIT"):
                await AsyncTaskQueue().enqueue_in(each, mail, 7)
    await engine.dispose()

    engine_of_psycopg = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine_of_psycopg.connect() as own, pytest.raises(InvalidInput, match="AUTOCOMMIT"):
        TaskQueue().enqueue_in(own.execution_options(isolation_level="AUTOCOMMIT"), mail, 7)
    engine_of_psycopg.dispose()

    assert [] == await statuses(service)


async def test_a_connection_that_will_not_do_is_refused_with_what_would(
    own: "asyncpg.Connection", empty_database: str, service: Service
) -> None:
    with TaskQueue() as here, pytest.raises(InvalidInput, match=r"goes to AsyncTaskQueue\.enqueue_in"):
        here.enqueue_in(own, mail, 1)
    with psycopg.connect(empty_database) as raw, pytest.raises(InvalidInput, match="Session of SQLAlchemy, got"):
        TaskQueue().enqueue_in(raw, mail, 1)
    async with AsyncTaskQueue() as queue:
        for wrong in (Session(), "postgresql://"):
            with pytest.raises(InvalidInput, match=r"goes to TaskQueue\.enqueue_in"):
                await queue.enqueue_in(wrong, mail, 1)
        with pytest.raises(InvalidInput, match="needs a transaction"):
            await queue.enqueue_in(own, mail, 1)
        async with own.transaction():
            with pytest.raises(InvalidInput, match="webhook_url must be"):
                await queue.enqueue_in(own, mail.options(webhook_url="file:///etc"), 1)
            with pytest.raises(InvalidInput, match="args and kwargs must be JSON"):
                await queue.enqueue_in(own, mail, {1, 2})  # type: ignore[arg-type]
    elsewhere = await asyncpg.connect(empty_database)
    async with AsyncTaskQueue() as queue:
        with pytest.raises(SchemaMismatch, match="lacks tables"):
            async with elsewhere.transaction():
                await queue.enqueue_in(elsewhere, mail, 1)
    await elsewhere.close()

    assert [] == await statuses(service)
