"""What a worker calls beside its handlers.

::

    from taskmq.hooks import hooks


    @hooks.on_startup
    async def connect() -> None: ...

    @hooks.middleware
    async def timed(job, call_next):
        begun = time.perf_counter()
        try:
            return await call_next(job)
        finally:
            log(job.handler, time.perf_counter() - begun)

What is registered with ``hooks`` counts for every worker of the process, as handlers do; ``Worker(hooks=Hooks())``
brings its own instead.
"""

from collections.abc import Callable
from enum import StrEnum
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from taskmq.job import Job

Function = TypeVar("Function", bound=Callable[..., Any])
CallNext = Callable[[Job], Any]
Middleware = Callable[[Job, CallNext], Any]


class Outcome(StrEnum):
    """What became of an attempt."""

    SUCCESS = "success"
    FAILURE = "failure"
    """Whether another one follows or not."""
    RETRY = "retry"
    """It failed, and another one follows."""
    DEAD = "dead"
    """It failed, and no other one follows."""


class Hooks:
    """Functions by the moment at which they are called, plain or ``async def``.

    Each method is a decorator that returns the function itself. Functions of one moment are called in the order in
    which they were registered, those of the shutdown in the opposite one.

    Attributes:
        startup, shutdown: called without arguments.
        middlewares: the first one is the outermost. Those of a handler in a process must be at the top level of a
            module, as it must.
        outcomes: called with the ``Job``.
    """

    def __init__(self) -> None:
        self.startup: tuple[Callable[[], Any], ...] = ()
        self.shutdown: tuple[Callable[[], Any], ...] = ()
        self.middlewares: tuple[Middleware, ...] = ()
        self.outcomes: dict[Outcome, tuple[Callable[[Job], Any], ...]] = {}

    def on_startup(self, function: Function) -> Function:
        """Call it before the worker takes its first job. What it raises keeps the worker from starting.

        A coroutine runs on the event loop of coroutine handlers, so that what it opens is theirs to use; once more when
        a handler blocks that loop and another one takes over. A plain function runs once, in a thread.
        """
        self.startup += (function,)
        return function

    def on_shutdown(self, function: Function) -> Function:
        """Call it when the worker has done its last job, on the same loop; what it raises is logged.

        A plain function that hangs is left behind after the worker's ``grace``, a coroutine is cancelled after ten
        seconds.
        """
        self.shutdown += (function,)
        return function

    def middleware(self, function: Function) -> Function:
        """Call ``function(job, call_next)`` in place of a handler; ``call_next(job)`` is the rest, and to be awaited in
        a coroutine. What it raises or returns is the job's, as from a handler.

        A coroutine is around every handler, but for plain functions on a loop of its own, in their thread or process. A
        plain function is around plain functions alone, within all coroutines.
        """
        self.middlewares += (function,)
        return function

    def on_success(self, function: Function) -> Function:
        """Call it with a job that has succeeded, once that is stored. What it raises is logged.

        Calls come one after the other, beside the jobs, and not at all for a job whose worker dies at that moment.
        """
        return self._on(Outcome.SUCCESS, function)

    def on_failure(self, function: Function) -> Function:
        """As ``on_success``, with a job an attempt of which has failed."""
        return self._on(Outcome.FAILURE, function)

    def on_retry(self, function: Function) -> Function:
        """As ``on_success``, with a job that has failed and will be run again, at its ``scheduled_for``."""
        return self._on(Outcome.RETRY, function)

    def on_dead(self, function: Function) -> Function:
        """As ``on_success``, with a job that has failed and is on the list of the dead."""
        return self._on(Outcome.DEAD, function)

    def _on(self, outcome: Outcome, function: Function) -> Function:
        self.outcomes[outcome] = (*self.outcomes.get(outcome, ()), function)
        return function

    @property
    def needs_loop(self) -> bool:
        """Whether any of them is to run on the event loop of coroutine handlers."""
        each = [*self.startup, *self.shutdown, *(one for many in self.outcomes.values() for one in many)]
        return any(map(iscoroutinefunction, each))


hooks = Hooks()
"""Those of this process."""
