"""Tells the world what a worker did: tally, log and events, after the commit."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from taskcore.clock import Clock
from taskcore.engine.execution.run import Run
from taskcore.events import AnyEvent, StaleWrite, TaskEvent, WorkerEvent
from taskcore.ids import WorkerId
from taskcore.models import Settlement, TaskError, TaskRecord
from taskcore.ports import EventBus
from taskcore.states import Event

log = logging.getLogger("taskcore.engine")


AT_ONCE = 250
"""Ends of tasks that are published together. What is made of more of them, the garbage collector would look through."""


@dataclass(slots=True)
class Tally:
    """What a worker has done so far; ``stale`` counts writes that a fence refused."""

    claimed: int = 0
    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    cancelled: int = 0
    released: int = 0
    stale: int = 0


_COUNTED = {
    Event.SUCCEED: "succeeded",
    Event.REPEAT: "succeeded",
    Event.FAIL: "failed",
    Event.RETRY: "retried",
    Event.CANCEL: "cancelled",
    Event.RELEASE: "released",
    Event.INTERRUPT: "released",
}


class Announcer:
    """What nobody listens to costs next to nothing: only the tally is kept."""

    def __init__(self, worker: WorkerId, clock: Clock, bus: EventBus | None) -> None:
        self._worker, self._clock, self._bus = worker, clock, bus
        self.tally = Tally()

    def worker(self, what: str) -> None:
        log.info("worker %s %s", self._worker, what, extra={"event": f"worker_{what}"})
        if self._bus is not None:
            self._bus.publish([WorkerEvent(at=self._clock.now(), worker=self._worker, what=what)])

    def claimed(self, tasks: Sequence[TaskRecord]) -> None:
        self.tally.claimed += len(tasks)
        if self._bus is not None and tasks and self._bus.wants(Event.CLAIM):
            now = self._clock.now()
            self._bus.publish([task_event(now, task, Event.CLAIM) for task in tasks])

    def settled(self, batch: Sequence[tuple[Run, Settlement]], stored: Sequence[bool]) -> None:
        now = self._clock.now()
        for first in range(0, len(batch), AT_ONCE):
            self._settled(now, batch[first : first + AT_ONCE], stored[first : first + AT_ONCE])

    def _settled(self, now: datetime, batch: Sequence[tuple[Run, Settlement]], stored: Sequence[bool]) -> None:
        events: list[AnyEvent] = []
        kind: Event | None = None  # neighbours are mostly of one kind: what is asked about it is asked once
        counter, heard = "", False
        for (run, settlement), accepted in zip(batch, stored, strict=True):
            if not accepted:
                events.append(self._refused(now, settlement))
                continue
            if settlement.event is not kind:
                kind = settlement.event
                counter, heard = _COUNTED[kind], self._bus is not None and self._bus.wants(kind)
            setattr(self.tally, counter, getattr(self.tally, counter) + 1)
            if heard:
                events.append(_ended(now, kind, run, settlement.error))
        if self._bus is not None and events:
            self._bus.publish(events)

    def _refused(self, now: datetime, settlement: Settlement) -> StaleWrite:
        self.tally.stale += 1
        task, attempt, worker = settlement.fence
        log.warning(
            "attempt %d of task %s was over before it could %s; nothing was stored",
            attempt,
            task,
            settlement.event,
            extra={"event": "stale_write", "task_id": task},
        )
        return StaleWrite(at=now, task=task, attempt=attempt, worker=worker, intended=settlement.event)


def task_event(at: datetime, task: TaskRecord, event: Event, error: TaskError | None = None) -> TaskEvent:
    """What happened to a task, where its handler's run is not at hand."""
    return TaskEvent(at, event, task.id, task.name, task.queue, task.attempt, task.worker, error=error)


def _ended(at: datetime, event: Event, run: Run, error: TaskError | None) -> TaskEvent:
    """The end of a run of this process. One is made for each task, so it is made without the detour over
    ``TaskEvent.__new__``, which takes as long as all the rest."""
    task = run.context.task
    duration = wait = None
    if (began := run.started_at) is not None:
        duration = run.duration
        due = max(task.created_at, task.run_at)
        wait = (began - due).total_seconds() if began > due else 0.0
    fields = at, event, task.id, task.name, task.queue, task.attempt, task.worker, duration, wait, error
    return tuple.__new__(TaskEvent, fields)
