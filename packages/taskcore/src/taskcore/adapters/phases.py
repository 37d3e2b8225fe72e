"""What the conditions of a ``TaskQuery`` on states and phases mean together."""

from taskcore.models import TaskQuery
from taskcore.states import Phase, state_of

ALL = frozenset(Phase)


def wanted_phases(query: TaskQuery) -> frozenset[Phase]:
    """The phases that a task may be in: ``ALL`` without any condition, none where the conditions exclude each other."""
    return frozenset(phase for phase in query.phases or ALL if not query.states or state_of(phase) in query.states)


def wanted_queues(query: TaskQuery) -> frozenset[str] | None:
    """The queues that a task may be in; None for any."""
    if query.queue is None:
        return query.queues or None
    return frozenset({query.queue} & (query.queues or {query.queue}))
