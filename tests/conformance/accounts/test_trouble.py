"""What goes wrong around a store of accounts in a database leaves no lock, no half step and no broken connection."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from taskcore.adapters.accounts.store import SQLAccounts
from taskcore.auth.records import UserChange
from taskcore.clock import SystemClock
from taskcore.testing.accounts import a_login, a_user, an_admin, an_entry

from tests.conformance.accounts.servers import emptied

MINE = {
    "postgresql+asyncpg": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql+aiomysql": "SELECT concat('KILL ', id) FROM information_schema.processlist "
    "WHERE db = database() AND id <> connection_id()",
}


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/accounts.db"
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def store(url: str) -> AsyncIterator[SQLAccounts]:
    async with emptied(url, SystemClock()) as store:
        yield store


async def kill_connections(url: str) -> None:
    scheme, rest = url.split("://")
    driver = next(name for name in MINE if name.startswith(scheme))
    engine = create_async_engine(f"{driver}://{rest}")
    async with engine.connect() as connection:
        for (statement,) in (await connection.execute(text(MINE[driver]))).all():
            if isinstance(statement, str):
                await connection.execute(text(statement))
    await engine.dispose()


async def test_connections_that_the_server_ended_are_replaced(url: str, store: SQLAccounts) -> None:
    if url.startswith("sqlite"):
        pytest.skip("nobody ends connections to a file")
    user = await store.add_user(an_admin())
    await asyncio.gather(*[store.add_entry(an_entry()) for _ in range(8)])

    for step in (
        lambda: store.get_user(user.id),
        lambda: store.change_user(user.id, UserChange(must_change_password=True)),
        lambda: store.add_session(a_login(user)),
        lambda: store.touch_user(user.id),
        lambda: store.add_entry(an_entry()),
    ):
        await kill_connections(url)
        await step()

    found = await store.get_user(user.id)
    assert found is not None
    assert found.must_change_password


async def test_callers_who_hang_up_leave_nothing_locked_or_half_done(store: SQLAccounts) -> None:
    user = await store.add_user(a_user("Eve"))
    chance = random.Random(7)
    for n in range(40):
        steps = [
            store.change_user(user.id, UserChange(role=chance.choice(["viewer", "operator"]))),
            store.add_session(a_login(user, f"cookie {n}")),
            store.add_entry(an_entry()),
            store.add_user(a_user(f"user{n}")),
        ]
        tasks = [asyncio.create_task(step) for step in steps]
        await asyncio.sleep(chance.uniform(0, 0.02))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async with asyncio.timeout(10):
        assert await store.change_user(user.id, UserChange(role="admin")) is not None
        assert await store.remove_user(user.id, keep_admin=False)
        assert [] == list(await store.sessions(user.id))
