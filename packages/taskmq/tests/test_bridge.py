"""The sync door may be used wherever user code runs, and says so where it cannot."""

import asyncio
import concurrent.futures
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from taskcore.testing import eventually
from taskmq.bridge import Bridge
from taskmq.job import Job
from taskmq.storage.store_backend import StoreBackend
from taskmq.worker import Worker


async def the_thread() -> threading.Thread:
    return threading.current_thread()


def test_all_callers_share_one_loop_and_results_and_errors_come_through() -> None:
    bridge = Bridge()

    async def fail() -> None:
        raise ValueError("through")

    assert bridge.run(the_thread()) is bridge.run(the_thread())
    with pytest.raises(ValueError, match="through"):
        bridge.run(fail())


@pytest.fixture
def no_garbage() -> Iterator[None]:
    """Nothing that holds itself is removed meanwhile, as in workers, which look for such things seldom."""
    gc.disable()
    yield
    gc.enable()


class Large:
    """What a caller holds while it calls."""


@pytest.mark.usefixtures("no_garbage")
async def test_an_error_leaves_nothing_of_its_caller_behind() -> None:
    bridge = Bridge()

    async def fail(held: Large) -> None:
        raise ValueError("through")

    def call() -> weakref.ref[Large]:
        large = Large()
        with suppress(ValueError):
            bridge.run(fail(large))
        return weakref.ref(large)

    left = call()

    await eventually(lambda: left() is None)


def test_what_is_cancelled_in_the_bridge_cancels_no_task_of_its_caller() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(concurrent.futures.CancelledError):
        Bridge().run(cancelled())


def test_a_call_that_would_wait_for_itself_is_refused() -> None:
    bridge = Bridge()

    async def call_back() -> None:
        bridge.run(the_thread())

    with pytest.raises(RuntimeError, match="await the async method"):
        bridge.run(call_back())


@pytest.mark.parametrize("is_async", [True, False])
def test_handlers_put_jobs_through_the_backend_that_runs_them(
    backend: StoreBackend, drain: Callable[..., Worker], is_async: bool
) -> None:
    def plain(job: Job) -> int | None:
        return backend.insert_job(job.payload - 1) if job.payload else None

    async def coroutine(job: Job) -> int | None:
        await asyncio.sleep(0)
        return plain(job)

    backend.insert_job(3)
    drain(func=coroutine if is_async else plain)

    assert [0, 1, 2, 3] == [job.payload for job in backend.find_jobs()]
    assert ["success"] * 4 == [job.state for job in backend.find_jobs()]
