"""A source over a store: what it says of waiting, counting, failing, firing and acting."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from taskcore.adapters.memory import MemoryStore
from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId, WorkerId
from taskcore.models import QueueCounts, TaskError, TaskQuery, TaskRecord, WorkerInfo
from taskcore.schedule import Cron, Every, Once, Schedule
from taskcore.states import Event, Phase
from taskcore.testing import FakeClock, a_claim, a_schedule, a_settlement, a_task, seconds
from taskcore.ui.models import Action, Order
from taskcore.ui.models.queues import Health
from taskcore.ui.models.tasks import TaskFilter
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores import store_source
from taskcore.ui.stores.counting import CachedCounts
from taskcore.ui.stores.describing import cron_words, described, oddities, span, trigger
from taskcore.ui.stores.schedules import occurrences_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def source(store: MemoryStore, clock: FakeClock) -> DashboardSource:
    return store_source(store, system="test", clock=clock, command="work {queue}")


async def reason(source: DashboardSource) -> str:
    """Why the newest task waits."""
    assert source.tasks is not None
    return (await source.tasks.list(TaskFilter(limit=1))).rows[0].wait_reason


def a_worker(*queues: str) -> WorkerInfo:
    return WorkerInfo(
        id=WorkerId("w1"), host="h", pid=1, version="1", queues=queues, slots=1, handlers=("send",), started_at=NOON
    )


async def put(store: MemoryStore, **fields: Any) -> TaskRecord:
    (receipt,) = await store.put([a_task(**fields)])
    record = await store.get(receipt.task)
    assert record is not None
    return record


class TestWaiting:
    """Why a task has not begun."""

    @pytest.fixture(autouse=True)
    async def served(self, store: MemoryStore) -> None:
        await store.sight(a_worker("default"), timedelta(days=1))

    async def test_it_is_its_turn(self, store: MemoryStore, source: DashboardSource) -> None:
        await put(store)
        assert "" == await reason(source)

    async def test_it_is_scheduled(self, store: MemoryStore, source: DashboardSource) -> None:
        await put(store, run_at=NOON + MINUTE)
        assert "scheduled for 2026-03-02 12:01:00 UTC" == await reason(source)

    async def test_it_backs_off(self, store: MemoryStore, source: DashboardSource) -> None:
        await put(store)
        (held,) = await store.claim(a_claim())
        await store.settle([a_settlement(held, Event.RETRY, delay=MINUTE)])
        assert "backoff until 2026-03-02 12:01:00 UTC" == await reason(source)

    async def test_its_queue_is_paused(self, store: MemoryStore, source: DashboardSource) -> None:
        await put(store)
        await store.pause("default")
        assert "queue paused" == await reason(source)

    async def test_its_queue_is_full(self, store: MemoryStore, source: DashboardSource) -> None:
        await store.limit("default", 1)
        await put(store)
        await store.claim(a_claim())
        await put(store)
        assert "concurrency full (1/1)" == await reason(source)

    async def test_its_key_is_taken(self, store: MemoryStore, source: DashboardSource) -> None:
        await put(store, concurrency_key="k")
        await store.claim(a_claim())
        await put(store, concurrency_key="k")
        assert "no free slot of key k" == await reason(source)

    async def test_nobody_serves_its_queue(self, store: MemoryStore, source: DashboardSource, clock: FakeClock) -> None:
        await put(store, queue="other")
        assert "no worker for queue other" == await reason(source)
        await put(store)
        clock.advance(30)
        assert "no worker for queue default" == await reason(source)

    async def test_a_worker_of_every_queue_serves_it(self, store: MemoryStore, source: DashboardSource) -> None:
        assert source.queues is not None
        await store.sight(a_worker("*"), timedelta(days=1))
        await put(store, queue="other")

        assert "" == await reason(source)
        assert [("other", 1)] == [(row.name, row.workers) for row in await source.queues.list()]


class SlowStore(MemoryStore):
    """Takes its time to count."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.clock, self.cost, self.looks = clock, 0.0, 0

    async def counts(self) -> Sequence[QueueCounts]:
        self.looks += 1
        self.clock.advance(self.cost)
        return await super().counts()


@pytest.mark.parametrize(("cost", "wait"), [(0.0, 1.0), (0.01, 1.0), (0.5, 10.0)])
async def test_counting_takes_at_most_a_twentieth_of_the_time(clock: FakeClock, cost: float, wait: float) -> None:
    store = SlowStore(clock)
    store.cost = cost
    counts = CachedCounts(store, clock)

    await counts.get()
    clock.advance(wait - 0.001)
    await counts.get()
    assert 1 == store.looks
    clock.advance(0.002)
    await counts.get()
    assert 2 == store.looks


async def test_counts_say_when_they_are_old(clock: FakeClock) -> None:
    store = SlowStore(clock)
    store.cost = 1.0
    counts = CachedCounts(store, clock)

    assert (await counts.counts()).exact
    clock.advance(5)
    old = await counts.counts()

    assert not old.exact
    assert clock.now() - seconds(5) == old.counted_at


async def test_text_that_does_not_decode_is_shown_as_it_is(store: MemoryStore, source: DashboardSource) -> None:
    record = await put(store, payload="{not json")
    assert source.tasks is not None

    task = await source.tasks.get(record.id)

    assert task is not None
    assert "{not json" == task.row.args


async def test_like_errors_are_one_group(store: MemoryStore, source: DashboardSource, clock: FakeClock) -> None:
    for message in ("row 1 is gone", "row 2 is gone", "no such table"):
        await put(store)
        clock.advance(1)
        (held,) = await store.claim(a_claim())
        await store.settle([a_settlement(held, Event.FAIL, error=TaskError("KeyError", message))])
    assert source.tasks is not None

    groups = await source.tasks.failures(TaskFilter(), 10)

    assert [(1, "no such table"), (2, "row 2 is gone")] == [(group.count, group.message) for group in groups]
    assert groups[1].first_at < groups[1].last_at


async def test_the_page_ahead_of_the_second_one_is_the_first_one_with_what_came_since(
    store: MemoryStore, source: DashboardSource
) -> None:
    for _ in range(5):
        await put(store)
    assert source.tasks is not None
    first = await source.tasks.list(TaskFilter(limit=3))
    second = await source.tasks.list(TaskFilter(limit=3, after=first.older))
    new = await put(store)

    back = await source.tasks.list(TaskFilter(limit=3, before=second.newer))
    ahead = await source.tasks.list(TaskFilter(limit=3, before=back.newer))

    assert [row.id for row in first.rows] == [row.id for row in back.rows]
    assert [new.id, *(row.id for row in first.rows[:2])] == [row.id for row in ahead.rows]
    assert ahead.newer is None


@pytest.mark.parametrize(("age", "health"), [(0, "online"), (21, "stale"), (61, "offline")])
async def test_a_silent_worker_is_told_by_its_silence(
    store: MemoryStore, source: DashboardSource, clock: FakeClock, age: float, health: str
) -> None:
    await store.sight(a_worker("default"), timedelta(days=1))
    clock.advance(age)
    assert source.workers is not None

    (row,) = await source.workers.list()

    assert Health(health) is row.health


async def test_a_queue_says_how_its_worker_is_started(store: MemoryStore, source: DashboardSource) -> None:
    await put(store, queue="a b")
    assert source.queues is not None

    (row,) = await source.queues.list()

    assert (0, "work 'a b'") == (row.workers, row.command)


class TestActions:
    """Beyond what the contract asks."""

    async def test_a_purge_leaves_what_runs_and_what_has_run(self, store: MemoryStore, source: DashboardSource) -> None:
        running = await put(store)
        await store.claim(a_claim())
        await put(store)
        await put(store, run_at=NOON + MINUTE)
        other = await put(store, queue="other")
        assert source.does is not None

        result = await source.does.act(Order(action=Action.PURGE_QUEUE, targets=("default",)))

        assert 2 == result.done
        assert source.tasks is not None
        left = {row.id for row in (await source.tasks.list(TaskFilter())).rows}
        assert {running.id, other.id} == left

    async def test_a_running_task_is_asked_to_stop(self, store: MemoryStore, source: DashboardSource) -> None:
        record = await put(store)
        await store.claim(a_claim())
        assert source.does is not None

        result = await source.does.act(Order(action=Action.CANCEL, targets=(record.id,)))

        assert (1, "1 running: they stop as soon as their handlers notice") == (result.done, result.note)
        assert ["Cancellation requested"] == [line.message for line in await store.logs(record.id)]

    @pytest.mark.parametrize("text", ["0", "-1", "x", "1e3", "²", "9" * 30])
    async def test_a_limit_that_is_no_number_is_refused(self, source: DashboardSource, text: str) -> None:
        assert source.does is not None
        order = Order(action=Action.LIMIT_QUEUE, targets=("default",), options={"concurrency": text})

        with pytest.raises(InvalidInput, match="concurrency"):
            await source.does.act(order)

    async def test_what_nobody_can_do_is_refused(self, source: DashboardSource) -> None:
        assert source.does is not None
        assert Action.RETRY_RUN not in source.actions

        with pytest.raises(InvalidInput, match="retry-run"):
            await source.does.act(Order(action=Action.RETRY_RUN, targets=("1",)))

    async def test_a_schedule_is_run_paused_resumed_and_removed(
        self, store: MemoryStore, source: DashboardSource, clock: FakeClock
    ) -> None:
        await store.save_schedule(a_schedule("hourly"), clock.now())
        assert source.does is not None
        assert source.schedules is not None

        async def act(action: Action) -> int:
            assert source.does is not None
            return (await source.does.act(Order(action=action, targets=("hourly", "gone")))).done

        assert 1 == await act(Action.RUN_SCHEDULE)
        assert [ScheduleId("hourly")] == [record.schedule for record in await store.find(TaskQuery())]
        assert 1 == await act(Action.PAUSE_SCHEDULE)
        assert (await source.schedules.list()).rows[0].paused
        clock.advance(timedelta(hours=5))
        assert 1 == await act(Action.RESUME_SCHEDULE)
        (row,) = (await source.schedules.list()).rows
        assert clock.now() + timedelta(hours=1) == row.next_at
        assert 1 == await act(Action.REMOVE_SCHEDULE)
        assert () == (await source.schedules.list()).rows


async def test_a_schedule_that_nobody_fires_is_noticed(
    store: MemoryStore, source: DashboardSource, clock: FakeClock
) -> None:
    await store.save_schedule(a_schedule("hourly"), clock.now())
    assert source.schedules is not None

    assert "" == (await source.schedules.list()).leader
    clock.advance(timedelta(hours=1, seconds=40))
    assert (await source.schedules.list()).leader is None


class TestWords:
    """Schedules for people."""

    @pytest.mark.parametrize(
        ("expression", "words"),
        [
            ("0 3 * * *", "At 03:00, every day"),
            ("*/5 * * * *", "Every 5 minutes"),
            ("0 9 * * 1-5", "At 09:00, Monday through Friday"),
            ("@daily", "At 00:00, every day"),
            ("0 0 L * *", "At 00:00, on the last day of the month"),
            ("0 0 * * 2#1,4", ""),
            ("0 0 */2 * MON", ""),
        ],
    )
    def test_a_cron_expression_in_words(self, expression: str, words: str) -> None:
        assert words == cron_words(expression)

    def test_seconds_may_stand_first_or_last(self) -> None:
        assert cron_words("30 0 3 * * *", "first") == cron_words("0 3 * * * 30", "last") != ""

    def test_a_zone_is_named(self) -> None:
        assert "At 03:00, every day (Europe/Vienna)" == described(Cron("0 3 * * *", "Europe/Vienna"))

    def test_a_trigger_is_told_as_it_is_written(self) -> None:
        triggers: list[Schedule] = [Cron("0 3 * * *"), Every(timedelta(hours=1.5), NOON), Once(NOON)]

        assert ["0 3 * * *", "every 90 min", "once"] == [trigger(each) for each in triggers]

    @pytest.mark.parametrize(("length", "words"), [(30, "30 s"), (90, "90 s"), (3600, "1 h"), (0.25, "250 ms")])
    def test_lengths(self, length: float, words: str) -> None:
        assert words == span(seconds(length))

    def test_a_time_that_does_not_exist_is_told(self) -> None:
        notes = list(oddities(Cron("30 2 * * *", "Europe/Vienna"), datetime(2026, 12, 1, tzinfo=UTC)))

        assert "a time before 03:00 does not exist on 2027-03-28, as clocks go forward; will run at 03:00" in notes
        assert "02:30 comes twice on 2027-10-31, as clocks go back; will run the first time only" in notes

    def test_a_gap_that_is_skipped_is_told(self) -> None:
        notes = list(oddities(Cron("30 2 * * *", "Europe/Vienna", gap="skip"), datetime(2026, 12, 1, tzinfo=UTC)))

        assert any("will not run" in note for note in notes)

    @pytest.mark.parametrize("when", [Cron("30 2 * * *"), Cron("*/5 * * * *", "Europe/Vienna"), Once(NOON)])
    def test_where_nothing_is_odd_nothing_is_told(self, when: Cron | Once) -> None:
        assert [] == list(oddities(when, NOON))


class TestOccurrences:
    """What a calendar shows."""

    def test_what_is_frequent_is_one_band(self) -> None:
        (band,) = occurrences_of(ScheduleId("s"), Cron("*/5 * * * *"), NOON, NOON + timedelta(days=7), 500)

        assert (NOON, 5 * MINUTE) == (band.at, band.every)

    def test_what_is_seldom_is_told_one_by_one(self) -> None:
        found = list(occurrences_of(ScheduleId("s"), Cron("0 * * * *"), NOON, NOON + timedelta(hours=3), 500))

        assert [NOON + n * 60 * MINUTE for n in range(3)] == [each.at for each in found]

    def test_a_limit_holds(self) -> None:
        found = list(occurrences_of(ScheduleId("s"), Cron("0 * * * *"), NOON, NOON + timedelta(days=30), 10))

        assert 10 == len(found)


async def test_only_what_is_visible_is_purged_of_a_bulk(store: MemoryStore, source: DashboardSource) -> None:
    mine, other = await put(store, queue="mine"), await put(store, queue="other")
    await store.cancel([mine.id, other.id])
    assert source.does is not None
    wanted = TaskFilter(phases=frozenset({Phase.CANCELLED}), visible=frozenset({"mine"}))

    result = await source.does.act(Order(action=Action.DELETE, matching=wanted))

    assert 1 == result.done
    assert await store.get(other.id) is not None
