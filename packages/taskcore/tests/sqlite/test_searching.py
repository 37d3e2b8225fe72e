"""A search that takes long keeps nobody waiting, and ends with its caller."""

import asyncio
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.ids import WorkerId
from taskcore.models import Part, TaskQuery
from taskcore.testing import a_claim, a_task, eventually

ENDLESS = TaskQuery(contains={Part.PAYLOAD: "x" * 2000 + "y"})
"""SQLite compares two thousand letters at each of a hundred thousand places of a payload: a minute for all of them."""


@pytest.fixture
async def search(store: SQLiteStore) -> asyncio.Task[object]:
    await store.put([a_task(payload="x" * 100_000)] * 200)
    search = asyncio.ensure_future(store.find(ENDLESS))
    await eventually(lambda: store._searcher._under_way is not None)
    return search


async def test_workers_do_not_wait_for_a_search(store: SQLiteStore, search: asyncio.Task[object]) -> None:
    (held,) = await asyncio.wait_for(store.claim(a_claim(limit=1)), 30)

    await asyncio.wait_for(store.cancellations(WorkerId("w1")), 30)
    await asyncio.wait_for(store.get(held.id), 30)
    await asyncio.wait_for(store.revision(), 30)

    assert not search.done()
    search.cancel()


async def test_a_search_that_nobody_waits_for_is_stopped(store: SQLiteStore, search: asyncio.Task[object]) -> None:
    search.cancel()

    assert 50 == len(await asyncio.wait_for(store.find(TaskQuery()), 30))


async def test_only_the_search_that_was_given_up_is_stopped(store: SQLiteStore, search: asyncio.Task[object]) -> None:
    behind = asyncio.ensure_future(store.find(ENDLESS))
    next_one = asyncio.ensure_future(store.find(TaskQuery(limit=1)))
    await asyncio.sleep(0)

    behind.cancel()
    search.cancel()

    assert 1 == len(await asyncio.wait_for(next_one, 30))


async def test_a_store_that_is_closed_searches_no_more(path: Path) -> None:
    store = await SQLiteStore.open(path)
    first = asyncio.gather(*[store.find(TaskQuery()) for _ in range(3)])
    await asyncio.sleep(0)
    await store.close()

    await asyncio.gather(first, return_exceptions=True)

    with pytest.raises(StoreUnavailable, match="closed"):
        await store.find(TaskQuery())


async def test_text_that_is_not_unicode_is_refused(store: SQLiteStore) -> None:
    with pytest.raises(InvalidInput):
        await store.find(TaskQuery(contains={Part.PAYLOAD: "\ud800"}))
