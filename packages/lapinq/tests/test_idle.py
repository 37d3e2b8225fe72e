"""How little a worker asks of the database while there is nothing to do."""

import asyncio

import asyncpg
import pytest
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.working import Working, at_work
from taskcore.testing import eventually

pytestmark = pytest.mark.anyio

COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
SECONDS = 4


async def test_an_idle_worker_asks_the_database_less_than_twenty_times_a_second(
    empty_database: str, connection: "asyncpg.Connection"
) -> None:
    settings = Settings(database_url=empty_database, pool_size=4)
    service = await Service.open(settings)
    async with at_work(Working(service, settings)):
        await eventually(service.store.workers)
        await asyncio.sleep(2)  # until what belongs to its start is done, and counted
        before = await connection.fetchval(COMMITS)
        await asyncio.sleep(SECONDS)  # it is asked for so long what it does by itself
        asked = await connection.fetchval(COMMITS) - before
    await service.close()

    assert 0 < asked < 20 * SECONDS
