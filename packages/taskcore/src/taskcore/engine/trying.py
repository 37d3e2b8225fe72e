"""How often a task was tried, as people count it: a claim that was given back before anything was done is no try."""

from taskcore.engine.pacing import had_turn
from taskcore.models import TaskRecord
from taskcore.states import TaskState

_DONE_OR_UNDER_WAY = frozenset({TaskState.RUNNING, TaskState.SUCCEEDED, TaskState.INTERRUPTED})


def tries_of(record: TaskRecord, *, repeats: bool = False) -> int:
    """Those that failed or were lost since it was put or replayed, and the one that is under way or ended otherwise.

    Args:
        repeats: the same task runs again and again; between two runs, the last one counts.
    """
    counted = record.failures + record.losses + (record.state in _DONE_OR_UNDER_WAY or _was_stopped(record))
    return max(counted, int(repeats and _ran(record)))


def was_tried_last(record: TaskRecord, *, repeats: bool = False) -> bool:
    """Whether its last claim led to a try, so that the instants of that claim tell when it began and ended."""
    match record.state:
        case TaskState.PENDING:
            return (record.error is not None and not had_turn(record)) or (repeats and _ran(record))
        case TaskState.CANCELLED:
            return _was_stopped(record)
        case state:
            return state is not TaskState.EXPIRED


def _was_stopped(record: TaskRecord) -> bool:
    """Whether it was cancelled by its worker, and not while it waited."""
    return record.state is TaskState.CANCELLED and record.error is not None and record.error.type == "TaskCancelled"


def _ran(record: TaskRecord) -> bool:
    return record.state is TaskState.PENDING and record.attempt > 0 and not had_turn(record)
