"""Rows to values and back: the only place that knows in which form the tables hold what."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from taskcore.clock import from_micros as uncached_from_micros
from taskcore.clock import to_micros
from taskcore.errors import InvalidInput
from taskcore.ids import IdScheme, TaskId, WorkerId
from taskcore.models import Attempt, LogLine, QueueCounts, Settlement, TaskError, TaskRecord, TaskSpec
from taskcore.retry import RetryPolicy
from taskcore.states import AT_REST, MOVES, Event, Phase, TaskState, move, state_of

Row = Sequence[Any]

TASK_COLUMNS = (
    "id", "name", "queue", "payload", "priority", "state", "created_at", "run_at", "expires_at", "timeout", "retry",
    "idempotency_key", "schedule", "meta", "concurrency_key", "concurrency_limit", "trace", "attempt", "failures",
    "losses", "cancel_requested", "progress", "progress_note", "worker", "lease_until", "started_at", "finished_at",
    "result", "error", "version",
)  # fmt: skip
"""What ``task_of`` reads, in its order."""

PLAIN_COLUMNS = ("id", "name", "queue", "payload", "priority", "created_at", "run_at", "ready")
NEW_COLUMNS = (
    *PLAIN_COLUMNS, "expires_at", "timeout", "retry", "idempotency_key", "schedule", "meta", "concurrency_key",
    "concurrency_limit", "trace",
)  # fmt: skip
"""What ``new_task`` writes, in its order; the other columns have defaults."""

# Tasks that were put or claimed together share their instants, and making one costs more than to look it up.
from_micros = lru_cache(maxsize=1024)(uncached_from_micros)

LATEST = to_micros(datetime.max.replace(tzinfo=UTC))
STATES = {state.value: state for state in TaskState}
PHASES = {phase.value: phase for phase in Phase}
FOREVER = 2**63 - 1
"""Later than every instant there is."""

BACK = frozenset(event for (state, event), to in MOVES.items() if (state, to) == (TaskState.RUNNING, TaskState.PENDING))
"""The events that give a running task back to its queue."""
_OVER = frozenset(event for (state, event), to in MOVES.items() if state is TaskState.RUNNING and to in AT_REST)
_MICROSECOND = timedelta(microseconds=1)
_NOTHING = (*(None,) * 7, 1, None)


def number_key(task: TaskId) -> int:
    """The number of a numbered task; 0, which no task has, for anything else."""
    if len(task) < 19 and task.isascii() and task.isdecimal() and task[0] != "0":
        return int(task)
    try:
        return int(IdScheme.NUMBERED.check(task))
    except InvalidInput:
        return 0


def text_key(task: TaskId) -> str:
    """The id itself; "", which no task has, for what no store holds and some would cut short or refuse."""
    return task if task.isprintable() else ""


def task_id(key: str | int) -> TaskId:
    """The id whose key is in the ``id`` column."""
    return TaskId(str(key))


def micros(span: timedelta) -> int:
    return span // _MICROSECOND


def later(now: int, span: timedelta) -> int:
    """An instant that still is a date, however long ``span`` is."""
    return min(now + micros(span), LATEST)


def _optional(load: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else load(value)


def new_task(spec: TaskSpec, key: str | int, now: int) -> Row:
    """What is stored for an order: the plain columns, and the others only where one of them has a value."""
    run_at = now if spec.run_at is None else to_micros(spec.run_at)
    plain = (key, spec.name, spec.queue, spec.payload, spec.priority, now, run_at, int(run_at <= now))
    if _is_plain(spec):
        return plain
    return (
        *plain,
        None if spec.expires_at is None else to_micros(spec.expires_at),
        None if spec.timeout is None else micros(spec.timeout),
        None if spec.retry is None else spec.retry.dump(),
        spec.idempotency_key,
        spec.schedule,
        spec.meta,
        spec.concurrency_key,
        spec.concurrency_limit,
        spec.trace,
    )


def _is_plain(spec: TaskSpec) -> bool:
    rest = (spec.expires_at, spec.timeout, spec.retry, spec.idempotency_key, spec.schedule, spec.meta,
            spec.concurrency_key, spec.concurrency_limit, spec.trace)  # fmt: skip
    return rest == _NOTHING


def task_of(row: Row) -> TaskRecord:
    """The record of a row of ``TASK_COLUMNS``."""
    (id_, name, queue, payload, priority, state, created_at, run_at, expires_at, timeout, retry, key, schedule, meta,
     concurrency_key, concurrency_limit, trace, attempt, failures, losses, cancel_requested, progress, note, worker,
     lease_until, started_at, finished_at, result, error, version) = row  # fmt: skip
    return TaskRecord(
        id=task_id(id_),
        name=name,
        queue=queue,
        payload=payload,
        priority=priority,
        state=STATES[state],
        created_at=from_micros(created_at),
        run_at=from_micros(run_at),
        expires_at=None if expires_at is None else from_micros(expires_at),
        timeout=None if timeout is None else timedelta(microseconds=timeout),
        retry=None if retry is None else RetryPolicy.load(retry),
        idempotency_key=key,
        schedule=schedule,
        meta=meta,
        concurrency_key=concurrency_key,
        concurrency_limit=concurrency_limit,
        trace=trace,
        attempt=attempt,
        failures=failures,
        losses=losses,
        cancel_requested=cancel_requested == 1,
        progress=progress,
        progress_note=note,
        worker=worker,
        lease_until=None if lease_until is None else from_micros(lease_until),
        started_at=None if started_at is None else from_micros(started_at),
        finished_at=None if finished_at is None else from_micros(finished_at),
        result=result,
        error=None if error is None else TaskError.load(error),
        version=version,
    )


def record_row(record: TaskRecord, key: str | int) -> Row:
    """What ``task_of`` reads."""
    return (
        key,
        record.name,
        record.queue,
        record.payload,
        record.priority,
        record.state.value,
        to_micros(record.created_at),
        to_micros(record.run_at),
        _optional(to_micros, record.expires_at),
        _optional(micros, record.timeout),
        None if record.retry is None else record.retry.dump(),
        record.idempotency_key,
        record.schedule,
        record.meta,
        record.concurrency_key,
        record.concurrency_limit,
        record.trace,
        record.attempt,
        record.failures,
        record.losses,
        int(record.cancel_requested),
        record.progress,
        record.progress_note,
        record.worker,
        _optional(to_micros, record.lease_until),
        _optional(to_micros, record.started_at),
        _optional(to_micros, record.finished_at),
        record.result,
        None if record.error is None else record.error.dump(),
        record.version,
    )


def attempt_row(attempt: Attempt, key: str | int) -> Row:
    """The task, and what ``attempt_of`` reads."""
    return (
        key,
        attempt.number,
        attempt.worker,
        to_micros(attempt.started_at),
        _optional(to_micros, attempt.finished_at),
        None if attempt.ended is None else attempt.ended.value,
        attempt.result,
        None if attempt.error is None else attempt.error.dump(),
        attempt.version,
    )


def attempt_of(task: TaskId, row: Row) -> Attempt:
    number, worker, started_at, finished_at, ended, result, error, version = row
    return Attempt(
        task=task,
        number=number,
        worker=WorkerId(worker),
        started_at=from_micros(started_at),
        finished_at=_optional(from_micros, finished_at),
        ended=_optional(Event, ended),
        result=result,
        error=_optional(TaskError.load, error),
        version=version,
    )


def line_of(row: Row) -> LogLine:
    task, attempt, at, level, message = row
    return LogLine(task=task_id(task), attempt=attempt, at=from_micros(at), level=level, message=message)


def counts_of(rows: Iterable[Row]) -> list[QueueCounts]:
    """From rows of queue, phase, number, and since when the longest-waiting of these has waited; several may add up."""
    by_phase: dict[str, Counter[Phase]] = defaultdict(Counter)
    oldest: dict[str, list[int]] = defaultdict(list)
    for queue, phase, number, due_since in rows:
        by_phase[queue][PHASES[phase]] += number
        if due_since is not None:
            oldest[queue].append(due_since)
    return [
        QueueCounts(
            queue=queue,
            by_state=_by_state(by_phase[queue]),
            by_phase=dict(by_phase[queue]),
            oldest_due=from_micros(min(oldest[queue])) if queue in oldest else None,
        )
        for queue in sorted(by_phase)
    ]


def _by_state(by_phase: Counter[Phase]) -> dict[TaskState, int]:
    by_state = Counter[TaskState]()
    for phase, number in by_phase.items():
        by_state[state_of(phase)] += number
    return dict(by_state)


def log_row(line: LogLine, key: str | int) -> Row:
    return key, line.attempt, to_micros(line.at), line.level, line.message


def settlement_row(settlement: Settlement, key: str | int, now: int) -> Row:
    """The end of an attempt; where the task goes back to its queue, also when it is due and whether that is now.

    Raises:
        IllegalMove: a running task knows no such event.
    """
    started_at, finished_at, error = settlement.started_at, settlement.finished_at, settlement.error
    row = (
        key,
        settlement.fence.attempt,
        None if started_at is None else to_micros(started_at),
        now if finished_at is None else to_micros(finished_at),
        settlement.result,
        None if error is None else error.dump(),
        settlement.version,
    )
    if settlement.event in _OVER:
        return row
    move(TaskState.RUNNING, settlement.event)
    run_at = _next_run(settlement, now)
    return *row, run_at, run_at is None or run_at <= now


def _next_run(settlement: Settlement, now: int) -> int | None:
    if settlement.event is not Event.REPEAT:
        return later(now, settlement.delay)
    return None if settlement.run_at is None else to_micros(settlement.run_at)
