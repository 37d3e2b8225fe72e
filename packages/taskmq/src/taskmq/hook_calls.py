"""Calls the hooks of one worker, from its start to its stop."""

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import Any

from taskcore.engine.execution.loop import Lifespan
from taskcore.engine.execution.run import Run
from taskcore.engine.policy import Policy
from taskcore.events import AnyEvent, StaleWrite, TaskEvent
from taskcore.models import Settlement, TaskRecord
from taskcore.states import Event, target

from taskmq.hooks import Hooks, Outcome
from taskmq.job import Job
from taskmq.vocabulary import job_of, utc_now

logger = logging.getLogger("taskmq.worker")

MOST_WAITING = 10_000
"""Outcomes that wait for slow hooks; beyond that the newest are not told."""
PATIENCE = 5.0
"""Seconds that hooks get for the last outcomes before the shutdown."""
LEAST = 1.0
"""Seconds that each hook of the shutdown gets, even where others have used up the time."""

Subscribe = Callable[[Callable[[Sequence[AnyEvent]], None], frozenset[Event]], object]

_ABOUT = frozenset({Event.SUCCEED, Event.REPEAT, Event.RETRY, Event.FAIL})


class HookCalls:
    """What a hook raises is logged, and nobody's concern otherwise; but for the startup, which it prevents.

    Args:
        grace: how long plain hooks of the shutdown may take together.
    """

    def __init__(self, hooks: Hooks, *, grace: timedelta) -> None:
        self._hooks = hooks
        self._grace = grace.total_seconds()
        self._expected: OrderedDict[tuple[str, int], tuple[TaskRecord, Settlement]] = OrderedDict()
        self._waiting: asyncio.Queue[tuple[Outcome, Job]] = asyncio.Queue(MOST_WAITING)
        self._engines: asyncio.AbstractEventLoop | None = None
        self._loops: list[asyncio.AbstractEventLoop] = []
        """Those of coroutine handlers that are open, oldest first: where one is set aside, the next may open before it
        ends, or long after."""
        self._has_opened = asyncio.Event()
        self._under_way: asyncio.Task[None] | None = None
        """The call of a coroutine that was begun last."""

    @property
    def lifespan(self) -> Lifespan | None:
        """What is open on the event loop of coroutine handlers; None when there is no need."""
        return self._open if self._hooks.needs_loop else None

    def watching(self, policy: Policy) -> Policy:
        """The policy, which tells what it decides when that is of interest."""
        return _Watched(policy, self._expected) if self._hooks.outcomes else policy

    @asynccontextmanager
    async def running(self, subscribe: Subscribe) -> AsyncIterator[None]:
        """Around all that the worker does."""
        self._engines = asyncio.get_running_loop()
        for function in _plain(self._hooks.startup):
            await _in_thread(function)
        serving = asyncio.create_task(self._serve())
        if self._hooks.outcomes:
            subscribe(self._hear, _ABOUT)
        try:
            yield
        finally:
            await self._told()
            serving.cancel()
            await self._shut_down()

    async def _shut_down(self) -> None:
        """A thread that hangs cannot be stopped; it is left behind, and ends with the process."""
        now = asyncio.get_running_loop().time
        until = now() + self._grace
        for function in reversed(_plain(self._hooks.shutdown)):
            begun = now()
            try:
                async with asyncio.timeout_at(max(until, begun + LEAST)):
                    await self._attempt(function)
            except TimeoutError:
                waited = now() - begun
                logger.warning("the hook %s hangs: the worker ends without it after %.3g s", _name(function), waited)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        """On the event loop of coroutine handlers."""
        for function in _coroutines(self._hooks.startup):
            await function()
        here = asyncio.get_running_loop()
        self._loops.append(here)
        if self._engines is not None:
            self._engines.call_soon_threadsafe(self._has_opened.set)
        try:
            yield
        finally:
            await self._finish(here)
            for function in reversed(_coroutines(self._hooks.shutdown)):
                await _awaited(function)

    async def _finish(self, here: asyncio.AbstractEventLoop) -> None:
        """Let hooks end that count on this loop."""
        if self._loops[-1] is here and self._engines is not None:  # no other has followed it
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._told(), self._engines))
        elif (call := self._under_way) is not None and call.get_loop() is here:
            await asyncio.wait([call], timeout=PATIENCE)
        self._loops.remove(here)

    def _hear(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            match event:
                case TaskEvent():
                    task, settled = self._expected.pop((event.task, event.attempt), (None, None))
                    if task is not None and settled is not None:
                        self._tell(task, settled)
                case StaleWrite():
                    self._expected.pop((event.task, event.attempt), None)
                case _:
                    pass

    def _tell(self, task: TaskRecord, settled: Settlement) -> None:
        job = _job_after(task, settled)
        for outcome in _outcomes(settled):
            if self._hooks.outcomes.get(outcome):
                try:
                    self._waiting.put_nowait((outcome, job))
                except asyncio.QueueFull:
                    logger.warning("hooks are too slow: nobody is told of job %s", job.id)

    async def _serve(self) -> None:
        while True:
            outcome, job = await self._waiting.get()
            for function in self._hooks.outcomes[outcome]:
                await self._attempt(function, job)
            self._waiting.task_done()

    async def _attempt(self, function: Callable[..., Any], *args: Job) -> None:
        if not iscoroutinefunction(function):
            with _logged(function):
                await _in_thread(function, *args)
        else:
            loop = await self._loop()
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._called(function, *args), loop))

    async def _loop(self) -> asyncio.AbstractEventLoop:
        """The newest one of the handlers, as soon as there is one."""
        while not (loops := self._loops[-1:]):
            self._has_opened.clear()
            await self._has_opened.wait()
        return loops[0]

    async def _called(self, function: Callable[..., Any], *args: Job) -> None:
        """On a loop that may be set aside, and end before the hook does: that is no end of other hooks."""
        self._under_way = asyncio.current_task()
        try:
            await _awaited(function, *args)
        except asyncio.CancelledError:
            logger.warning("the hook %s was broken off: its event loop has ended", _name(function))

    async def _told(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._waiting.join()
        except TimeoutError:
            logger.warning("hooks are too slow: nobody is told of the last %d outcomes", self._waiting.qsize())


class _Watched:
    """A policy whose decisions are kept until they are stored."""

    def __init__(self, policy: Policy, expected: OrderedDict[tuple[str, int], tuple[TaskRecord, Settlement]]) -> None:
        self._policy, self._expected = policy, expected

    def ended(self, run: Run) -> Settlement:
        return self._expect(run.context.task, self._policy.ended(run))

    def lost(self, task: TaskRecord) -> Settlement:
        return self._expect(task, self._policy.lost(task))

    def _expect(self, task: TaskRecord, settled: Settlement) -> Settlement:
        if settled.event in _ABOUT:
            self._expected[task.id, task.attempt] = task, settled
            if len(self._expected) > MOST_WAITING:  # refused by a fence, and nobody said so
                self._expected.popitem(last=False)
        return settled


def _outcomes(settled: Settlement) -> list[Outcome]:
    match settled.event:
        case Event.RETRY:
            return [Outcome.FAILURE, Outcome.RETRY]
        case Event.FAIL:
            return [Outcome.FAILURE, Outcome.DEAD]
        case Event.REPEAT if settled.error is not None:
            return [Outcome.FAILURE]
        case _:
            return [Outcome.SUCCESS]


def _job_after(task: TaskRecord, settled: Settlement) -> Job:
    """The job as the settlement leaves it."""
    now = utc_now()
    failed = settled.event in (Event.RETRY, Event.FAIL)
    record = replace(
        task,
        state=target(settled.event),
        failures=task.failures + failed,
        run_at=settled.run_at or (now + settled.delay if settled.event is Event.RETRY else task.run_at),
        started_at=settled.started_at or task.started_at,
        finished_at=settled.finished_at or now,
        result=settled.result,
        error=settled.error,
        version=settled.version,
        lease_until=None,
    )
    return job_of(record, now=now)


def _plain(functions: Sequence[Callable[..., Any]]) -> list[Callable[..., Any]]:
    return [each for each in functions if not iscoroutinefunction(each)]


def _coroutines(functions: Sequence[Callable[..., Any]]) -> list[Callable[..., Any]]:
    return [each for each in functions if iscoroutinefunction(each)]


async def _in_thread(function: Callable[..., Any], *args: Job) -> None:
    """Call it in a thread of its own, for which nobody waits who leaves before it ends."""
    called = Future[None]()

    def call() -> None:
        called.set_running_or_notify_cancel()
        try:
            function(*args)
        except BaseException as error:
            called.set_exception(error)
        else:
            called.set_result(None)

    threading.Thread(target=call, name="taskmq-hook", daemon=True).start()
    await asyncio.wrap_future(called)


async def _awaited(function: Callable[..., Any], *args: Job) -> None:
    # Inside of its task, as one that ends with a SystemExit ends its event loop.
    with _logged(function):
        await function(*args)


@contextmanager
def _logged(function: Callable[..., Any]) -> Iterator[None]:
    try:
        yield
    except (Exception, SystemExit, KeyboardInterrupt):  # sys.exit() in a hook is its failure, as in a handler
        logger.exception("the hook %s failed", _name(function))


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", function))
