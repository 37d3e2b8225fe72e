"""What every store with ``TaskArchive`` proves: tasks move between stores with all that is known of them."""

from typing import Protocol

import pytest

from taskcore.errors import InvalidInput
from taskcore.ids import TaskId, WorkerId
from taskcore.models import LogLine, TaskError, TaskHistory, TaskQuery, TaskRecord
from taskcore.ports import TaskArchive, TaskStore
from taskcore.states import Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import claim_one, put_one, run_one
from taskcore.testing.factories import seconds

_ALL = TaskQuery()


class Archive(TaskStore, TaskArchive, Protocol):
    """What the contract needs."""


async def told(store: TaskStore, task: TaskId) -> TaskHistory:
    """All that a store knows of a task."""
    record = await store.get(task)
    assert record is not None
    return TaskHistory(record=record, attempts=await store.attempts(task), lines=await store.logs(task))


class TaskArchiveContract:
    """``store`` and ``elsewhere`` are two stores, with numbered ids, on the same clock."""

    async def test_a_task_that_comes_back_is_the_same_in_every_respect(
        self, store: Archive, elsewhere: Archive, clock: FakeClock
    ) -> None:
        task = await put_one(
            store,
            priority=-7,
            meta="{}",
            idempotency_key="once",
            concurrency_key="c",
            concurrency_limit=3,
            timeout=seconds(9),
            expires_at=clock.now() + seconds(3600),
        )
        await run_one(store, Event.RETRY, error=TaskError("E", "no"), version="v1", delay=seconds(300))
        line = LogLine(task=task, attempt=1, at=clock.now(), level="INFO", message="two\nlines")
        await store.add_logs([line, line])
        clock.advance(60)
        before = await told(store, task)

        assert [True] == list(await elsewhere.restore([before]))

        assert before == await told(elsewhere, task)

    @pytest.mark.parametrize("event", [Event.SUCCEED, Event.FAIL, Event.REPEAT, Event.RELEASE])
    async def test_so_is_one_that_ended(self, store: Archive, elsewhere: Archive, event: Event) -> None:
        task = await put_one(store)
        await run_one(store, event, error=TaskError("E", "no") if event is Event.FAIL else None)
        before = await told(store, task)

        await elsewhere.restore([before])

        assert before == await told(elsewhere, task)
        assert list(await store.counts()) == list(await elsewhere.counts())

    async def test_one_that_waits_is_run_in_its_turn(
        self, store: Archive, elsewhere: Archive, clock: FakeClock
    ) -> None:
        await put_one(store, name="low")
        await put_one(store, name="high", priority=5)
        await put_one(store, name="later", priority=9, run_at=clock.now() + seconds(300))
        await elsewhere.restore([await told(store, task.id) for task in await store.find(_ALL)])

        assert ["high", "low"] == [(await claim_one(elsewhere)).name for _ in range(2)]
        clock.advance(300)
        assert "later" == (await claim_one(elsewhere)).name

    async def test_one_that_ended_can_be_replayed_and_goes_on_counting_attempts(
        self, store: Archive, elsewhere: Archive
    ) -> None:
        task = await put_one(store)
        await run_one(store, Event.FAIL)
        await elsewhere.restore([await told(store, task)])

        assert [True] == list(await elsewhere.replay([task]))

        assert 2 == (await claim_one(elsewhere)).attempt
        assert [1, 2] == [attempt.number for attempt in await elsewhere.attempts(task)]

    async def test_twice_is_once_and_what_is_there_stays(self, store: Archive, elsewhere: Archive) -> None:
        first, second = [await put_one(store, name=name) for name in ("first", "second")]
        await put_one(elsewhere, name="own")
        both = [await told(store, first), await told(store, second)]

        assert [False, True] == list(await elsewhere.restore(both))
        assert [False, False] == list(await elsewhere.restore(both))

        assert ["own", "second"] == [record.name for record in reversed(await elsewhere.find(_ALL))]
        assert "3" == await put_one(elsewhere)

    async def test_a_key_that_is_taken_is_not_taken_twice(self, store: Archive, elsewhere: Archive) -> None:
        await put_one(store)
        task = await put_one(store, idempotency_key="k")
        await put_one(elsewhere, idempotency_key="k")

        assert [False] == list(await elsewhere.restore([await told(store, task)]))

    async def test_one_that_runs_is_refused(self, store: Archive) -> None:
        await put_one(store)
        running = await claim_one(store)

        with pytest.raises(InvalidInput, match="is running"):
            TaskHistory(record=running)

    async def test_an_id_of_another_scheme_is_refused(self, store: Archive, clock: FakeClock) -> None:
        stranger = TaskRecord(
            id=TaskId("no-number"),
            name="t",
            queue="q",
            payload="1",
            priority=0,
            state=TaskState.PENDING,
            created_at=clock.now(),
            run_at=clock.now(),
            worker=WorkerId("w"),
        )

        with pytest.raises(InvalidInput, match="no-number"):
            await store.restore([TaskHistory(record=stranger)])
