"""The conditions of a ``TaskQuery`` as SQLAlchemy expressions."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_

from taskcore.adapters.phases import ALL, wanted_phases, wanted_queues
from taskcore.adapters.sql.schema import Schema
from taskcore.clock import to_micros
from taskcore.models import TaskQuery
from taskcore.states import WAITING, Phase, TaskState, state_of


def conditions(schema: Schema, query: TaskQuery, now: int) -> list[ColumnElement[bool]]:
    """All that a task has to meet wherever the page begins and in whatever state it is, the costly ones last."""
    return [*_plain(schema, query), *_waiting(schema, query, now), *_contained(schema, query)]


def wanted_states(query: TaskQuery) -> frozenset[TaskState] | None:
    """The states that a task may be in; None for any."""
    phases = wanted_phases(query)
    return None if phases == ALL else frozenset(map(state_of, phases))


def _plain(schema: Schema, query: TaskQuery) -> Iterator[ColumnElement[bool]]:
    t, queues = schema.tasks.c, wanted_queues(query)
    for column, value in ((t.name, query.name), (t.worker, query.worker), (t.schedule, query.schedule)):
        if value is not None:
            yield column == value
    if queues is not None:
        yield t.queue.in_(sorted(queues))
    if query.created_from is not None:
        yield t.created_at >= to_micros(query.created_from)
    if query.created_before is not None:
        yield t.created_at < to_micros(query.created_before)


def _waiting(schema: Schema, query: TaskQuery, now: int) -> Iterator[ColumnElement[bool]]:
    """What tells the pending tasks of the wanted phases from the others."""
    t, wanted = schema.tasks.c, wanted_phases(query) & WAITING
    if len(wanted) in (0, len(WAITING)):
        return
    told = {
        Phase.SCHEDULED: and_(t.attempt == 0, t.run_at > now),
        Phase.QUEUED: and_(t.attempt == 0, t.run_at <= now),
        Phase.RETRYING: t.attempt > 0,
    }
    yield or_(t.state != TaskState.PENDING.value, *[told[phase] for phase in sorted(wanted)])


def _contained(schema: Schema, query: TaskQuery) -> Iterator[ColumnElement[bool]]:
    """Not ``LIKE``, to which some characters are patterns."""
    for part, text in sorted(query.contains.items()):
        column: ColumnElement[Any] = schema.tasks.c[part]
        yield func.locate(func.lower(text), func.lower(column)) > 0
