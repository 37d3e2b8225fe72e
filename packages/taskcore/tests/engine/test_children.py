"""Child processes while they start: they may be killed then, or not start at all."""

import asyncio
import threading
import time
from typing import Any

import pytest
from taskcore.adapters.memory import MemoryEventBus
from taskcore.engine.context import TaskContext
from taskcore.engine.execution import processes
from taskcore.engine.handlers import Mode
from taskcore.engine.worker import Worker
from taskcore.events import TaskEvent
from taskcore.states import Event, TaskState

from .conftest import Bench

Child: Any = processes._spawn.Process

IMPORTING = 1.0
"""Seconds."""


def forty_two(context: TaskContext) -> int:
    return 42


@pytest.fixture
def task(bench: Bench) -> str:
    return bench.handle(forty_two, Mode.PROCESS)


async def test_a_child_that_is_killed_as_it_starts_ends(
    bench: Bench, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a child between its making and its start
    starting, go_on, started = threading.Event(), threading.Event(), threading.Event()
    children: list[Any] = []
    start = Child.start

    def slow_start(child: Any) -> None:
        children.append(child)
        starting.set()
        go_on.wait(30)
        start(child)
        started.set()

    monkeypatch.setattr(Child, "start", slow_start)
    await bench.put(task)

    # When its worker is told to end at once
    async with bench.working():
        await asyncio.to_thread(starting.wait, 30)

    # Then it ends too, once it has started
    go_on.set()
    await asyncio.to_thread(started.wait, 30)
    (child,) = children
    await asyncio.to_thread(child.join, 30)
    assert not child.is_alive()


async def test_a_child_that_does_not_start_fails_its_task_with_the_reason(
    bench: Bench, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(child: Any) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(Child, "start", fail)
        failed = await bench.put(task)
        await bench.drain()
    done = await bench.put(task)
    await bench.drain()

    record = await bench.record(failed)
    assert record.error is not None
    assert (TaskState.FAILED, "ChildDied") == (record.state, record.error.type)
    assert "could not be started: [Errno 11]" in record.error.message
    assert "42" == (await bench.record(done)).result


class Late:
    """A handler that a child takes long to import."""

    __name__ = "late"

    def __reduce__(self) -> tuple[Any, ...]:
        return arrives_late, ()

    def __call__(self, context: TaskContext) -> int:
        raise AssertionError("it is called in a child alone")


def arrives_late() -> Any:
    time.sleep(IMPORTING)
    return forty_two


async def test_a_handlers_time_does_not_include_its_import(bench: Bench) -> None:
    bus, events = MemoryEventBus(), list[Any]()
    bus.subscribe(events.extend)
    task = await bench.put(bench.handle(Late(), Mode.PROCESS))

    begun = time.monotonic()
    await Worker(bench.store, bench.handlers, bus=bus).run(until_idle=True)
    lasted = time.monotonic() - begun

    assert "42" == (await bench.record(task)).result
    (done,) = [event for event in events if isinstance(event, TaskEvent) and event.event is Event.SUCCEED]
    assert done.duration is not None
    assert done.duration < lasted - IMPORTING
