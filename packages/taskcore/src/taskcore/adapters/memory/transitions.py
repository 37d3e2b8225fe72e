"""What each step makes of a task: from an order or a record to the next record, and to what is kept of an attempt."""

from dataclasses import replace
from datetime import datetime, timedelta

from taskcore.ids import TaskId, WorkerId
from taskcore.models import Attempt, Settlement, TaskRecord, TaskSpec
from taskcore.retry import RetryPolicy
from taskcore.states import AT_REST, MOVES, Event, TaskState, move

ENDED_BY = {to: event for (state, event), to in MOVES.items() if state is TaskState.RUNNING and to in AT_REST}
"""Which of the worker's events brought a task to a state at rest."""


def ordered(spec: TaskSpec, task: TaskId, now: datetime) -> TaskRecord:
    """A task that was just put."""
    return TaskRecord(
        id=task,
        name=spec.name,
        queue=spec.queue,
        payload=spec.payload,
        priority=spec.priority,
        state=TaskState.PENDING,
        created_at=now,
        run_at=now if spec.run_at is None else spec.run_at,
        expires_at=spec.expires_at,
        timeout=spec.timeout,
        # Only what other stores can write down is kept: the exceptions of a policy live with its handler.
        retry=None if spec.retry is None else RetryPolicy.load(spec.retry.dump()),
        idempotency_key=spec.idempotency_key,
        schedule=spec.schedule,
        meta=spec.meta,
        concurrency_key=spec.concurrency_key,
        concurrency_limit=spec.concurrency_limit,
        trace=spec.trace,
    )


def claimed(record: TaskRecord, worker: WorkerId, lease_for: timedelta, now: datetime) -> TaskRecord:
    """A pending task in the hands of its next worker."""
    return replace(
        record,
        state=move(record.state, Event.CLAIM),
        attempt=record.attempt + 1,
        worker=worker,
        lease_until=now + lease_for,
        started_at=now,
        finished_at=None,
        progress=None,
        progress_note=None,
    )


def settled(record: TaskRecord, settlement: Settlement, now: datetime) -> TaskRecord:
    """A running task whose attempt is over."""
    event = settlement.event
    repeats = event is Event.REPEAT
    return replace(
        record,
        state=move(record.state, event),
        failures=0 if repeats else record.failures + (event in (Event.FAIL, Event.RETRY)),
        losses=0 if repeats else record.losses + (event is Event.LOSE),
        run_at=_next_run(record, settlement, now),
        lease_until=None,
        started_at=settlement.started_at or record.started_at,
        finished_at=settlement.finished_at or now,
        result=settlement.result if event in (Event.SUCCEED, Event.REPEAT) else record.result,
        error=settlement.error,
        version=settlement.version,
    )


def _next_run(record: TaskRecord, settlement: Settlement, now: datetime) -> datetime:
    match settlement.event:
        case Event.RETRY | Event.RELEASE | Event.LOSE:
            return now + settlement.delay
        case Event.REPEAT if settlement.run_at is not None:
            return settlement.run_at
        case _:
            return record.run_at


def replayed(record: TaskRecord, now: datetime) -> TaskRecord:
    """A task at rest that starts anew. Its attempt number goes on: that is what keeps earlier workers out."""
    return replace(
        record,
        state=move(record.state, Event.REPLAY),
        run_at=now,
        expires_at=None,
        failures=0,
        losses=0,
        cancel_requested=False,
        progress=None,
        progress_note=None,
        result=None,
        error=None,
    )


def last_attempt(record: TaskRecord, ended: Event | None) -> Attempt | None:
    """What a record tells of its last attempt, which ``ended`` closed (None: it is going on); None when it had none."""
    if record.worker is None or record.started_at is None:
        return None
    over = ended is not None
    return Attempt(
        task=record.id,
        number=record.attempt,
        worker=record.worker,
        started_at=record.started_at,
        finished_at=record.finished_at if over else None,
        ended=ended,
        result=record.result if ended in (Event.SUCCEED, Event.REPEAT) else None,
        error=record.error if over else None,
        version=record.version if over else None,
    )
