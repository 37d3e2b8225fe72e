"""Whatever a handler does, it ends its own task and nothing else."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from taskcore.engine.context import TaskContext, current
from taskcore.engine.handlers import Mode
from taskcore.retry import RetryPolicy
from taskcore.states import TaskState

from .conftest import ONCE, TWICE, Bench


def returns_sum(context: TaskContext) -> int:
    return sum(context.payload)


async def awaits_sum(context: TaskContext) -> int:
    await asyncio.sleep(0)
    return sum(context.payload)


def exits(context: TaskContext) -> None:
    sys.exit(3)


def interrupts(context: TaskContext) -> None:
    raise KeyboardInterrupt


def cancels_itself(context: TaskContext) -> None:
    raise asyncio.CancelledError


def raises(context: TaskContext) -> None:
    raise ValueError("no \x00 such \ud800 thing")


def returns_object(context: TaskContext) -> object:
    return object()


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def raises_unspeakable(context: TaskContext) -> None:
    raise Unspeakable


async def spawns_an_exit(context: TaskContext) -> None:
    async def leave() -> None:
        sys.exit(4)

    await asyncio.create_task(leave())


def as_coroutine(function: Callable[[TaskContext], Any]) -> Callable[[TaskContext], Any]:
    async def coroutine(context: TaskContext) -> Any:
        return function(context)

    coroutine.__name__ = function.__name__
    return coroutine


@pytest.mark.parametrize("mode", list(Mode))
async def test_the_returned_value_is_stored(bench: Bench, mode: Mode) -> None:
    name = bench.handle(awaits_sum if mode is Mode.ASYNC else returns_sum, mode, version="v1")
    task = await bench.put(name, payload="[1,2,3]")

    await bench.drain()

    record = await bench.record(task)
    assert (TaskState.SUCCEEDED, "6", "v1") == (record.state, record.result, record.version)
    assert record.started_at is not None
    assert record.finished_at is not None
    assert record.started_at <= record.finished_at


async def test_a_coroutine_function_may_run_in_a_process(bench: Bench) -> None:
    task = await bench.put(bench.handle(awaits_sum, Mode.PROCESS), payload="[4,5]")

    await bench.drain()

    assert "9" == (await bench.record(task)).result


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("toxic", "error"),
    [
        (exits, "SystemExit"),
        (interrupts, "KeyboardInterrupt"),
        (cancels_itself, "CancelledError"),
        (raises, "ValueError"),
        (returns_object, "NotSerializable"),
        (raises_unspeakable, "Unspeakable"),
    ],
)
async def test_a_toxic_handler_fails_its_own_task_only(
    bench: Bench, mode: Mode, toxic: Callable[[TaskContext], Any], error: str
) -> None:
    bad = await bench.put(bench.handle(as_coroutine(toxic) if mode is Mode.ASYNC else toxic, mode))
    good = await bench.put(bench.handle(returns_sum, Mode.THREAD), payload="[1]")

    await bench.drain()

    failed = await bench.record(bad)
    assert TaskState.FAILED == failed.state
    assert failed.error is not None
    assert error == failed.error.type
    assert "\x00" not in failed.error.message
    assert TaskState.SUCCEEDED == (await bench.record(good)).state


async def test_an_exit_in_a_task_that_the_handler_spawned_stays_with_the_handler(bench: Bench) -> None:
    bad = await bench.put(bench.handle(spawns_an_exit))
    good = await bench.put(bench.handle(awaits_sum), payload="[1]")

    await bench.drain()

    assert TaskState.FAILED == (await bench.record(bad)).state
    assert TaskState.SUCCEEDED == (await bench.record(good)).state


def quotes_a_book(context: TaskContext) -> None:
    raise ValueError("a" * 100_000)


@pytest.mark.parametrize("mode", [Mode.THREAD, Mode.PROCESS])
async def test_a_message_without_end_is_cut(bench: Bench, mode: Mode) -> None:
    task = await bench.put(bench.handle(quotes_a_book, mode))

    await bench.drain()

    error = (await bench.record(task)).error
    assert error is not None
    assert ("ValueError", f"{'a' * 16_383}…") == (error.type, error.message)


def dies(context: TaskContext) -> None:
    os._exit(9)


async def test_a_child_process_that_dies_fails_its_task_and_is_replaced(bench: Bench) -> None:
    bad = await bench.put(bench.handle(dies, Mode.PROCESS))
    good = await bench.put(bench.handle(returns_sum, Mode.PROCESS), payload="[1]")

    await bench.drain(concurrency=1)

    failed = await bench.record(bad)
    assert failed.error is not None
    assert "exit code 9" in failed.error.message
    assert TaskState.SUCCEEDED == (await bench.record(good)).state


async def test_a_function_that_does_not_pickle_fails_its_task(bench: Bench) -> None:
    task = await bench.put(bench.handle(as_coroutine(returns_sum), Mode.PROCESS))

    await bench.drain()

    assert TaskState.FAILED == (await bench.record(task)).state


async def test_a_handler_nobody_registered_is_a_failure_like_others(bench: Bench) -> None:
    task = await bench.put("nobody", retry=ONCE)

    await bench.drain()

    record = await bench.record(task)
    assert record.error is not None
    assert ("HandlerNotFound", TaskState.FAILED) == (record.error.type, record.state)


async def test_a_failure_is_retried_as_its_policy_says(bench: Bench) -> None:
    task = await bench.put(bench.handle(raises, Mode.THREAD, retry=TWICE))

    tally = await bench.drain()

    record = await bench.record(task)
    assert (TaskState.FAILED, 2, 2) == (record.state, record.attempt, record.failures)
    assert (1, 1) == (tally.retried, tally.failed)


async def test_a_task_brings_its_numbers_and_the_handler_says_which_errors_are_worth_it(bench: Bench) -> None:
    hopeless = RetryPolicy(give_up_on=(ValueError,))
    task = await bench.put(bench.handle(raises, Mode.THREAD, retry=hopeless), retry=TWICE)

    await bench.drain()

    assert (TaskState.FAILED, 1) == ((record := await bench.record(task)).state, record.attempt)


async def sleeps(context: TaskContext) -> None:
    await asyncio.sleep(60)


LET_GO = threading.Event()


def waits_deaf(context: TaskContext) -> None:
    LET_GO.wait(30)  # Longer than limit and grace: it has to be abandoned.


@pytest.fixture
def let_go() -> Iterator[None]:
    """Afterwards a thread that was abandoned comes to its end."""
    yield
    LET_GO.set()


@pytest.mark.parametrize(
    ("function", "mode"), [(sleeps, Mode.ASYNC), (waits_deaf, Mode.THREAD), (waits_deaf, Mode.PROCESS)]
)
async def test_a_handler_over_its_time_fails_in_every_mode(
    bench: Bench, let_go: None, function: Callable[[TaskContext], Any], mode: Mode
) -> None:
    LET_GO.clear()
    name = bench.handle(function, mode, timeout=timedelta(seconds=0.2))
    task = await bench.put(name)
    other = await bench.put(bench.handle(returns_sum, Mode.THREAD), payload="[1]")

    await bench.drain(concurrency=2)

    record = await bench.record(task)
    assert record.error is not None
    assert (TaskState.FAILED, "TaskTimeout") == (record.state, record.error.type)
    assert TaskState.SUCCEEDED == (await bench.record(other)).state


def watches_its_clock(context: TaskContext) -> str:
    while not context.cancelled:
        time.sleep(0.01)
    return "tidied up"


async def test_a_thread_that_reacts_to_its_timeout_keeps_its_result(bench: Bench) -> None:
    task = await bench.put(bench.handle(watches_its_clock, Mode.THREAD, timeout=timedelta(seconds=0.1)))

    await bench.drain()

    assert '"tidied up"' == (await bench.record(task)).result


def tells(context: TaskContext) -> None:
    assert current() is context
    context.log("half way", "WARNING")
    context.progress(0.5, "page 1 of 2")
    context.progress(1)


async def tells_too(context: TaskContext) -> None:
    tells(context)


@pytest.mark.parametrize(("function", "mode"), [(tells_too, Mode.ASYNC), (tells, Mode.THREAD), (tells, Mode.PROCESS)])
async def test_what_a_handler_tells_is_stored_before_its_end(
    bench: Bench, function: Callable[[TaskContext], Any], mode: Mode
) -> None:
    task = await bench.put(bench.handle(function, mode))

    await bench.drain()

    record = await bench.record(task)
    (line,) = await bench.store.logs(task)
    assert (TaskState.SUCCEEDED, 1.0, None) == (record.state, record.progress, record.progress_note)
    assert ("half way", "WARNING", 1) == (line.message, line.level, line.attempt)


async def test_progress_and_levels_are_checked(bench: Bench) -> None:
    def misreports(context: TaskContext) -> None:
        context.progress(float("nan"))

    def mislabels(context: TaskContext) -> None:
        context.log("x", "LOUD")

    first = await bench.put(bench.handle(misreports, Mode.THREAD))
    second = await bench.put(bench.handle(mislabels, Mode.THREAD))

    await bench.drain()

    for task, said in ((first, "0 to 1"), (second, "LOUD")):
        record = await bench.record(task)
        assert record.error is not None
        assert said in record.error.message
