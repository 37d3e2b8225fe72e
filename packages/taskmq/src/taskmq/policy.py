"""What becomes of a job when an attempt of it is over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Protocol

from taskcore.clock import Clock
from taskcore.engine.execution.run import Run, describe
from taskcore.engine.policy import RetryingPolicy, settlement
from taskcore.errors import TaskCancelled, WorkerStopping
from taskcore.models import Settlement, TaskRecord
from taskcore.retry import Retry, RetryPolicy, decide
from taskcore.states import Event

from taskmq.vocabulary import terms_of

MAX_DELIVERIES = 5
"""A job that loses its worker so often is dead: it may be what kills them."""


_LOSSES = RetryingPolicy(max_losses=MAX_DELIVERIES)


class GivenUp(Protocol):
    """Is told of jobs that get no other attempt, before that is stored."""

    def expect(self, task: TaskRecord, failures: int) -> None: ...


class JobPolicy:
    """A failure follows the job's retry policy. A periodic job whose run is over waits for its next instant, whatever
    the end of the run was.

    Instants that go by while a run goes on are not caught up.
    """

    def __init__(self, retry: Callable[[str], RetryPolicy], clock: Clock, given_up: GivenUp) -> None:
        self._retry = retry
        self._clock = clock
        self._given_up = given_up
        self._rng = Random()

    def ended(self, run: Run) -> Settlement:
        stopped = run.context.stopped_by
        if run.error is None:
            return or_repeat(run.context.task, settlement(run, Event.SUCCEED), self._clock.now())
        if isinstance(stopped, WorkerStopping):
            return settlement(run, Event.RELEASE)
        if isinstance(stopped, TaskCancelled):
            return settlement(run, Event.CANCEL, error=describe(stopped))
        return self._failed(run, stopped or run.error)

    def lost(self, task: TaskRecord) -> Settlement:
        settled = lost(task, self._clock.now())
        if settled.event is not Event.LOSE:
            self._given_up.expect(task, task.failures + task.losses + 1)
        return settled

    def _failed(self, run: Run, cause: BaseException) -> Settlement:
        task = run.context.task
        error = run.described if cause is run.error and run.described else describe(cause)
        failures = task.failures + 1
        policy = self._retry(terms_of(task.meta).retry_policy)
        match decide(policy, failures, cause, self._rng):
            case Retry(delay=delay):
                run.context.log(f"Job scheduled for retry ({failures}/{policy.max_attempts})", "WARNING")
                return settlement(run, Event.RETRY, error=error, delay=delay)
            case _:
                self._given_up.expect(task, failures)
                return or_repeat(task, settlement(run, Event.FAIL, error=error), self._clock.now())


def lost(task: TaskRecord, now: datetime) -> Settlement:
    """The settlement of a running job whose worker is gone."""
    settled = _LOSSES.lost(task)
    return settled if settled.event is Event.LOSE else or_repeat(task, settled, now)


def or_repeat(task: TaskRecord, settled: Settlement, now: datetime) -> Settlement:
    """How a run that is over is settled: a periodic job goes on."""
    run_at = next_run(task, now)
    return settled if run_at is None else replace(settled, event=Event.REPEAT, run_at=run_at)


def next_run(task: TaskRecord, now: datetime) -> datetime | None:
    """The next instant of a periodic job, by its own first one: neither durations nor delays shift the series."""
    every = terms_of(task.meta).every
    return None if every is None else every.next_after(max(now, task.run_at))
