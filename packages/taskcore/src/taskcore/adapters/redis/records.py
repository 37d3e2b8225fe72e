"""Values to what the scripts store and back: the only place in Python that knows in which form Redis holds what."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from taskcore.clock import from_micros, to_micros
from taskcore.ids import IdScheme, ScheduleId, TaskId, WorkerId
from taskcore.models import Attempt, LogLine, Settlement, TaskError, TaskRecord, TaskSpec
from taskcore.models.task import MAX_PRIORITY
from taskcore.retry import RetryPolicy
from taskcore.states import MOVES, Event, TaskState, move

Texts = Sequence[str | None]
NOTHING: Texts = (None, None, None)

STATES = {state.value: state for state in TaskState}
LATEST = 253_402_300_799_999_968
"""The last instant that a double holds before the year 10000."""

_MICROSECOND = timedelta(microseconds=1)
_LAST_OF_16 = 10**16 - 1
_BEFORE_1970 = 10**17
_NUMBER = 96
"""The key of a number begins with a letter for its length, so that keys sort as numbers do."""


@lru_cache(maxsize=4096)
def load_micros(text: str) -> datetime:
    """The instant that a text of microseconds tells. Tasks that were put or claimed together share theirs."""
    return from_micros(int(text))


def key_of(ids: IdScheme, task: TaskId) -> str:
    """What a task is called in Redis: keys sort by their bytes as ids do. "", which no task has, for what is no id."""
    if ids is IdScheme.TIME_SORTED:
        return task if task.isprintable() else ""
    if 0 < len(task) < 20 and task.isascii() and task.isdecimal() and task[0] != "0":
        return chr(_NUMBER + len(task)) + task
    return ""


def id_of(ids: IdScheme, key: str) -> TaskId:
    """The id of the task with this key."""
    return TaskId(key if ids is IdScheme.TIME_SORTED else key[1:])


def micros(span: timedelta) -> int:
    """A span of time, no longer than instants can be apart."""
    return min(span // _MICROSECOND, LATEST)


def dump_instant(at: int) -> str:
    """An instant in a form that sorts by its bytes."""
    if 0 <= at <= _LAST_OF_16:
        return f"{at:016d}"
    return f":{at:018d}" if at > 0 else f"-{at + _BEFORE_1970:017d}"


@lru_cache(maxsize=4096)
def _load_instant(text: str) -> datetime:
    match text[0]:
        case ":":
            return from_micros(int(text[1:]))
        case "-":
            return from_micros(int(text[1:]) - _BEFORE_1970)
        case _:
            return from_micros(int(text))


@lru_cache(maxsize=1024)
def _dump_priority(priority: int) -> str:
    return f"{MAX_PRIORITY - priority:010d}"


def order_values(spec: TaskSpec, key: str) -> tuple[str, str, str, str, str]:
    """What ``parts/put.lua`` takes for an order."""
    rank = _dump_priority(spec.priority)
    if spec.run_at is not None:
        rank += dump_instant(to_micros(spec.run_at))
    expires = "-" if spec.expires_at is None else to_micros(spec.expires_at)
    traits = (
        f"{expires} {spec.concurrency_limit}\n{spec.queue}\n{spec.name}\n"
        f"{spec.concurrency_key or ''}\n{spec.idempotency_key or ''}\n"
    )
    return key, rank, traits, spec.payload, dump_extra(spec)


def dump_extra(spec: TaskSpec | TaskRecord) -> str:
    timeout, retry, schedule, meta, trace = spec.timeout, spec.retry, spec.schedule, spec.meta, spec.trace
    if timeout is None and retry is None and schedule is None and meta is None and trace is None:
        return ""
    rest = [timeout and timeout // _MICROSECOND, retry and retry.dump(), schedule, meta, trace]
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":"))


def dump_schedule(schedule: ScheduleId) -> str:
    """What the extra document of every task of a schedule holds somewhere, and that of few others."""
    return json.dumps(schedule, ensure_ascii=False)


def _load_extra(text: str) -> tuple[timedelta | None, RetryPolicy | None, ScheduleId | None, str | None, str | None]:
    timeout, retry, schedule, meta, *trace = json.loads(text)  # an earlier release knew no trace
    return (
        None if timeout is None else timedelta(microseconds=timeout),
        None if retry is None else RetryPolicy.load(retry),
        schedule,
        meta,
        trace[0] if trace else None,
    )


_NO_EXTRA = (None, None, None, None, None)


def _optional_instant(text: str) -> datetime | None:
    return None if text == "-" else load_micros(text)


def record_of(
    task: TaskId,
    life: str,
    payload: str,
    extra: str | None,
    ending: Texts,
    *,
    lease: str | None = None,
    progress: str | None = None,
    note: str | None = None,
) -> TaskRecord:
    """The record of a task; ``ending`` is result, error and version."""
    result, error, version = ending
    head, queue, name, ckey, ikey, worker = life.split("\n", 5)
    state, attempt, failures, losses, cancel, started, finished, rank, created, expires, limit = head.split(" ")
    timeout, retry, schedule, meta, trace = _NO_EXTRA if extra is None else _load_extra(extra)
    return TaskRecord(
        id=task,
        name=name,
        queue=queue,
        payload=payload,
        priority=MAX_PRIORITY - int(rank[:10]),
        state=STATES[state],
        created_at=load_micros(created),
        run_at=_load_instant(rank[10:]),
        expires_at=_optional_instant(expires),
        timeout=timeout,
        retry=retry,
        idempotency_key=ikey or None,
        schedule=schedule,
        meta=meta,
        concurrency_key=ckey or None,
        concurrency_limit=int(limit),
        trace=trace,
        attempt=int(attempt),
        failures=int(failures),
        losses=int(losses),
        cancel_requested=cancel == "1",
        progress=None if progress is None else float(progress),
        progress_note=note,
        worker=WorkerId(worker) if worker else None,
        lease_until=None if lease is None else load_micros(lease),
        started_at=_optional_instant(started),
        finished_at=_optional_instant(finished),
        result=result,
        error=None if error is None else TaskError.load(error),
        version=version,
    )


def life_of(record: TaskRecord) -> str:
    """What ``record_of`` reads of the life of a task at rest or pending."""
    rank = _dump_priority(record.priority) + dump_instant(to_micros(record.run_at))
    head = (
        f"{record.state} {record.attempt} {record.failures} {record.losses} {int(record.cancel_requested)} "
        f"{_optional_micros(record.started_at)} {_optional_micros(record.finished_at)} {rank} "
        f"{to_micros(record.created_at)} {_optional_micros(record.expires_at)} {record.concurrency_limit}"
    )
    names = (record.queue, record.name, record.concurrency_key, record.idempotency_key, record.worker)
    return "\n".join([head, *(name or "" for name in names)])


_STORING = frozenset({Event.SUCCEED, Event.REPEAT})
_DELAYED = frozenset({Event.RETRY, Event.RELEASE, Event.LOSE})


def _head(event: Event) -> tuple[str, str]:
    """Where an event leads, and what it does to the counts of failures and losses."""
    failures = "+" if event in (Event.FAIL, Event.RETRY) else "0" if event is Event.REPEAT else "="
    losses = "+" if event is Event.LOSE else "0" if event is Event.REPEAT else "="
    return f"{move(TaskState.RUNNING, event)} {event}", f"{failures}{losses}"


_HEADS = {event: _head(event) for state, event in MOVES if state is TaskState.RUNNING}


def settlement_values(settlement: Settlement, key: str) -> list[str]:
    """What ``parts/settle.lua`` takes for the end of an attempt.

    Raises:
        IllegalMove: a running task knows no such event.
    """
    event = settlement.event
    if event not in _HEADS:
        move(TaskState.RUNNING, event)
    (leads, counts), (_, attempt, worker) = _HEADS[event], settlement.fence
    result, error, version = settlement.result, settlement.error, settlement.version
    texts: list[str] = []
    marks = "="
    if event in _STORING:
        marks = _mark(result, texts)
    marks += _mark(None if error is None else error.dump(), texts) + _mark(version, texts)
    started, finished = _optional_micros(settlement.started_at), _optional_micros(settlement.finished_at)
    head = f"{leads} {attempt} {counts}{marks} {_wait(settlement)} {started} {finished} {key}"
    return [head, worker, *texts]


def _mark(text: str | None, texts: list[str]) -> str:
    if text is None:
        return "-"
    texts.append(text)
    return "t"


def _optional_micros(at: datetime | None) -> int | str:
    return "-" if at is None else to_micros(at)


def _wait(settlement: Settlement) -> str:
    if settlement.event in _DELAYED:
        return f"+{micros(settlement.delay)}"
    if settlement.event is Event.REPEAT and settlement.run_at is not None:
        return f"@{dump_instant(to_micros(settlement.run_at))}"
    return "="


def dump_attempt(attempt: Attempt) -> str:
    """What ``attempt_of`` reads."""
    started, finished = _optional_micros(attempt.started_at), _optional_micros(attempt.finished_at)
    error = None if attempt.error is None else attempt.error.dump()
    ended = (attempt.worker, str(started), str(finished), attempt.ended, attempt.result, error, attempt.version)
    return json.dumps([str(attempt.number), *ended], ensure_ascii=False)


def attempt_of(task: TaskId, text: str) -> Attempt:
    """An attempt as ``parts/attempts.lua`` keeps it."""
    number, worker, started_at, finished_at, ended, result, error, version = json.loads(text)
    return Attempt(
        task=task,
        number=int(number),
        worker=WorkerId(worker),
        started_at=load_micros(started_at),
        finished_at=_optional_instant(finished_at),
        ended=Event(ended),
        result=result,
        error=None if error is None else TaskError.load(error),
        version=version,
    )


def dump_line(line: LogLine) -> str:
    """A log line without its task."""
    return json.dumps([line.attempt, to_micros(line.at), line.level, line.message], ensure_ascii=False)


def numbered_line(task: TaskId, text: str) -> tuple[int, LogLine]:
    """A log line as ``parts/log.lua`` keeps it, and its number."""
    number, line = text.split(" ", 1)
    attempt, at, level, message = json.loads(line)
    return int(number), LogLine(task=task, attempt=attempt, at=from_micros(at), level=level, message=message)
