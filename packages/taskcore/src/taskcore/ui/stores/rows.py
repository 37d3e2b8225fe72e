"""Records of the core as rows of pages. Text that does not decode is shown as the text that it is, never an error."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from taskcore.engine.trying import tries_of, was_tried_last
from taskcore.errors import CorruptPayload
from taskcore.models import Attempt, LogLine, TaskRecord
from taskcore.serialization import decode
from taskcore.states import Phase, phase
from taskcore.ui.models import LogRow
from taskcore.ui.models.tasks import AttemptRow, TaskRow


@dataclass(frozen=True, slots=True)
class Reading:
    """How a face reads its own records; what it leaves out is read as the core writes it.

    Attributes:
        native: the face's own word for a task's state.
        tags: what the face has tagged it with.
        schedule: the schedule that fired it, where the face marks other tasks in the same way.
        waits: why the face keeps it waiting, where that is not for the core to know; "" otherwise.
        repeats: whether the face runs this very task again and again.
        apart: queues that no worker is meant to serve.
    """

    native: Callable[[TaskRecord, Phase], str] = lambda _record, _phase: ""
    tags: Callable[[TaskRecord], tuple[str, ...]] = lambda _record: ()
    schedule: Callable[[TaskRecord], str | None] = lambda record: record.schedule
    waits: Callable[[TaskRecord], str] = lambda _record: ""
    repeats: Callable[[TaskRecord], bool] = lambda _record: False
    apart: frozenset[str] = frozenset()


def decoded(text: str | None) -> object:
    """The value that ``text`` stands for, or ``text`` itself."""
    if text is None:
        return None
    try:
        return decode(text)
    except CorruptPayload:
        return text


def row_of(record: TaskRecord, now: datetime, reading: Reading, wait_reason: str = "") -> TaskRow:
    """A task as lists show it."""
    at = phase(record.state, record.attempt, record.run_at, now)
    repeats = reading.repeats(record)
    return TaskRow(
        id=record.id,
        name=record.name,
        phase=at,
        native=reading.native(record, at),
        queue=record.queue,
        priority=record.priority,
        args=decoded(record.payload),
        attempt=tries_of(record, repeats=repeats),
        attempts_allowed=None if record.retry is None else record.retry.max_attempts,
        created_at=record.created_at,
        run_at=record.run_at,
        started_at=record.started_at if was_tried_last(record, repeats=repeats) else None,
        finished_at=record.finished_at,
        worker=record.worker,
        error=record.error,
        wait_reason=wait_reason,
        progress=record.progress,
        progress_note=record.progress_note or "",
        tags=reading.tags(record),
    )


def attempt_row(attempt: Attempt) -> AttemptRow:
    return AttemptRow(
        number=attempt.number,
        worker=attempt.worker,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        ended=None if attempt.ended is None else attempt.ended.value,
        error=attempt.error,
        result=decoded(attempt.result),
    )


def log_row(line: LogLine) -> LogRow:
    return LogRow(at=line.at, level=line.level, message=line.message, attempt=line.attempt)
