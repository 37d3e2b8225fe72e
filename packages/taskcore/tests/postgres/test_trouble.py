"""Connections that are cut, servers that answer nothing, and values that PostgreSQL cannot keep."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.postgres.database import Runner
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.ids import TaskId
from taskcore.states import TaskState
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, eventually

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'taskcore'"""


async def works(store: PostgresStore) -> bool:
    try:
        await store.put([a_task()])
    except StoreUnavailable:
        return False
    return True


async def test_a_store_whose_connections_were_cut_comes_back_by_itself(store: PostgresStore, connection: Any) -> None:
    await asyncio.gather(*[store.put([a_task()]) for _ in range(8)])  # so that there are many

    await connection.execute(CUT)

    await eventually(lambda: works(store))
    await asyncio.gather(*[store.put([a_task()]) for _ in range(8)])


async def test_who_waits_for_work_hears_of_it_after_its_connection_was_cut(
    store: PostgresStore, postgres_url: str, prefix: str, clock: FakeClock, connection: Any
) -> None:
    waiting = asyncio.create_task(_waits_again(store))
    listening = f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%{prefix}%'"
    await eventually(lambda: _equals(connection, listening, 1))

    await connection.execute(CUT)
    await eventually(lambda: _equals(connection, listening, 1))
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as another:
        await another.put([a_task()])

    await asyncio.wait_for(waiting, 30)


async def _waits_again(store: PostgresStore) -> None:
    """Wait for work as a worker does, whom a store that is away does not keep from asking again."""
    while not await store.claim(a_claim(limit=1)):
        with suppress(StoreUnavailable):
            await store.wait_for_work(["default"], 60)


async def _equals(connection: Any, query: str, expected: int) -> bool:
    return bool(expected == await connection.fetchval(query))


@pytest.fixture
async def silent_server() -> AsyncIterator[str]:
    """It accepts connections, and never says a word."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    yield f"postgresql://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/tasks"
    server.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()


async def test_a_server_that_never_answers_is_given_up(silent_server: str) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be used now") as caught:
        await PostgresStore.open(silent_server, patience=0.2)

    assert "secret" not in str(caught.value)


async def test_a_statement_that_waits_for_a_lock_is_given_up(postgres_url: str, prefix: str, connection: Any) -> None:
    async with await PostgresStore.open(postgres_url, prefix=prefix, patience=1.0) as store:
        (receipt,) = await store.put([a_task()])
        async with connection.transaction():
            await connection.execute(f"SELECT * FROM {prefix}_tasks FOR UPDATE")

            with pytest.raises(StoreUnavailable):
                await store.cancel([receipt.task])

        await eventually(lambda: works(store))


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_text_that_postgresql_cannot_keep_is_refused(store: PostgresStore, text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot store this value"):
        await store.put([a_task(), a_task(meta=text)])

    assert [] == list(await store.claim(a_claim()))


@pytest.mark.parametrize("asked", ["\x00", "\ud800", ""])
async def test_an_id_that_cannot_exist_is_nobodys(store: PostgresStore, asked: str) -> None:
    task = TaskId(asked)

    assert await store.get(task) is None
    assert ([None], [False], 0) == (await store.cancel([task]), await store.replay([task]), await store.delete([task]))


async def test_a_result_that_cannot_be_kept_spoils_no_other(store: PostgresStore) -> None:
    await store.put([a_task(), a_task()])
    first, second = await store.claim(a_claim())

    with pytest.raises(InvalidInput):
        await store.settle([a_settlement(first, result='"\x00"'), a_settlement(second)])

    assert [True, True] == list(await store.settle([a_settlement(first), a_settlement(second)]))


async def test_a_process_that_stands_still_in_a_step_keeps_no_locks(
    store: PostgresStore, postgres_url: str, prefix: str
) -> None:
    (receipt,) = await store.put([a_task()])
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def stand_still(transaction: Runner) -> None:
        await transaction.fetch("SELECT FROM {p}_tasks FOR UPDATE")
        locked.set()
        await go_on.wait()

    async with await PostgresStore.open(postgres_url, prefix=prefix, patience=0.5) as frozen:
        step = asyncio.create_task(frozen._database.together(stand_still))
        await locked.wait()

        assert [TaskState.CANCELLED] == list(await asyncio.wait_for(store.cancel([receipt.task]), 30))
        go_on.set()
        with pytest.raises(StoreUnavailable):
            await step


SLOW_COMMIT = """
CREATE FUNCTION {p}_sleep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON {p}_leaders DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION {p}_sleep()"""


@pytest.mark.parametrize(
    "sql", ["SELECT pg_sleep(30)", "INSERT INTO {p}_leaders VALUES ('a', 'b', 1, 1)"], ids=["a statement", "a commit"]
)
async def test_after_silence_in_a_transaction_no_older_connection_is_used(
    sql: str, postgres_url: str, prefix: str, connection: Any
) -> None:
    async with await PostgresStore.open(postgres_url, prefix=prefix, patience=1.0) as store:
        await connection.execute(SLOW_COMMIT.replace("{p}", prefix))
        before = await store._database.fetch("SELECT pg_backend_pid()")

        with pytest.raises(StoreUnavailable):
            await store._database.together(lambda transaction: transaction.fetch(sql))

        assert before != await store._database.fetch("SELECT pg_backend_pid()")
    await connection.execute(CUT)  # what is asleep there would keep its locks
    await connection.execute(f"DROP FUNCTION {prefix}_sleep CASCADE")


@pytest.mark.parametrize(
    "place", ["me:pa/ss@host", "me:pa#ss@host", "me:pa?ss@host", "me:pass@host:port", "me:pass@[::1"]
)
async def test_a_url_that_cannot_be_read_is_refused_without_repeating_it(place: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be read") as caught:
        await PostgresStore.open(f"postgresql://{place}/tasks")

    assert "pa" not in str(caught.value).replace("percent", "").replace("password", "")
