"""Which tasks a ``TaskQuery`` asks for."""

from collections.abc import Iterator
from datetime import datetime

from taskcore.models import Part, TaskQuery, TaskRecord
from taskcore.states import phase


def matches(record: TaskRecord, query: TaskQuery, now: datetime) -> bool:
    """Whether ``record`` meets every condition, seen at ``now``."""
    return all(_met(record, query, now)) and all(
        (held := _text(record, part)) is not None and text.casefold() in held.casefold()
        for part, text in query.contains.items()
    )


def _met(record: TaskRecord, query: TaskQuery, now: datetime) -> Iterator[bool]:
    """Each condition whose answer costs next to nothing."""
    yield query.queue is None or record.queue == query.queue
    yield query.name is None or record.name == query.name
    yield query.worker is None or record.worker == query.worker
    yield query.schedule is None or record.schedule == query.schedule
    yield not query.queues or record.queue in query.queues
    yield not query.states or record.state in query.states
    yield not query.phases or phase(record.state, record.attempt, record.run_at, now) in query.phases
    yield query.created_from is None or record.created_at >= query.created_from
    yield query.created_before is None or record.created_at < query.created_before


def _text(record: TaskRecord, part: Part) -> str | None:
    match part:
        case Part.ID:
            return record.id
        case Part.NAME:
            return record.name
        case Part.PAYLOAD:
            return record.payload
        case Part.RESULT:
            return record.result
        case Part.ERROR:
            return None if record.error is None else record.error.dump()
