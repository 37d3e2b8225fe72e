"""What becomes of a job when an attempt of it is over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from taskcore.clock import Clock
from taskcore.engine.execution.run import Run
from taskcore.engine.policy import RetryingPolicy
from taskcore.models import Settlement, TaskRecord
from taskcore.retry import RetryPolicy
from taskcore.states import Event

from taskmq.jobs.handlers import get_handler_options
from taskmq.jobs.options import HandlerOptions
from taskmq.vocabulary import RETRY_GRANTED, Terms, terms_of

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

    def __init__(self, retry: Callable[[Terms, HandlerOptions], RetryPolicy], clock: Clock, given_up: GivenUp) -> None:
        self._retry = retry
        self._clock = clock
        self._given_up = given_up
        self._judge = RetryingPolicy(retry_for=self._retry_for, max_losses=MAX_DELIVERIES)

    def ended(self, run: Run) -> Settlement:
        task = run.context.task
        settled = self._judge.ended(run)
        if settled.event is Event.RETRY:
            attempts = self._retry_for(run).max_attempts
            run.context.log(f"{RETRY_GRANTED} ({task.failures + 1}/{attempts})", "WARNING")
        elif settled.event is Event.FAIL:
            self._given_up.expect(task, task.failures + 1)
        return settled if terms_of(task.meta).every is None else or_repeat(task, settled, self._clock.now())

    def lost(self, task: TaskRecord) -> Settlement:
        settled = lost(task, self._clock.now())
        if settled.event in (Event.FAIL, Event.REPEAT):
            self._given_up.expect(task, task.failures + task.losses + 1)
        return settled

    def _retry_for(self, run: Run) -> RetryPolicy:
        task = run.context.task
        return self._retry(terms_of(task.meta), get_handler_options(task.name))


def lost(task: TaskRecord, now: datetime) -> Settlement:
    """The settlement of a running job whose worker is gone."""
    return or_repeat(task, _LOSSES.lost(task), now)


def or_repeat(task: TaskRecord, settled: Settlement, now: datetime) -> Settlement:
    """How a run that is over is settled: a periodic job goes on, whether it succeeded or failed."""
    run_at = next_run(task, now) if settled.event in (Event.SUCCEED, Event.FAIL) else None
    return settled if run_at is None else replace(settled, event=Event.REPEAT, run_at=run_at)


def next_run(task: TaskRecord, now: datetime) -> datetime | None:
    """The next instant of a periodic job, by its own first one: neither durations nor delays shift the series."""
    every = terms_of(task.meta).every
    return None if every is None else every.next_after(max(now, task.run_at))
