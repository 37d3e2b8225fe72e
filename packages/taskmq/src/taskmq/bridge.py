"""The sync door: one event loop in one background thread, on which this process's sync callers run the async core."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Bridge:
    """Made without a thread; the first ``run`` starts it. After a fork the child gets one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._under_way: set[asyncio.Task[None]] = set()  # a loop holds tasks weakly

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, and wait for its result; from any thread but the bridge's own."""
        loop = self._started()
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("the sync API was called from a coroutine of its own; await the async method instead")
        answer: Future[T] = Future()
        loop.call_soon_threadsafe(self._begin, loop, work, answer)
        try:
            return answer.result()
        finally:
            del answer  # it holds an error, whose traceback holds this frame and those of the callers

    def _begin(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], answer: "Future[T]") -> None:
        """What ``asyncio.run_coroutine_threadsafe`` does, less the turn of the loop that passes an answer on to another
        future. Callers wait for each turn."""
        task = loop.create_task(_answer(work, answer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def forget(self) -> None:
        """Begin anew, in a process where the thread was left behind."""
        self.__init__()  # type: ignore[misc]

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="taskmq-bridge", daemon=True)
                self._thread.start()
            return self._loop


async def _answer(work: Coroutine[Any, Any, T], answer: "Future[T]") -> None:
    try:
        answer.set_result(await work)
    except asyncio.CancelledError:
        answer.cancel()  # a caller within a task of its own must not take that for its own end
    except BaseException as error:
        answer.set_exception(error)
    finally:
        del answer  # as above


bridge = Bridge()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=bridge.forget)
