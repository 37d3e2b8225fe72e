"""Who waits for work hears of all that is put, and a closed store listens no more."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from taskcore.adapters.postgres import PostgresStore, wakeup
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, eventually, seconds


@pytest.fixture
async def waiting(store: PostgresStore, postgres_url: str, prefix: str, clock: FakeClock) -> AsyncIterator[Any]:
    """Begins to wait for work, in another process so to say, and answers the wait."""
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as another:

        async def begin(queue: str = "default") -> asyncio.Task[None]:
            wait = asyncio.create_task(another.wait_for_work([queue], 60))
            await eventually(lambda: another._listener._waiting)
            await asyncio.sleep(0.1)  # let it look; too short a pause makes the test easier, never wrong
            return wait

        yield begin


async def tell_of_something_else(store: PostgresStore) -> None:
    """So that the next put is too early for a notification of its own."""
    await store.put([a_task(queue="other")])


async def test_what_is_long_in_being_stored_is_told_of_afterwards(
    store: PostgresStore, waiting: Any, prefix: str, connection: Any
) -> None:
    wait = await waiting()
    await tell_of_something_else(store)
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE {prefix}_tasks IN SHARE MODE")
        put = asyncio.create_task(store.put([a_task()]))
        await asyncio.sleep(0.1)  # longer than news are held back
    await put

    await asyncio.wait_for(wait, 30)


async def test_a_put_that_fails_takes_no_news_with_it(store: PostgresStore, waiting: Any) -> None:
    wait = await waiting()
    await tell_of_something_else(store)
    await store.put([a_task()])
    store._announcements._quiet_until = 0.0  # The next one may tell, and takes along what is held back.
    with pytest.raises(InvalidInput):
        await store.put([a_task(meta="\x00")])

    await asyncio.wait_for(wait, 30)


async def test_a_put_of_nothing_takes_no_news_with_it(store: PostgresStore, waiting: Any) -> None:
    wait = await waiting()
    await tell_of_something_else(store)
    await store.put([a_task()])
    store._announcements._quiet_until = 0.0
    await store.put([])

    await asyncio.wait_for(wait, 30)


async def test_closing_tells_of_what_is_held_back(
    postgres_url: str, prefix: str, clock: FakeClock, waiting: Any
) -> None:
    wait = await waiting()
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as short:
        await tell_of_something_else(short)
        await short.put([a_task()])

    await asyncio.wait_for(wait, 30)


async def test_a_slot_from_before_the_limit_is_told_of_when_it_is_free(store: PostgresStore, waiting: Any) -> None:
    await store.put([a_task(queue="narrow"), a_task(queue="narrow")])
    (running,) = await store.claim(a_claim("w1", "narrow", limit=1))
    await store.limit("narrow", 1)
    wait = await waiting("narrow")

    await store.settle([a_settlement(running)])

    await asyncio.wait_for(wait, 30)


async def test_a_closed_store_does_not_begin_to_listen(postgres_url: str, prefix: str) -> None:
    store = await PostgresStore.open(postgres_url, prefix=prefix)
    await store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        await store.wait_for_work(["default"], seconds(1).total_seconds())

    assert store._listener._listening is None


async def test_who_watches_hears_of_what_others_change_and_of_many_changes_together(
    store: PostgresStore,
    postgres_url: str,
    prefix: str,
    clock: FakeClock,
    connection: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wakeup, "CHANGES_PAUSE", 30.0)  # however long it takes to make them
    heard: list[object] = []
    await store.put([a_task() for _ in range(40)])
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as another:
        await connection.add_listener(f"{prefix}_changes", lambda *said: heard.append(said))
        await asyncio.wait_for(another.wait_for_change(60), 30)  # over once it listens: what came before was not heard
        change = asyncio.create_task(another.wait_for_change(60))
        await eventually(lambda: another._listener._watching)
        assert not change.done()
        for _ in range(40):
            (running,) = await store.claim(a_claim(limit=1))
            await store.settle([a_settlement(running)])

        await asyncio.wait_for(change, 30)
        await store.close()

    await eventually(lambda: heard)
    assert len(heard) < 5


async def test_closing_tells_of_a_change_even_while_it_is_being_told_of(
    postgres_url: str, prefix: str, clock: FakeClock, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, telling = asyncio.Event(), asyncio.Event()

    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as short:
        await connection.add_listener(f"{prefix}_changes", lambda *_: heard.set())

        async def never(*_: object) -> None:
            telling.set()
            await asyncio.Event().wait()

        with monkeypatch.context() as slow:
            slow.setattr(short._database, "fetch", never)
            short._notices.note()
            await asyncio.wait_for(telling.wait(), 30)

    await asyncio.wait_for(heard.wait(), 30)


async def test_who_looks_in_vain_tells_nobody(store: PostgresStore) -> None:
    await store.claim(a_claim())
    await store.expire(10)
    await store.exchange([], a_claim())

    assert store._notices._telling is None
