"""What every ``TaskReader`` proves: what pages, APIs and CLIs ask."""

import pytest

from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.lease import Fence
from taskcore.models import LogLine, Order, TaskQuery
from taskcore.ports import TaskStore
from taskcore.states import Event, TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import bring_to, claim_one, present, put, put_one, run_one
from taskcore.testing.factories import a_line, a_report, a_settlement, a_task, seconds


async def ids(store: TaskStore, query: TaskQuery) -> list[TaskId]:
    """The ids of a page."""
    return [record.id for record in await store.find(query)]


class FindContract:
    """Listings, a page at a time."""

    async def test_an_unknown_task_is_none(self, store: TaskStore) -> None:
        assert await store.get(TaskId("404404404")) is None
        assert await store.get(TaskId("no such id, not even of the right kind '")) is None

    async def test_a_listing_tells_what_get_tells(self, store: TaskStore) -> None:
        await bring_to(store, TaskState.FAILED, meta="m")

        (record,) = await store.find(TaskQuery())

        assert record == await present(store, record.id)

    async def test_tasks_are_listed_by_the_time_they_were_put(self, store: TaskStore) -> None:
        tasks = [*await put(store, *[a_task()] * 20), await put_one(store), await put_one(store)]

        assert tasks == await ids(store, TaskQuery(order=Order.OLDEST))
        assert tasks[::-1] == await ids(store, TaskQuery(order=Order.NEWEST))

    async def test_filters_narrow_a_listing_together(self, store: TaskStore) -> None:
        nightly = ScheduleId("nightly")
        a, b, c, d = await put(
            store,
            a_task(name="a", queue="q"),
            a_task(name="b", queue="q", schedule=nightly),
            a_task(name="b", queue="other"),
            a_task(name="b", queue="q"),
        )
        await store.cancel([d])

        async def listed(**filters: object) -> list[TaskId]:
            return await ids(store, TaskQuery(order=Order.OLDEST, **filters))  # type: ignore[arg-type]

        assert [b, c, d] == await listed(name="b")
        assert [a, b, d] == await listed(queue="q")
        assert [b] == await listed(schedule=nightly)
        assert [d] == await listed(states=frozenset({TaskState.CANCELLED}))
        assert [b, d] == await listed(name="b", queue="q", states=frozenset({TaskState.CANCELLED, TaskState.PENDING}))
        assert [] == await listed(name="a", schedule=nightly)

    @pytest.mark.parametrize("order", list(Order))
    async def test_pages_have_no_gaps_and_no_doubles_while_tasks_are_put_and_removed(
        self, store: TaskStore, order: Order
    ) -> None:
        tasks = await put(store, *[a_task()] * 25)
        expected = tasks if order is Order.OLDEST else tasks[::-1]
        seen: list[TaskId] = []

        while page := await ids(store, TaskQuery(order=order, after=seen[-1] if seen else None, limit=7)):
            seen += page
            await put_one(store, queue="later")
            await store.delete([page[-1]])  # the anchor of the next page
            if len(seen) > 100:
                break

        assert expected == [task for task in seen if task in set(tasks)]
        assert len(seen) == len(set(seen))

    async def test_a_page_holds_no_more_than_its_limit(self, store: TaskStore) -> None:
        await put(store, *[a_task()] * 60)

        assert 50 == len(await store.find(TaskQuery()))
        assert 1 == len(await store.find(TaskQuery(limit=1)))
        assert 60 == len(await store.find(TaskQuery(limit=1000)))


class CountsContract:
    """How many, where, and since when."""

    async def test_each_queue_counts_its_tasks_by_state(self, store: TaskStore, another: TaskStore) -> None:
        await bring_to(store, TaskState.SUCCEEDED, queue="default")
        await bring_to(store, TaskState.SUCCEEDED, queue="default")
        await bring_to(store, TaskState.FAILED, queue="default")
        await bring_to(store, TaskState.RUNNING, queue="default")
        await put(store, a_task(queue="b"), a_task(queue="a"))

        counts = await another.counts()

        assert ["a", "b", "default"] == [each.queue for each in counts]
        by_state = {each.queue: {state: n for state, n in each.by_state.items() if n} for each in counts}
        assert {TaskState.PENDING: 1} == by_state["a"] == by_state["b"]
        assert {TaskState.SUCCEEDED: 2, TaskState.FAILED: 1, TaskState.RUNNING: 1} == by_state["default"]

    async def test_the_longest_wait_is_that_of_a_due_task(self, store: TaskStore, clock: FakeClock) -> None:
        begun = clock.now()
        await put_one(store, run_at=begun + seconds(100))
        assert [None] == [each.oldest_due for each in await store.counts()]

        await put_one(store, run_at=begun + seconds(2))
        await put_one(store, run_at=begun + seconds(1))
        clock.advance(60)
        assert [begun + seconds(1)] == [each.oldest_due for each in await store.counts()]

        await claim_one(store)
        assert [begun + seconds(2)] == [each.oldest_due for each in await store.counts()]

    async def test_an_empty_queue_is_not_counted(self, store: TaskStore) -> None:
        assert [] == list(await store.counts())

        await store.delete([await put_one(store)])
        assert [] == list(await store.counts())


class LogsContract:
    """Lines that belong to tasks."""

    async def test_the_newest_lines_are_read_oldest_first(self, store: TaskStore) -> None:
        await put_one(store)
        held = await claim_one(store)
        await store.report([a_report(held, *[str(n) for n in range(5)])])
        await store.report([a_report(held, "5")])

        assert ["3", "4", "5"] == [line.message for line in await store.logs(held.id, limit=3)]
        assert 6 == len(await store.logs(held.id))

    async def test_lines_of_all_tasks_of_a_handler_are_read_together(self, store: TaskStore) -> None:
        first, second, other = await put(store, a_task(name="a"), a_task(name="a"), a_task(name="b"))
        by_hand = [a_line_of(task, str(n)) for n, task in enumerate([first, second, other, first])]
        await store.add_logs(by_hand)

        assert [by_hand[0], by_hand[1], by_hand[3]] == list(await store.logs(name="a"))
        assert [by_hand[1], by_hand[3]] == list(await store.logs(name="a", limit=2))
        assert [by_hand[2]] == list(await store.logs(name="b"))
        assert [] == list(await store.logs(name="nobody's"))

    async def test_a_line_survives_as_it_is(self, store: TaskStore, another: TaskStore, clock: FakeClock) -> None:
        task = await put_one(store)
        message = "a\n\tb\u2028 %s {} \x1b[1m größer \U0001f469\u200d\U0001f467"
        line = LogLine(task=task, attempt=0, at=clock.now(), level="größer", message=message)

        await store.add_logs([line])

        assert [line] == list(await another.logs(task))

    async def test_a_line_for_an_unknown_task_is_dropped(self, store: TaskStore) -> None:
        task = await put_one(store)
        lines = [a_line_of(TaskId("404404404"), "lost"), a_line_of(task, "kept")]

        await store.add_logs(lines)
        await store.add_logs([])

        assert [lines[1]] == list(await store.logs(task))
        assert [] == list(await store.logs(TaskId("404404404")))

    async def test_logs_survive_retries_and_replay(self, store: TaskStore) -> None:
        await put_one(store)
        for attempt in ("first", "second"):
            held = await claim_one(store)
            await store.report([a_report(held, attempt)])
            await store.settle([a_settlement(held, Event.RETRY)])
        done = await run_one(store, Event.SUCCEED)
        await store.replay([done.id])

        assert [(1, "first"), (2, "second")] == [(line.attempt, line.message) for line in await store.logs(done.id)]


def a_line_of(task: TaskId, message: str) -> LogLine:
    """A line that an operator leaves."""
    return a_line(Fence(task, 0, WorkerId("")), message)
