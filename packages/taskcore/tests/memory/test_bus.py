"""Events within one process: publishing never waits, never fails, and tells what a slow stream lost."""

import asyncio
import logging
from collections.abc import Sequence
from threading import Thread

import pytest
from taskcore.adapters.memory import MemoryEventBus
from taskcore.events import AnyEvent, WorkerEvent
from taskcore.ids import WorkerId
from taskcore.testing import FakeClock


def events(*words: str) -> list[AnyEvent]:
    at = FakeClock().now()
    return [WorkerEvent(at=at, worker=WorkerId("w1"), what=word) for word in words]


def test_every_subscriber_gets_every_batch_in_order() -> None:
    bus, first, second = MemoryEventBus(), list[AnyEvent](), list[AnyEvent]()
    bus.subscribe(first.extend)
    bus.subscribe(second.extend)

    bus.publish(events("a", "b"))
    bus.publish(events("c"))

    assert events("a", "b", "c") == first == second


def test_a_subscriber_that_fails_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(batch: Sequence[AnyEvent]) -> None:
        raise RuntimeError("no")

    bus, seen = MemoryEventBus(), list[AnyEvent]()
    bus.subscribe(fail)
    bus.subscribe(seen.extend)

    with caplog.at_level(logging.ERROR):
        bus.publish(events("a"))

    assert events("a") == seen
    assert ["an event subscriber failed"] == [record.message for record in caplog.records]


def test_who_unsubscribes_hears_no_more() -> None:
    bus, seen = MemoryEventBus(), list[AnyEvent]()
    unsubscribe = bus.subscribe(seen.extend)

    unsubscribe()
    unsubscribe()
    bus.publish(events("a"))

    assert [] == seen


async def test_a_stream_hands_out_what_was_published_since_it_began() -> None:
    bus = MemoryEventBus()
    bus.publish(events("before"))

    with bus.listen() as stream:
        bus.publish(events("a", "b"))
        bus.publish(events("c"))
        seen = [await anext(stream) for _ in range(3)]

    assert events("a", "b", "c") == seen
    assert 0 == stream.dropped


async def test_a_full_stream_drops_the_oldest_and_counts_them() -> None:
    bus = MemoryEventBus()

    with bus.listen(size=2) as stream:
        bus.publish(events("a", "b", "c"))
        bus.publish(events("d"))
        seen = [await anext(stream), await anext(stream)]

    assert events("c", "d") == seen
    assert 2 == stream.dropped


async def test_a_waiting_stream_hears_what_another_thread_publishes() -> None:
    bus = MemoryEventBus()

    with bus.listen() as stream:
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        publisher = Thread(target=bus.publish, args=[events("a")])
        publisher.start()

        assert events("a") == [await asyncio.wait_for(waiting, 30)]
        publisher.join()


async def test_a_closed_stream_ends_when_it_has_been_read() -> None:
    bus = MemoryEventBus()

    with bus.listen() as stream:
        bus.publish(events("a"))
    bus.publish(events("later"))

    assert events("a") == [event async for event in stream]


async def test_closing_wakes_who_waits() -> None:
    with MemoryEventBus().listen() as stream:
        waiting = asyncio.create_task(anext(stream, None))
        await asyncio.sleep(0)

        stream.close()

        assert await asyncio.wait_for(waiting, 30) is None


def test_a_stream_whose_loop_is_gone_does_not_fail_the_publisher() -> None:
    bus = MemoryEventBus()

    async def forget() -> None:
        bus.listen().__enter__()

    asyncio.run(forget())
    bus.publish(events("a"))
