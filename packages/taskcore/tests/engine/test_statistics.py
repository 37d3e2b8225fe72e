"""What a process counts reaches the store, once, also when the store was away for a while."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from taskcore.adapters.memory import MemoryEventBus, MemoryStore
from taskcore.clock import SystemClock
from taskcore.counting import COUNTED
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.queue import AnnouncedQueue
from taskcore.engine.reaper import Reaper
from taskcore.engine.statistics import StatisticsRecorder
from taskcore.engine.worker import Worker
from taskcore.errors import StoreUnavailable
from taskcore.events import AnyEvent, TaskEvent, TaskPut
from taskcore.ids import TaskId
from taskcore.models import HOUR, MINUTE, TaskError, TimedCount
from taskcore.retry import Fixed, RetryPolicy
from taskcore.states import Event
from taskcore.statistics import WORDS
from taskcore.testing import FakeClock, a_task, eventually

AGES = timedelta(days=1)


class Fragile(MemoryStore):
    """A store that is away as often as told."""

    away = 0

    async def add_counts(self, counts: Sequence[TimedCount]) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        await super().add_counts(counts)


async def sums(store: MemoryStore, span: timedelta = MINUTE) -> Counter[str]:
    now = await store.now()
    found = Counter[str]()
    for count in await store.timed_counts(span, now - AGES, now + AGES):
        found[count.what] += count.count
    return found


def an_end(event: Event = Event.SUCCEED, name: str = "send", *, clock: FakeClock, queue: str = "default") -> TaskEvent:
    return TaskEvent(clock.now(), event, TaskId("1"), name, queue, 1, None, 0.3, 0.001)


async def test_what_a_worker_does_is_counted_by_minute_and_by_hour() -> None:
    async def fine(context: TaskContext) -> None: ...

    async def broken(context: TaskContext) -> None:
        raise ValueError("no")

    twice = RetryPolicy(max_attempts=2, backoff=Fixed(0.0))
    handlers = {
        "fine": Handler(name="fine", function=fine, mode=Mode.ASYNC),
        "broken": Handler(name="broken", function=broken, mode=Mode.ASYNC, retry=twice),
    }
    store, bus = MemoryStore(SystemClock()), MemoryEventBus()

    async with asyncio.timeout(30), StatisticsRecorder(store, every=timedelta(hours=1)) as recorder:
        bus.subscribe(recorder.hear, COUNTED)
        await AnnouncedQueue(store, bus).put([a_task("fine"), a_task("fine"), a_task("broken")])
        await Worker(store, handlers, options=WorkerOptions(), bus=bus).run(until_idle=True)
        assert Counter() == await sums(store)

    counted = await sums(store)
    assert counted == await sums(store, HOUR)
    words = {word: times for word, times in counted.items() if word in WORDS}
    assert {"put": 3, "succeeded": 2, "retried": 1, "failed": 1} == words
    assert 4 == sum(times for word, times in counted.items() if word.startswith("run<="))
    assert 4 == sum(times for word, times in counted.items() if word.startswith("wait<="))


async def test_sums_are_stored_every_few_seconds() -> None:
    store = MemoryStore(SystemClock())

    async with StatisticsRecorder(store, every=timedelta(milliseconds=10)) as recorder:
        recorder.hear([TaskPut(SystemClock().now(), TaskId("1"), "send", "default")])

        async def stored() -> bool:
            return bool(await sums(store))

        await eventually(stored)
    assert {"put": 1} == await sums(store)


async def test_nothing_is_lost_and_nothing_counted_twice_while_the_store_is_away() -> None:
    clock = FakeClock()
    store = Fragile(clock)
    recorder = StatisticsRecorder(store)
    store.away = 2

    for _ in range(2):
        recorder.hear([an_end(clock=clock)])
        with pytest.raises(StoreUnavailable):
            await recorder.flush()
    recorder.hear([an_end(clock=clock)])
    await recorder.flush()
    await recorder.flush()

    assert {"succeeded": 3, "run<=0.5": 3, "run_us": 900_000, "wait<=0.005": 3, "wait_us": 3_000} == await sums(store)


async def test_a_store_that_is_away_at_the_end_is_told_of_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    store = Fragile(clock)
    store.away = 1

    with caplog.at_level(logging.WARNING):
        async with StatisticsRecorder(store) as recorder:
            recorder.hear([an_end(clock=clock)])

    assert ["the last statistics are lost: away"] == [record.message for record in caplog.records]


async def test_what_is_being_stored_when_the_context_ends_is_stored_once() -> None:
    began, gate = asyncio.Event(), asyncio.Event()

    class Slow(MemoryStore):
        async def add_counts(self, counts: Sequence[TimedCount]) -> None:
            began.set()
            # Like a commit in a thread, which goes on when nobody waits for it any more.
            await asyncio.shield(asyncio.ensure_future(self._later(counts)))

        async def _later(self, counts: Sequence[TimedCount]) -> None:
            await gate.wait()
            await super().add_counts(counts)

    clock = FakeClock()
    store = Slow(clock)

    async with asyncio.timeout(30):
        recorder = await StatisticsRecorder(store, every=timedelta(milliseconds=1)).__aenter__()
        recorder.hear([an_end(clock=clock)])
        await began.wait()
        ending = asyncio.create_task(recorder.__aexit__(None, None, None))
        await asyncio.sleep(0.05)  # long enough for it to do something rash
        gate.set()
        await ending

    assert 1 == (await sums(store))["succeeded"]


async def test_a_process_keeps_two_hours_at_the_most_while_the_store_is_away() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    recorder = StatisticsRecorder(store)

    for _ in range(150):
        recorder.hear([an_end(clock=clock)])
        clock.advance(60)
    await recorder.flush()

    assert 120 == (await sums(store))["succeeded"]


async def test_names_and_queues_beyond_the_limit_are_counted_as_other() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    recorder = StatisticsRecorder(store, names=2)

    recorder.hear([an_end(name=name, queue=name, clock=clock) for name in ("a", "b", "c", "d", "c")])
    await recorder.flush()

    found = await store.timed_counts(MINUTE, clock.now() - AGES, clock.now() + AGES)
    assert {("a", 1), ("b", 1), ("other", 3)} == {
        (count.name, count.count) for count in found if count.what == "succeeded"
    }
    assert {"a", "b", "other"} == {count.queue for count in found}


async def test_a_periodic_run_that_ended_badly_counts_as_failed() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    recorder = StatisticsRecorder(store)

    good = an_end(Event.REPEAT, clock=clock)
    recorder.hear([good, good._replace(error=TaskError("ValueError", "no"))])
    await recorder.flush()

    found = await sums(store)
    assert (1, 1) == (found["succeeded"], found["failed"])


async def test_old_counts_are_removed() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    recorder = StatisticsRecorder(store, keep={MINUTE: timedelta(hours=1)})
    recorder.hear([an_end(clock=clock)])
    await recorder.flush()
    clock.advance(2 * 3600)

    assert 5 == await recorder.prune()
    assert ({}, 1) == (await sums(store), (await sums(store, HOUR))["succeeded"])


async def test_what_expired_is_heard_of_with_its_name() -> None:
    clock = FakeClock()
    store, bus, heard = MemoryStore(clock), MemoryEventBus(), list[object]()
    await store.put([a_task("late", expires_at=clock.now() + timedelta(seconds=1))])
    clock.advance(5)
    bus.subscribe(heard.extend)

    await Reaper(store, clock=clock, bus=bus, reader=store).tick()

    (event,) = heard
    assert isinstance(event, TaskEvent)
    assert (Event.EXPIRE, "late", None) == (event.event, event.name, event.worker)


async def test_a_task_that_was_there_already_is_not_announced_again() -> None:
    store, bus, heard = MemoryStore(SystemClock()), MemoryEventBus(), list[object]()
    bus.subscribe(heard.extend)
    queue = AnnouncedQueue(store, bus)

    await queue.put([a_task("send", idempotency_key="k")])
    await queue.put([a_task("send", idempotency_key="k")])

    assert 1 == len(heard)


def test_who_listens_for_some_events_is_not_asked_for_others() -> None:
    bus = MemoryEventBus()
    bus.subscribe(lambda events: None, COUNTED)

    assert (True, False) == (bus.wants(Event.FAIL), bus.wants(Event.CLAIM))


async def test_a_task_waits_from_when_it_is_due_until_its_handler_is_called() -> None:
    clock, bus, heard = FakeClock(), MemoryEventBus(), list[AnyEvent]()
    bus.subscribe(heard.extend, COUNTED)
    store = MemoryStore(clock)
    await store.put([a_task("send"), a_task("send", run_at=clock.now() + timedelta(seconds=5))])
    clock.advance(7)

    async def send(context: TaskContext) -> None:
        clock.advance(1)

    handlers = {"send": Handler(name="send", function=send, mode=Mode.ASYNC)}
    async with asyncio.timeout(30):
        await Worker(store, handlers, clock=clock, bus=bus, options=WorkerOptions(concurrency=1)).run(until_idle=True)

    assert [7.0, 3.0] == [event.wait for event in heard if isinstance(event, TaskEvent)]
