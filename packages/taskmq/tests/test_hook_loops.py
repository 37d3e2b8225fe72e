"""Hooks on event loops that a handler blocks: other loops follow them."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from taskcore.engine.execution.loop import LoopExecutor
from taskmq import hook_calls
from taskmq.hooks import Hooks
from taskmq.job import Job, JobStatus
from taskmq.jobs.handlers import register_handler
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker

Run = Callable[..., Worker]
Wait = Callable[..., Any]
pytestmark = pytest.mark.stores("sqlite")  # nothing here depends on where jobs are kept


def the(backend: StoreBackend, job_id: int) -> Job:
    job = backend.get_job(job_id)
    assert job is not None
    return job


@pytest.fixture
def blocked_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop of coroutine handlers is set aside after a tenth of a second."""
    monkeypatch.setattr("taskcore.engine.execution.LoopExecutor", partial(LoopExecutor, blocked=0.1))


@pytest.fixture
def released() -> threading.Event:
    """Until it is set, handlers of the name "block" keep their event loop."""
    released = threading.Event()

    @register_handler("block")
    async def block(job: Job) -> None:
        released.wait(30)

    return released


@dataclass(frozen=True, slots=True)
class Told:
    """What a hook was told of; it began with all of ``begun``, and is through with ``jobs``."""

    begun: list[int] = field(default_factory=list)
    jobs: list[int] = field(default_factory=list)
    may_end: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def told(hooks: Hooks) -> Told:
    """About job 1 the hook goes on until it may end."""
    told = Told()

    @hooks.on_success
    async def tell(job: Job) -> None:
        told.begun.append(job.id)
        while job.id == 1 and not told.may_end.is_set():  # noqa: ASYNC110 - a test sets it from its own thread
            await asyncio.sleep(0.005)
        told.jobs.append(job.id)

    return told


@pytest.mark.usefixtures("blocked_soon")
def test_hooks_go_on_while_a_handler_blocks_their_loop_and_after_it_has_ended(
    backend: StoreBackend, start: Run, wait: Wait, hooks: Hooks, released: threading.Event
) -> None:
    opened, told = list[object](), list[int]()
    hooks.on_startup(_noting_the_loop(opened))

    @hooks.on_success
    async def tell(job: Job) -> None:
        await asyncio.sleep(0)
        told.append(job.id)

    start(max_workers=2)
    blocking = backend.insert_job("x", handler="block")
    wait(lambda: len(opened) == 2, within=30)
    meanwhile = backend.insert_job("x", handler="dummy")
    wait(lambda: told == [meanwhile], within=30)
    released.set()
    wait(lambda: told == [meanwhile, blocking], within=30)
    afterwards = backend.insert_job("x", handler="dummy")

    assert wait(lambda: told == [meanwhile, blocking, afterwards], within=30)


@pytest.mark.usefixtures("blocked_soon")
@pytest.mark.parametrize("patience", [30, 0.05])
def test_a_hook_whose_loop_is_set_aside_may_end_and_stops_no_other_if_it_does_not(
    backend: StoreBackend, start: Run, wait: Wait, hooks: Hooks, told: Told, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, patience: float,
) -> None:  # fmt: skip
    monkeypatch.setattr(hook_calls, "PATIENCE", patience)
    opened, released = list[object](), threading.Event()
    hooks.on_startup(_noting_the_loop(opened))

    @register_handler("block")
    async def block(job: Job) -> None:
        wait(lambda: told.begun == [1], within=30)
        released.wait(30)

    backend.insert_jobs(["x"], handler="dummy")
    start(max_workers=2)
    wait(lambda: told.begun == [1], within=30)
    backend.insert_job("x", handler="block")
    wait(lambda: len(opened) == 2, within=30)
    released.set()
    if patience > 1:
        told.may_end.set()
        expected = [1, 2]
    else:
        wait(lambda: "tell was broken off" in caplog.text, within=30)
        expected = [2]

    assert wait(lambda: told.jobs == expected, within=30)


@pytest.fixture
def may_open(hooks: Hooks) -> list[threading.Event]:
    """The second event loop opens when the second of these is set."""
    opened, may = list[int](), [threading.Event(), threading.Event()]
    may[0].set()

    @hooks.on_startup
    async def open_up() -> None:
        opened.append(len(opened))
        while not may[opened[-1]].is_set():  # noqa: ASYNC110 - a test sets it from its own thread
            await asyncio.sleep(0.005)

    return may


@pytest.mark.usefixtures("blocked_soon")
def test_hooks_go_on_where_the_next_loop_opens_while_the_one_before_waits_for_its_last_hook(
    backend: StoreBackend, start: Run, wait: Wait, told: Told, may_open: list[threading.Event],
    released: threading.Event,
) -> None:  # fmt: skip
    backend.insert_job("x", handler="dummy")
    start(max_workers=2)
    wait(lambda: told.begun == [1], within=30)
    blocking = backend.insert_job("x", handler="block")
    wait(lambda: _loops() == 2, within=30)
    released.set()
    wait(lambda: the(backend, blocking).status is JobStatus.SUCCESS, within=30)
    may_open[1].set()
    time.sleep(0.2)  # let it open first; too short a pause makes the test easier, never wrong
    told.may_end.set()
    wait(lambda: told.jobs == [1, blocking], within=30)
    afterwards = backend.insert_job("x", handler="dummy")

    assert wait(lambda: told.jobs == [1, blocking, afterwards], within=30)


@pytest.mark.usefixtures("blocked_soon")
def test_hooks_wait_for_the_next_loop_where_there_is_none(
    backend: StoreBackend, start: Run, wait: Wait, hooks: Hooks, may_open: list[threading.Event],
    released: threading.Event,
) -> None:  # fmt: skip
    told, closed = list[int](), threading.Event()

    @hooks.on_shutdown
    async def close() -> None:
        closed.set()

    @hooks.on_success
    async def tell(job: Job) -> None:
        told.append(job.id)

    start(max_workers=2)
    blocking = backend.insert_job("x", handler="block")
    wait(lambda: _loops() == 2, within=30)
    released.set()
    assert closed.wait(30)
    meanwhile = backend.insert_job("x", handler="dummy")
    wait(lambda: the(backend, meanwhile).status is JobStatus.SUCCESS, within=30)
    may_open[1].set()

    assert wait(lambda: sorted(told) == [blocking, meanwhile], within=30)


def _loops() -> int:
    return sum(thread.name == "taskcore-handlers" for thread in threading.enumerate())


def _noting_the_loop(opened: list[object]) -> Callable[[], Coroutine[Any, Any, None]]:
    async def note() -> None:
        opened.append(asyncio.get_running_loop())

    return note
