"""A coroutine handler that blocks its event loop holds up no heartbeat and, after a while, nobody else."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.execution import loop as loop_module
from taskcore.engine.execution.loop import LoopExecutor
from taskcore.engine.execution.run import Run
from taskcore.engine.handlers import Function, Handler, Mode
from taskcore.errors import WorkerStopping
from taskcore.ids import TaskId
from taskcore.models import TaskRecord
from taskcore.states import TaskState
from taskcore.testing import eventually

CLOCK = SystemClock()


def a_run(function: Function, name: str) -> Run:
    now = CLOCK.now()
    record = TaskRecord(
        id=TaskId(name),
        name=name,
        queue="default",
        payload="null",
        priority=0,
        state=TaskState.RUNNING,
        created_at=now,
        run_at=now,
    )
    return Run(TaskContext(record, lambda context, told: None), Handler(name=name, function=function, mode=Mode.ASYNC))


@pytest.fixture
def ended() -> list[Run]:
    return []


@pytest.fixture
def executor(ended: list[Run]) -> Iterator[LoopExecutor]:
    executor = LoopExecutor(3, CLOCK, blocked=0.05, stalled=0.2).start(ended.append)
    yield executor
    executor.close()


async def quick(context: TaskContext) -> str:
    return "done"


class Blocker:
    def __init__(self) -> None:
        self.free = threading.Event()

    async def __call__(self, context: TaskContext) -> None:
        self.free.wait(60)


async def watch_until_ended(executor: LoopExecutor, ended: list[Run]) -> None:
    def some_ended() -> bool:
        executor.watch()
        return bool(ended)

    await eventually(some_ended)


async def test_a_lifespan_is_open_on_each_loop_before_its_first_coroutine_and_until_after_its_last(
    ended: list[Run],
) -> None:
    seen: list[tuple[str, asyncio.AbstractEventLoop]] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await asyncio.sleep(0.01)  # what is submitted meanwhile must wait
        seen.append(("open", asyncio.get_running_loop()))
        yield
        await asyncio.sleep(0.01)
        seen.append(("close", asyncio.get_running_loop()))

    async def uses(context: TaskContext) -> None:
        seen.append(("use", asyncio.get_running_loop()))

    executor = LoopExecutor(3, CLOCK, lifespan=lifespan, blocked=0.5).start(ended.append)
    blocker = Blocker()
    blocked = a_run(blocker, "blocker")
    executor.submit([blocked])
    await eventually(lambda: blocked.begun)
    executor.submit([a_run(uses, "elsewhere")])
    await watch_until_ended(executor, ended)
    blocker.free.set()
    executor.close()
    executor.join(30)

    loops = [loop for word, loop in seen if word == "open"]
    assert 2 == len(set(loops))
    assert [("open", loops[1]), ("use", loops[1]), ("close", loops[1])] == [
        each for each in seen if each[1] is loops[1]
    ]
    assert [("open", loops[0]), ("close", loops[0])] == [each for each in seen if each[1] is loops[0]]


async def test_a_lifespan_that_cannot_be_opened_at_first_is_tried_again(
    ended: list[Run], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop_module, "OPEN_AGAIN", 0.01)
    failures = [ConnectionError("not yet")]

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        if failures:
            raise failures.pop()
        yield

    executor = LoopExecutor(3, CLOCK, lifespan=lifespan).start(ended.append)
    executor.submit([a_run(quick, "quick")])

    with caplog.at_level(logging.ERROR, "taskcore.engine"):
        await watch_until_ended(executor, ended)
    executor.close()

    assert "trying again" in caplog.text


async def test_a_blocked_loop_is_set_aside_and_others_begin_elsewhere(
    executor: LoopExecutor, ended: list[Run], caplog: pytest.LogCaptureFixture
) -> None:
    blocker = Blocker()
    blocked = a_run(blocker, "blocker")
    with caplog.at_level(logging.WARNING, "taskcore.engine"):
        executor.submit([blocked])
        await eventually(lambda: blocked.begun)
        executor.submit([a_run(quick, "quick")])

        await watch_until_ended(executor, ended)

    assert ["quick"] == [run.context.task.id for run in ended]
    assert "blocker" in caplog.text
    blocker.free.set()
    await eventually(lambda: blocked in ended)
    assert blocked.error is None


async def test_coroutines_behind_a_stalled_loop_go_back_and_the_blocker_stays(
    executor: LoopExecutor, ended: list[Run]
) -> None:
    blocker = Blocker()

    async def waits(context: TaskContext) -> None:
        await asyncio.sleep(60)

    waiting, blocked = a_run(waits, "waiting"), a_run(blocker, "blocker")
    executor.submit([waiting])
    await eventually(lambda: waiting.begun)
    executor.submit([blocked])

    await watch_until_ended(executor, ended)

    assert [waiting] == ended
    assert isinstance(waiting.context.stopped_by, WorkerStopping)
    blocker.free.set()
    await eventually(lambda: blocked in ended)


async def test_an_abandoned_coroutine_frees_its_slot(executor: LoopExecutor, ended: list[Run]) -> None:
    async def deaf(context: TaskContext) -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    stubborn = [a_run(deaf, f"deaf{number}") for number in range(3)]
    executor.submit(stubborn)
    await eventually(lambda: all(run.begun for run in stubborn))
    executor.submit([a_run(quick, "quick")])

    for run in stubborn:
        executor.interrupt(run)
        executor.abandon(run)

    await eventually(lambda: ended)
    assert ["quick"] == [run.context.task.id for run in ended]


async def test_a_run_is_either_ended_or_abandoned_and_never_both(executor: LoopExecutor, ended: list[Run]) -> None:
    async def waits(context: TaskContext) -> None:
        await asyncio.sleep(60)

    done, waiting = a_run(quick, "done"), a_run(waits, "waiting")
    executor.submit([done, waiting])
    await eventually(lambda: ended and waiting.begun)

    assert (False, True) == (executor.abandon(done), executor.abandon(waiting))
    executor.interrupt(waiting)
    assert [done] == ended


async def test_what_has_not_begun_can_be_taken_back(executor: LoopExecutor, ended: list[Run]) -> None:
    blocker = Blocker()
    blocked = a_run(blocker, "blocker")
    executor.submit([blocked])
    waiting = [a_run(quick, f"quick{number}") for number in range(5)]
    await eventually(lambda: blocked.begun)
    executor.submit(waiting)

    assert waiting == executor.take_back()
    blocker.free.set()
    await eventually(lambda: len(ended) == 1)
