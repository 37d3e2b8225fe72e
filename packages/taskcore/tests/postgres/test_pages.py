"""What pages ask beside tasks: counts over time, workers, and whether anything has changed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from taskcore.adapters.postgres import PostgresStore
from taskcore.adapters.postgres.opening import VERSIONS
from taskcore.adapters.sql import upgrade
from taskcore.ids import IdScheme, TaskId
from taskcore.models import MINUTE
from taskcore.testing import FakeClock, a_claim, a_task, seconds
from taskcore.testing.clock import NOON
from taskcore.testing.contracts.presence import a_worker
from taskcore.testing.contracts.statistics import a_count

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_the_trace_of_an_order_goes_with_each_of_its_claims(store: PostgresStore) -> None:
    await store.put([a_task("traced", trace=TRACE), a_task("plain"), a_task("keyed", idempotency_key="k")])

    traces = {task.name: task.trace for task in await store.claim(a_claim())}

    assert {"traced": TRACE, "plain": None, "keyed": None} == traces


async def test_what_was_stored_before_there_were_traces_is_read(
    postgres_url: str, prefix: str, clock: FakeClock, connection: Any
) -> None:
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as old:
        await old.run_sync(upgrade.upgrade, prefix, IdScheme.TIME_SORTED, "0001", versions=VERSIONS)
    await engine.dispose()
    await connection.execute(
        f"INSERT INTO {prefix}_tasks (id, ready, queue, name, priority, created_at, run_at, payload)"
        " VALUES ('old', 1, 'default', 'send', 0, 1, 1, '7')"
    )

    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as store:
        (claimed,) = await store.claim(a_claim())
        await store.sight(a_worker(), seconds(60))

        assert (TaskId("old"), "7", None) == (claimed.id, claimed.payload, claimed.trace)


async def test_counts_that_ten_processes_add_at_once_add_up(postgres_url: str, store: PostgresStore) -> None:
    """In whatever order each names them: they are locked in one order."""
    ahead = [a_count(name=f"task{number}") for number in range(200)]

    await asyncio.gather(*[store.add_counts(ahead[::step]) for step in (1, -1) for _ in range(10)])

    stored = await store.timed_counts(MINUTE, NOON, NOON + MINUTE)
    assert [20] * 200 == [each.count for each in stored]


async def test_workers_that_come_back_together_do_not_wait_for_each_other(
    store: PostgresStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each forgets the others, which have been silent for as long as itself."""
    monkeypatch.setattr("taskcore.adapters.postgres.database._TRIES", 1)
    names = [f"w{number}" for number in range(8)]
    for _ in range(20):
        clock.advance(3600)
        await asyncio.gather(*[store.sight(a_worker(name), seconds(60)) for name in names])

    clock.advance(3600)
    await store.sight(a_worker("w0"), seconds(60))

    assert ["w0"] == [seen.worker.id for seen in await store.workers()]


async def test_a_revision_changes_with_a_transaction_that_began_before_others_ended(
    store: PostgresStore, prefix: str, connection: Any, postgres_url: str
) -> None:
    slow = connection.transaction()
    await slow.start()
    await connection.execute(f"INSERT INTO {prefix}_queues (name, paused) VALUES ('slow', true)")
    await store.put([a_task()])
    before = await store.revision()

    await slow.commit()

    assert before != await store.revision()


async def test_looking_changes_no_revision(postgres_url: str, prefix: str, clock: FakeClock) -> None:
    """Other tests of the machine may write meanwhile, so a quiet moment is waited for."""
    async with await PostgresStore.open(postgres_url, prefix=prefix, clock=clock) as store:
        for _ in range(50):
            before = await store.revision()
            await store.claim(a_claim())
            await store.counts()
            await store.wait_for_work(["default"], 0.01)
            await store.workers()
            if before == await store.revision():
                return
            await asyncio.sleep(0.05)
    pytest.fail("a worker without work changes the revision each time")


async def test_counts_of_a_year_are_pruned_by_their_span_alone(store: PostgresStore, clock: FakeClock) -> None:
    await store.add_counts([a_count(at=clock.now() - timedelta(days=day)) for day in range(365)])

    assert 335 == await store.prune_counts(MINUTE, timedelta(days=29, hours=1))
    assert 0 == await store.prune_counts(timedelta(hours=1), timedelta(0))
