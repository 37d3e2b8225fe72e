"""What becomes of a task when an attempt of it is over; decided here and nowhere else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Protocol

from taskcore.engine.execution.run import Run, describe
from taskcore.errors import TaskCancelled, WorkerStopping
from taskcore.models import Settlement, TaskError, TaskRecord
from taskcore.retry import Retry, RetryPolicy, decide
from taskcore.states import Event

SPREAD = 0.5
"""Seconds within which tasks become due that were lost twice; twice as many after each further loss, up to a minute."""


class Policy(Protocol):
    """Decides, without storing anything."""

    def ended(self, run: Run) -> Settlement:
        """The settlement of a run whose outcome is known."""
        ...

    def lost(self, task: TaskRecord) -> Settlement:
        """The settlement of a running task whose worker is gone."""
        ...


class RetryingPolicy:
    """Success succeeds; a failure follows the task's retry policy, or its handler's; a lost task is due again at once.

    A task that loses its worker for the ``max_losses``-th time fails: it may be what kills them. Those that were lost
    together more than once come back one by one, so that the others get through and it is found out alone.
    """

    def __init__(
        self,
        *,
        retry_for: Callable[[Run], RetryPolicy] | None = None,
        max_losses: int = 5,
        rng: Random | None = None,
    ) -> None:
        self._retry_for = retry_for or retry_in_force
        self._max_losses = max_losses
        self._rng = rng or Random()

    def ended(self, run: Run) -> Settlement:
        stopped = run.context.stopped_by
        if run.error is None:
            return settlement(run, Event.SUCCEED)
        if isinstance(stopped, TaskCancelled):
            return settlement(run, Event.CANCEL, error=describe(stopped))
        if isinstance(stopped, WorkerStopping):
            return settlement(run, Event.RELEASE if run.handler.repeatable else Event.INTERRUPT)
        return self._failed(run, stopped or run.error)

    def _failed(self, run: Run, cause: BaseException) -> Settlement:
        task = run.context.task
        error = run.described if cause is run.error and run.described else describe(cause)
        match decide(self._retry_for(run), task.failures + 1, cause, self._rng):
            case Retry(delay=delay):
                return settlement(run, Event.RETRY, error=error, delay=delay)
            case _:
                return settlement(run, Event.FAIL, error=error)

    def lost(self, task: TaskRecord) -> Settlement:
        if task.cancel_requested:
            error = describe(TaskCancelled("cancelled on request, after its worker was gone"))
            return Settlement(fence=task.fence, event=Event.CANCEL, started_at=task.started_at, error=error)
        times = task.losses + 1
        error = TaskError("WorkerLost", f"worker {task.worker} stopped renewing its lease (time {times} for this task)")
        if times >= self._max_losses:
            return Settlement(fence=task.fence, event=Event.FAIL, started_at=task.started_at, error=error)
        spread = SPREAD * 2 ** min(times - 2, 7) if times > 1 else 0.0
        delay = timedelta(seconds=self._rng.uniform(0, spread))
        return Settlement(fence=task.fence, event=Event.LOSE, started_at=task.started_at, error=error, delay=delay)


def retry_in_force(run: Run) -> RetryPolicy:
    """The task's own numbers where it brings some; which errors are worth a retry, only the handler's code knows."""
    task, handler = run.context.task.retry, run.handler.retry
    return handler if task is None else _combined(task, handler)


@lru_cache(maxsize=1024)
def _combined(task: RetryPolicy, handler: RetryPolicy) -> RetryPolicy:
    return replace(task, retry_on=handler.retry_on, give_up_on=handler.give_up_on)


def settlement(
    run: Run, event: Event, *, error: TaskError | None = None, delay: timedelta = timedelta(0)
) -> Settlement:
    """The settlement of ``run`` with what is the same whatever the event."""
    return Settlement(
        fence=run.context.task.fence,
        event=event,
        started_at=run.started_at,
        finished_at=run.finished_at,
        delay=delay,
        result=run.result,
        error=error,
        version=run.handler.version,
    )


def given_back(run: Run, reason: TaskError, delay: timedelta) -> Settlement:
    """The settlement of a run that must not begin yet."""
    return settlement(run, Event.RELEASE, error=reason, delay=delay)
