"""Coroutine handlers, on an event loop and thread of their own.

The engine never runs on this loop. A handler that blocks it (``time.sleep``, a long computation) stops no heartbeat and
loses no task: after ``BLOCKED`` seconds the loop is set aside, a fresh one takes what has not begun and all that comes,
and after ``STALLED`` seconds the coroutines that wait behind the blocker go back to the queue.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Self

from taskcore.clock import Clock
from taskcore.engine.context import enter
from taskcore.engine.execution.run import Done, Run
from taskcore.errors import WorkerStopping

log = logging.getLogger("taskcore.engine")

BLOCKED = 5.0
STALLED = 60.0
OPEN_AGAIN = 1.0
"""Seconds until a lifespan that could not be opened is tried again, once the worker has begun."""
CLOSING = 10.0
"""Seconds that a lifespan may take to close."""

Lifespan = Callable[[], AbstractAsyncContextManager[object]]


class LoopExecutor:
    """At most ``limit`` coroutines at a time.

    Args:
        lifespan: on each event loop, open before the first coroutine begins, and closed after the last one.
    """

    def __init__(
        self,
        limit: int,
        clock: Clock,
        *,
        lifespan: Lifespan | None = None,
        blocked: float = BLOCKED,
        stalled: float = STALLED,
    ) -> None:
        self.clock = clock
        self.lifespan = lifespan
        self._limit = limit
        self._blocked, self._stalled = blocked, stalled
        self._waiting: deque[Run] = deque()
        self._lane: _Lane | None = None
        self._aside: list[_Lane] = []
        self._done: Done = lambda run: None

    def start(self, done: Done) -> Self:
        self._done = done
        return self

    def open(self) -> None:
        if self._lane is None:
            self._lane = _Lane(self)
        self._lane.ready.wait()
        if self._lane.failed is not None:
            raise self._lane.failed

    def submit(self, runs: list[Run]) -> None:
        self._waiting.extend(runs)
        self._pump()

    def take_back(self) -> list[Run]:
        return list(iter(self.next, None))

    def interrupt(self, run: Run) -> None:
        for lane in self._lanes():
            lane.interrupt(run)

    def abandon(self, run: Run) -> bool:
        forgotten = any(lane.forget(run) for lane in self._lanes())
        self._pump()
        return forgotten

    def watch(self) -> None:
        """Set a blocked loop aside, and free those who wait behind its blocker for too long."""
        self._aside = [lane for lane in self._aside if lane.thread.is_alive()]
        for lane in self._aside:
            if lane.silent_for() > self._stalled:
                lane.release_waiting()
        lane_now = self._lane
        if lane_now is None:
            return
        if lane_now.failed is not None:
            self._open_again(lane_now)
        elif lane_now.silent_for() > self._blocked:
            self._set_aside(lane_now)
        lane_now.ping()

    def _open_again(self, failed: "_Lane") -> None:
        if time.monotonic() > failed.began + OPEN_AGAIN:
            log.error("the lifespan of handlers could not be opened; trying again", exc_info=failed.failed)
            self._begin_anew()

    def close(self) -> None:
        for lane in self._lanes():
            lane.stop()

    def join(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for lane in self._lanes():
            lane.thread.join(max(0.0, until - time.monotonic()))

    def room(self) -> int:
        """How many coroutines may begin now."""
        return self._limit - sum(len(lane.tasks) for lane in self._lanes())

    def next(self) -> Run | None:
        """The run to begin next, if one waits."""
        try:
            return self._waiting.popleft() if self._waiting else None
        except IndexError:  # Another thread was quicker.
            return None

    def finished(self, run: Run) -> None:
        """A lane is done with a run."""
        self._done(run)

    def _set_aside(self, lane: "_Lane") -> None:
        blocker = lane.blocker()
        log.warning(
            "task %s blocks the event loop of the coroutine handlers; use a plain function for blocking work",
            blocker and blocker.context.task.id,
            extra={"event": "loop_blocked", "seconds": lane.silent_for()},
        )
        # A new list, before the lane leaves its place: the lanes' threads count runs meanwhile, better twice than not.
        self._aside = [*self._aside, lane]
        self._begin_anew()
        lane.retire()

    def _begin_anew(self) -> None:
        """With another loop: at once where it has a lifespan, on which others than handlers may count, else when it is
        needed."""
        self._lane = None if self.lifespan is None else _Lane(self)
        self._pump()

    def _lanes(self) -> list["_Lane"]:
        lane = self._lane  # read once: the engine's thread may take it away between two looks
        return [*self._aside, lane] if lane else self._aside

    def _pump(self) -> None:
        if self._waiting:
            if self._lane is None:
                self._lane = _Lane(self)
            self._lane.call(self._lane.fill)


class _Lane:
    """One event loop in one thread, and the coroutines on it."""

    def __init__(self, owner: LoopExecutor) -> None:
        self._owner = owner
        self.tasks: dict[Run, asyncio.Task[None]] = {}
        self._forgotten: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._retired = False
        self._stopping = False
        self._is_open = owner.lifespan is None
        self._ending = asyncio.Event()
        self.began = time.monotonic()
        self.ready = threading.Event()
        self.failed: BaseException | None = None
        self._asked: float | None = None
        self.thread = threading.Thread(target=self._serve, name="taskcore-handlers", daemon=True)
        self.thread.start()

    def call(self, function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # The loop is closed, so nothing is left to be done on it.
            self._loop.call_soon_threadsafe(function)

    def fill(self) -> None:
        """Begin what waits, up to the limit."""
        room = self._owner.room() if self._is_open else 0
        while room > 0 and not self._retired and (run := self._owner.next()) is not None:
            room -= 1
            self.tasks[run] = self._loop.create_task(self._execute(run))

    async def _execute(self, run: Run) -> None:
        clock = self._owner.clock
        try:
            enter(run.context)
            run.begin(clock)
            run.succeed(await run.handler.function(run.context), clock)
        except BaseException as error:  # Whatever a handler raises, SystemExit included, ends its own task only.
            run.fail(error, clock)
        if self.tasks.pop(run, None) is not None:
            self._owner.finished(run)
        self._go_on()

    def _go_on(self) -> None:
        if not self._retired:
            self.fill()
        elif not self.tasks:
            self.stop()

    def interrupt(self, run: Run) -> None:
        task = self.tasks.get(run)
        if task is not None:
            self.call(task.cancel)

    def forget(self, run: Run) -> bool:
        """Free the slot of a run whose coroutine does not end; False when it has ended. Who takes the run out of
        ``tasks``, here or in ``_execute``, tells the engine of its end, so that exactly one of them does."""
        task = self.tasks.pop(run, None)
        if task is None:
            return False
        self._forgotten.add(task)  # A loop holds tasks weakly.
        task.add_done_callback(self._forgotten.discard)
        return True

    def ping(self) -> None:
        """Ask the loop for a sign of life, unless a question is open."""
        if self._asked is None and self._is_open:
            self._asked = time.monotonic()
            self.call(self._pong)

    def _pong(self) -> None:
        self._asked = None

    def silent_for(self) -> float:
        """Seconds for which the loop has not answered."""
        asked = self._asked
        return 0.0 if asked is None else time.monotonic() - asked

    def blocker(self) -> Run | None:
        """The run whose handler holds the loop now."""
        current = asyncio.current_task(self._loop)
        return next((run for run, task in list(self.tasks.items()) if task is current), None)

    def release_waiting(self) -> None:
        """Hand back all runs but the blocker's; their coroutines are cancelled when the loop gets free."""
        blocker = self.blocker()
        for run in [run for run in list(self.tasks) if run is not blocker]:
            self.interrupt(run)
            if self.forget(run):
                run.context.stopped_by = WorkerStopping("its event loop was blocked by another task")
                run.fail(run.context.stopped_by, self._owner.clock)
                self._owner.finished(run)

    def retire(self) -> None:
        """Begin nothing more; end when the last coroutine has."""
        self._retired = True
        self.call(self._go_on)

    def stop(self) -> None:
        """End at the next turn of the loop."""
        self._retired = True
        if not self._stopping:  # once: the loop goes on for as long as its lifespan takes to close
            self._stopping = True
            self.call(self._loop.stop)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        lifespan = self._owner.lifespan
        keeper = None if lifespan is None else self._loop.create_task(self._keep(lifespan()))
        if keeper is None:
            self.ready.set()
        while not self._stopping:
            # A task that a handler spawned may raise SystemExit, which asyncio lets out of the loop.
            with suppress(SystemExit, KeyboardInterrupt):
                self._loop.run_forever()
        if keeper is not None:  # before the coroutines that are left are thrown away: it may need some
            self._ending.set()
            with suppress(BaseException):  # as below; what it raises was told
                self._loop.run_until_complete(asyncio.wait([keeper], timeout=CLOSING))
        self._cancel_rest()
        self._loop.close()

    async def _keep(self, lifespan: AbstractAsyncContextManager[object]) -> None:
        """Be the one task that the lifespan is opened and closed in."""
        try:
            async with lifespan:
                self._is_open = True
                self.ready.set()
                self.fill()
                await self._ending.wait()
        except BaseException as error:
            if self._is_open:
                log.exception("the lifespan of handlers failed at its end")
            else:
                self.failed = error
                self.stop()
        finally:
            self.ready.set()

    def _cancel_rest(self) -> None:
        rest = asyncio.all_tasks(self._loop)
        for task in rest:
            task.cancel()
        with suppress(BaseException):  # What handlers do when they are thrown away is nobody's business any more.
            self._loop.run_until_complete(asyncio.wait(rest, timeout=0.1))
