"""What every ``TaskQueue`` proves about orders."""

import asyncio
from dataclasses import fields
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.models import Receipt, TaskQuery
from taskcore.models.task import MAX_NAME, MAX_PRIORITY, MAX_TRACE
from taskcore.ports import TaskStore
from taskcore.retry import Fixed, RetryPolicy
from taskcore.states import Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import REST, bring_to, present, put, put_one, run_one
from taskcore.testing.factories import a_claim, a_settlement, a_task

ODD_TEXTS = [
    pytest.param('{"quote": "it\'s", "semicolon": "; DROP TABLE tasks; --", "percent": "%s %(x)s ?1 :x"}', id="sql"),
    pytest.param('"größer 日本語 עברית \U0001f469\u200d\U0001f467 e\u0301 \u2028 \ufeff \U0010ffff"', id="unicode"),
    pytest.param("", id="empty"),
    pytest.param(" \t\r\n\r ", id="white space"),
    pytest.param("\\u0000 \\x00 {{ }} <script>", id="escapes"),
    pytest.param("0x1p3 1e999 NULL null 007", id="looks like a number"),
    pytest.param("x" * 1_000_000, id="a million characters"),
]


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 vendor=t61rcWkgMzE,other='%_"


class PutContract:
    """A backend supplies ``store``, ``another`` (a second handle on the same data) and ``clock``."""

    async def test_a_put_task_tells_what_was_ordered(self, store: TaskStore, clock: FakeClock) -> None:
        spec = a_task(
            name="thumbnail",
            payload='{"args":[1]}',
            queue="images",
            priority=-7,
            run_at=clock.now() + timedelta(days=400, microseconds=123_456),
            expires_at=clock.now() + timedelta(days=401, microseconds=1),
            timeout=timedelta(seconds=90, microseconds=5),
            retry=RetryPolicy(max_attempts=9, backoff=Fixed(2.5)),
            idempotency_key="thumbnail of 7",
            schedule=ScheduleId("nightly"),
            meta='{"tags":["a"]}',
            trace=TRACE,
        )

        (task,) = await put(store, spec)

        record = await present(store, task)
        names = {field.name for field in fields(spec)} - {"id"}
        assert {name: getattr(spec, name) for name in names} == {name: getattr(record, name) for name in names}

    async def test_the_trace_stays_with_its_task_whatever_becomes_of_it(
        self, store: TaskStore, another: TaskStore
    ) -> None:
        longest = TRACE.ljust(MAX_TRACE, "x")
        task, traced, plain = await put(store, a_task(trace=TRACE), a_task(trace=longest), a_task())
        claimed = await store.claim(a_claim())
        assert [TRACE, longest, None] == [record.trace for record in claimed]
        assert TRACE == (await present(another, task)).trace

        await store.settle([a_settlement(record, Event.RETRY) for record in claimed])
        taken = await store.take(task, WorkerId("w2"), timedelta(seconds=30))
        assert taken is not None
        assert TRACE == taken.trace
        await store.settle([a_settlement(taken, Event.FAIL)])
        await store.replay([task])

        assert TRACE == (await present(another, task)).trace
        listed = {record.id: record.trace for record in await another.find(TaskQuery())}
        assert {task: TRACE, traced: longest, plain: None} == listed

    async def test_a_put_task_is_pending_and_due_by_the_clock_of_the_store(
        self, store: TaskStore, clock: FakeClock
    ) -> None:
        record = await present(store, await put_one(store))

        assert clock.now() == await store.now()
        assert (TaskState.PENDING, clock.now(), clock.now()) == (record.state, record.created_at, record.run_at)
        assert (0, 0, 0, False) == (record.attempt, record.failures, record.losses, record.cancel_requested)
        assert (None, None, None, None) == (record.worker, record.lease_until, record.result, record.error)

    async def test_put_answers_in_the_order_of_a_large_batch(self, store: TaskStore, another: TaskStore) -> None:
        receipts = await store.put([a_task(payload=str(n)) for n in range(1000)])

        assert [True] * 1000 == [receipt.created for receipt in receipts]
        assert 1000 == len({receipt.task for receipt in receipts})
        records = [await present(another, receipt.task) for receipt in receipts[::37]]
        assert [str(n) for n in range(0, 1000, 37)] == [record.payload for record in records]

    async def test_putting_nothing_is_fine(self, store: TaskStore) -> None:
        assert [] == list(await store.put([]))

    async def test_an_instant_survives_its_zone(self, store: TaskStore) -> None:
        tokyo = datetime(2026, 7, 1, 9, 30, 0, 1, tzinfo=ZoneInfo("Asia/Tokyo"))

        record = await present(store, await put_one(store, run_at=tokyo))

        assert tokyo == record.run_at
        assert timedelta(0) == record.run_at.utcoffset()

    @pytest.mark.parametrize("text", ODD_TEXTS)
    async def test_odd_text_survives(self, store: TaskStore, another: TaskStore, text: str) -> None:
        task = await put_one(store, payload=text, meta=text)
        await run_one(store, Event.SUCCEED, result=text)

        record = await present(another, task)

        assert (text, text, text) == (record.payload, record.meta, record.result)

    async def test_names_of_any_script_and_full_length_survive(self, store: TaskStore) -> None:
        name, queue, key = "é" * MAX_NAME, "очередь 'q' \"%", "鍵" * MAX_NAME

        task = await put_one(store, name=name, queue=queue, idempotency_key=key)

        (record,) = await store.find(TaskQuery(name=name, queue=queue))
        assert (task, key) == (record.id, record.idempotency_key)
        assert (Receipt(task, created=False),) == tuple(await store.put([a_task(idempotency_key=key)]))
        assert [task] == [record.id for record in await store.claim(a_claim("w1", queue))]

    @pytest.mark.parametrize("priority", [-MAX_PRIORITY, -1, MAX_PRIORITY])
    async def test_a_priority_of_any_size_survives(self, store: TaskStore, priority: int) -> None:
        task = await put_one(store, priority=priority)

        assert priority == (await present(store, task)).priority

    async def test_a_caller_may_choose_the_id(self, store: TaskStore) -> None:
        chosen = TaskId("7700")

        assert [chosen] == await put(store, a_task(id=chosen))
        assert chosen == (await present(store, chosen)).id

    @pytest.mark.parametrize(
        ("batch", "culprit"),
        [
            pytest.param(["8", "7700", "9"], "7700", id="by a stored task"),
            pytest.param(["8", "9", "8"], "8", id="earlier in the batch"),
        ],
    )
    async def test_an_id_that_is_taken_refuses_the_whole_batch(
        self, store: TaskStore, batch: list[str], culprit: str
    ) -> None:
        await put(store, a_task(id=TaskId("7700")))

        with pytest.raises(InvalidInput, match=f"'{culprit}'"):
            await put(store, *[a_task(id=TaskId(task)) for task in batch])

        assert ["7700"] == [record.id for record in await store.find(TaskQuery())]


class IdempotencyContract:
    """The same order twice is one task."""

    async def test_a_key_that_is_taken_is_answered_with_the_first_task(
        self, store: TaskStore, another: TaskStore
    ) -> None:
        (first,) = await store.put([a_task(idempotency_key="k", payload="1")])
        (second,) = await another.put([a_task(idempotency_key="k", payload="2")])

        assert (Receipt(first.task, created=True), Receipt(first.task, created=False)) == (first, second)
        assert "1" == (await present(store, first.task)).payload

    async def test_a_key_counts_within_a_batch_too(self, store: TaskStore) -> None:
        a, b, again = await store.put([a_task(idempotency_key=key) for key in ("a", "b", "a")])

        assert (True, True, False) == (a.created, b.created, again.created)
        assert a.task == again.task != b.task

    @pytest.mark.parametrize("state", REST)
    async def test_a_task_at_rest_still_holds_its_key(self, store: TaskStore, state: TaskState) -> None:
        task = await bring_to(store, state, idempotency_key="k")

        assert [Receipt(task, created=False)] == list(await store.put([a_task(idempotency_key="k")]))

    async def test_a_deleted_task_frees_its_key(self, store: TaskStore) -> None:
        first = await put_one(store, idempotency_key="k")
        await store.delete([first])

        (receipt,) = await store.put([a_task(idempotency_key="k")])

        assert receipt.created
        assert first != receipt.task

    async def test_an_order_that_is_repeated_with_its_id_is_answered(self, store: TaskStore) -> None:
        order = a_task(id=TaskId("7700"), idempotency_key="k")
        await store.put([order])

        assert [Receipt(TaskId("7700"), created=False)] == list(await store.put([order]))

    async def test_of_concurrent_orders_with_one_key_one_is_stored(self, store: TaskStore, another: TaskStore) -> None:
        orders = [handle.put([a_task(idempotency_key="k")]) for handle in [store, another] * 10]

        receipts = [receipt for (receipt,) in await asyncio.gather(*orders)]

        assert 1 == len({receipt.task for receipt in receipts})
        assert 1 == sum(receipt.created for receipt in receipts)
