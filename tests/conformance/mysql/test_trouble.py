"""Races are run again, broken connections replaced, and everything else that goes wrong has one clear sentence."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from taskcore.adapters.sql import schedules, steps
from taskcore.adapters.sql.dialects import DIALECTS, MYSQL
from taskcore.adapters.sql.session import Session
from taskcore.adapters.sql.store import SQLStore
from taskcore.errors import InvalidInput, MissingExtra, StoreUnavailable
from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.models import Receipt, ScheduleRecord, TaskQuery
from taskcore.states import TaskState
from taskcore.testing import a_claim, a_schedule, a_settlement, a_task, seconds
from taskcore.testing.contracts.steps import put, put_one


@pytest.fixture
async def other(store: SQLStore, application: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Somebody else's connection to the tables of ``store``."""
    async with application.connect() as connection:
        yield connection


async def hold(connection: AsyncConnection, prefix: str, *tasks: TaskId) -> None:
    for task in tasks:
        await connection.execute(text(f"SELECT id FROM {prefix}_tasks WHERE id = :id FOR UPDATE"), {"id": task})


async def test_a_write_waits_for_whoever_holds_its_row(store: SQLStore, other: AsyncConnection, prefix: str) -> None:
    task = await put_one(store)
    await hold(other, prefix, task)
    waiting = asyncio.create_task(store.cancel([task]))
    await asyncio.sleep(0.05)  # let it wait; too short a pause makes the test easier, never wrong
    assert not waiting.done()

    await other.rollback()

    assert [TaskState.CANCELLED] == list(await waiting)


async def test_a_claim_passes_over_what_others_hold(store: SQLStore, other: AsyncConnection, prefix: str) -> None:
    first, second, third = await put(store, *[a_task()] * 3)
    await hold(other, prefix, second)

    claimed = await asyncio.wait_for(store.claim(a_claim()), 3)

    assert [first, third] == [task.id for task in claimed]


async def test_a_schedule_that_comes_after_the_look_for_it_is_not_replaced(
    store: SQLStore, mysql_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, quicker = schedules._locked, list[ScheduleRecord]()

    async def look_too_early(session: Session, schedule: ScheduleId) -> Any:
        seen = await look(session, schedule)
        with monkeypatch.context() as patched:
            patched.setattr(schedules, "_locked", look)
            if not quicker:
                quicker.append(await another.save_schedule(a_schedule(every=90), await another.now()))
        return seen

    async with await SQLStore.open(mysql_url, prefix=prefix) as another:
        monkeypatch.setattr(schedules, "_locked", look_too_early)

        assert await store.replace_schedule(a_schedule(every=60), await store.now(), None) is None

    assert quicker == list(await store.schedules())


async def test_rows_that_stay_locked_are_unavailable(
    store: SQLStore, other: AsyncConnection, mysql_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await put_one(store)
    await hold(other, prefix, task)
    hasty = replace(MYSQL, connect={**MYSQL.connect, "init_command": "SET SESSION innodb_lock_wait_timeout = 1"})
    monkeypatch.setitem(DIALECTS, "mysql", hasty)
    monkeypatch.setattr(steps, "_TRIES", 2)

    async with await SQLStore.open(mysql_url, prefix=prefix) as impatient:
        with pytest.raises(StoreUnavailable, match="others kept hold of the same rows"):
            await impatient.cancel([task])


async def test_a_step_that_loses_a_deadlock_is_done_again(store: SQLStore, other: AsyncConnection, prefix: str) -> None:
    first, second = await put(store, a_task(), a_task())
    # The server ends the transaction that has done less.
    await other.execute(text(f"INSERT INTO {prefix}_gates SELECT gate + 1000 FROM {prefix}_gates"))
    await hold(other, prefix, second)
    cancelling = asyncio.create_task(store.cancel([first, second]))
    await asyncio.sleep(0.1)  # let it hold the first row, and wait for the second; if not, there is no deadlock

    await hold(other, prefix, first)
    assert not cancelling.done()
    await other.rollback()

    assert [TaskState.CANCELLED] * 2 == list(await cancelling)


async def test_connections_that_the_server_forgot_are_replaced(store: SQLStore, other: AsyncConnection) -> None:
    await asyncio.gather(*[store.now() for _ in range(4)])
    mine = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    for (number,) in (await other.execute(text(mine))).all():
        await other.execute(text(f"KILL {number}"))

    task = await put_one(store)

    assert task == (await store.claim(a_claim()))[0].id


async def test_a_call_that_is_given_up_leaves_nothing_and_the_store_goes_on(
    store: SQLStore, other: AsyncConnection, prefix: str
) -> None:
    task = await put_one(store)
    await hold(other, prefix, task)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(store.cancel([task]), 0.05)

    await other.rollback()
    assert [task] == [record.id for record in await store.claim(a_claim())]


async def test_what_cannot_be_stored_is_refused_and_leaves_nothing(store: SQLStore) -> None:
    with pytest.raises(InvalidInput, match="valid Unicode"):
        await store.put([a_task(), a_task(payload="\ud800")])
    with pytest.raises(InvalidInput, match="valid Unicode"):
        await store.put([a_task(), a_task(payload="\udc80")])
    with pytest.raises(InvalidInput, match="out of the range"):
        await store.put([a_task(), a_task(timeout=seconds(1e13))])

    assert [] == list(await store.find(TaskQuery()))
    await put_one(store)


@pytest.mark.parametrize("letter", ["x", "'", "\\", "ß", "😀"])
async def test_the_largest_text_is_stored_and_a_larger_one_is_refused(
    store: SQLStore, other: AsyncConnection, letter: str
) -> None:
    packet = (await other.execute(text("SELECT @@max_allowed_packet"))).scalar_one()
    largest = letter * (packet // 4 // len(letter.encode()))
    task = await put_one(store, payload=largest)

    with pytest.raises(InvalidInput, match="a quarter of its max_allowed_packet"):
        await store.put([a_task(payload=largest + letter)])

    (held,) = await store.claim(a_claim())
    await store.settle([a_settlement(held, result=largest)])
    record = await store.get(task)
    assert record is not None
    assert (largest, largest) == (record.payload, record.result)


async def test_large_results_of_a_batch_come_in_several_statements(store: SQLStore) -> None:
    tasks = await put(store, *[a_task()] * 30)
    held = await store.claim(a_claim(limit=30))
    results = ["é" * 700_000 for _ in held]

    settled = await store.settle([a_settlement(each, result=text) for each, text in zip(held, results, strict=True)])

    assert [True] * 30 == list(settled)
    for task in tasks[::10]:
        record = await store.get(task)
        assert record is not None
        assert results[0] == record.result


async def test_text_is_compared_byte_by_byte(store: SQLStore) -> None:
    alike = ["k", "K", "k ", "\uff4b", "é", "e\u0301", "E\u0301", "ß", "ss"]
    receipts = await store.put([a_task(queue=text, idempotency_key=text, id=TaskId(text)) for text in alike])

    assert [True] * len(alike) == [receipt.created for receipt in receipts]
    for text_ in alike:
        assert [text_] == [task.id for task in await store.claim(a_claim("w1", text_))]
    assert sorted(alike) == [record.id for record in reversed(await store.find(TaskQuery()))]


async def test_the_servers_clock_counts_whatever_the_time_zone_of_a_connection(
    store: SQLStore, application: AsyncEngine
) -> None:
    before = await store.now()
    async with application.begin() as connection:
        await connection.execute(text("SET SESSION time_zone = '-09:00'"))
        (receipt,) = await store.put_within(connection, [a_task()])

    record = await store.get(receipt.task)

    assert record is not None
    assert before <= record.created_at <= await store.now()
    assert record.id[:8] <= f"{int((await store.now()).timestamp() * 1000):012x}"[:8]


async def test_a_key_that_was_stored_since_a_transaction_began_is_seen_within_it(
    store: SQLStore, other: AsyncConnection
) -> None:
    """It reads the state at its beginning (REPEATABLE READ), so that its own look shows nothing."""
    await other.execute(text(f"SELECT count(*) FROM {store._server.tables.schema.prefix}_tasks"))
    (stored,) = await store.put([a_task(idempotency_key="k")])

    receipts = await store.put_within(other, [a_task(idempotency_key="k"), a_task(idempotency_key="new")])
    await other.commit()

    assert Receipt(stored.task, created=False) == receipts[0]
    assert receipts[1].created
    assert 2 == len(await store.find(TaskQuery()))


async def test_of_many_puts_with_one_key_at_the_same_time_one_stores_a_task(store: SQLStore) -> None:
    answers = await asyncio.gather(*[store.put([a_task(), a_task(idempotency_key="k")]) for _ in range(8)])

    keyed = [receipts[1] for receipts in answers]
    assert 1 == len({receipt.task for receipt in keyed})
    assert 1 == sum(receipt.created for receipt in keyed)
    assert 9 == len(await store.find(TaskQuery()))


async def test_a_transaction_that_lost_a_race_is_told_to_begin_anew(
    store: SQLStore, application: AsyncEngine, prefix: str
) -> None:
    async with application.connect() as first, application.connect() as second:
        await second.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))
        await store.put_within(first, [a_task(idempotency_key="k")])

        with pytest.raises(StoreUnavailable, match="others kept hold of the same rows"):
            await store.put_within(second, [a_task(idempotency_key="k")])

        await first.rollback()


async def test_a_closed_store_says_so(store: SQLStore) -> None:
    await store.close()
    await store.close()

    with pytest.raises(StoreUnavailable, match="is closed; open it again"):
        await store.get(TaskId("1"))


async def test_ids_that_nothing_can_have_are_nobodys(store: SQLStore) -> None:
    for asked in ("", "\ud800", "a\0b", "x" * 5000):
        assert await store.get(TaskId(asked)) is None
        assert [None] == list(await store.cancel([TaskId(asked)]))
        assert await store.take(TaskId(asked), WorkerId("w1"), seconds(30)) is None


async def test_a_server_that_wants_passwords_encrypted_says_what_is_missing(store: SQLStore) -> None:
    """What the driver raises where ``caching_sha2_password`` meets a connection without TLS."""
    with pytest.raises(MissingExtra, match="pip install cryptography"), store._server.errors.translated():
        raise RuntimeError(
            "'cryptography' package is required for sha256_password or caching_sha2_password auth methods"
        )
