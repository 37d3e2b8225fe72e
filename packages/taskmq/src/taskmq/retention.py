"""How long jobs that are over are kept."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from taskcore.errors import InvalidInput
from taskcore.models import Order, TaskQuery
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, TaskState

from taskmq.jobs.handlers import HANDLER_OPTIONS
from taskmq.storage import dependencies
from taskmq.vocabulary import STATES

BATCH = 500
"""Jobs that are removed in one step, so that nobody waits for long."""
LOOK = 100
"""Jobs of a handler that are looked at in one step; they are read with all that they hold."""

MARGIN = timedelta(minutes=1)
"""For what passes between reading the time and removing jobs."""

SUCCEEDED = frozenset({TaskState.SUCCEEDED})


Keep = Mapping[TaskState, timedelta]
"""How long jobs are kept by the state in which they ended; one that is not named is kept for ever."""


def keep_of(result_ttl: timedelta | None, failure_ttl: timedelta | None) -> Keep:
    """How long jobs are kept that succeeded, and those that are dead or cancelled; None is for ever."""
    keep = {} if result_ttl is None else {TaskState.SUCCEEDED: result_ttl}
    if failure_ttl is not None:
        keep.update(dict.fromkeys(sorted(AT_REST - SUCCEEDED), failure_ttl))
    return keep


async def remove_old(store: TaskStore, keep: Keep) -> int:
    """Remove jobs that ended longer ago than ``keep`` or the ``result_ttl`` of their handler says; tell how many.

    As long as jobs wait for others, what succeeded stays from the first of these others on: a job that waits would be
    cancelled if one of them was gone.
    """
    handlers = {
        name: options.result_ttl
        for name, options in HANDLER_OPTIONS.items()
        if isinstance(name, str) and options.result_ttl is not None
    }
    if not keep and not handlers:
        return 0
    least = await _least(store)
    removed = 0
    for state, ttl in keep.items():
        removed += await purge(store, {state}, max(ttl, least) if state in SUCCEEDED else ttl, None)
    for name, ttl in handlers.items():
        removed += await _remove_results(store, name, max(ttl, least))
    return removed


async def _least(store: TaskStore) -> timedelta:
    """How long jobs that succeeded have to be kept for others."""
    needed = await dependencies.needed_since(store)
    return timedelta(0) if needed is None else await store.now() - needed + MARGIN


async def _remove_results(store: TaskStore, name: str, ttl: timedelta) -> int:
    removed, latest = 0, await store.now() - ttl
    while True:
        found = await store.find(TaskQuery(states=SUCCEEDED, name=name, order=Order.OLDEST, limit=LOOK))
        over = [task.id for task in found if task.finished_at is not None and task.finished_at <= latest]
        removed += await store.delete(over)
        if len(over) < LOOK:
            return removed


def states_to_purge(word: str | None) -> frozenset[TaskState]:
    """The states of jobs that are over, by their word; None is all of them.

    Raises:
        InvalidInput: jobs in such a state are not over.
    """
    words = [each for each, states in STATES.items() if states <= AT_REST]
    if word is None:
        return AT_REST
    if word not in words:
        raise InvalidInput(
            f"only jobs that are over can be purged: state must be one of {', '.join(words)}, got {word!r:.80}"
        )
    return STATES[word]


async def purge(store: TaskStore, states: Collection[TaskState], older_than: timedelta, most: int | None) -> int:
    """Remove jobs in ``states`` that ended longer ago than that, at most so many, oldest first; tell how many.

    Raises:
        InvalidInput: ``older_than`` or ``most`` is negative.
    """
    if older_than < timedelta(0) or (most is not None and most < 0):
        raise InvalidInput(f"older_than and most must not be negative, got {older_than} and {most}")
    removed = 0
    while most is None or removed < most:
        limit = BATCH if most is None else min(BATCH, most - removed)
        step = await store.prune(frozenset(states), older_than, limit)
        removed += step
        if step < limit:
            break
    return removed
