"""Which tasks a ``TaskQuery`` asks for."""

from collections.abc import Callable, Iterator
from datetime import datetime
from operator import attrgetter

from taskcore.models import Part, TaskQuery, TaskRecord
from taskcore.states import phase

Check = Callable[[TaskRecord], bool]


def checks(query: TaskQuery, now: datetime) -> list[Check]:
    """What a task has to pass, seen at ``now``: one for each condition that was made, as there may be many tasks."""
    made = [*_equal(query), *_created(query)]
    if query.queues:
        made.append(lambda task: task.queue in query.queues)
    if query.states:
        made.append(lambda task: task.state in query.states)
    if query.phases:
        made.append(lambda task: phase(task.state, task.attempt, task.run_at, now) in query.phases)
    return [*made, *(_holds(part, text.casefold()) for part, text in query.contains.items())]


def _equal(query: TaskQuery) -> Iterator[Check]:
    for name in ("queue", "name", "worker", "schedule"):
        if (wanted := getattr(query, name)) is not None:
            yield _is(attrgetter(name), wanted)


def _is(value: Callable[[TaskRecord], object], wanted: object) -> Check:
    return lambda task: value(task) == wanted


def _created(query: TaskQuery) -> Iterator[Check]:
    first, end = query.created_from, query.created_before
    if first is not None:
        yield lambda task: task.created_at >= first
    if end is not None:
        yield lambda task: task.created_at < end


def _holds(part: Part, text: str) -> Check:
    return lambda task: (held := _text(task, part)) is not None and text in held.casefold()


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
