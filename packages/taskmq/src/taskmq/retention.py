"""How long jobs that are over are kept."""

from collections.abc import Collection
from datetime import timedelta

from taskcore.engine.reaper import Retention
from taskcore.errors import InvalidInput
from taskcore.models import Order, TaskQuery
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, TaskState

from taskmq.jobs.handlers import HANDLER_OPTIONS
from taskmq.vocabulary import STATES

BATCH = 500
"""Jobs that are removed in one step, so that nobody waits for long."""
LOOK = 100
"""Jobs of a handler that are looked at in one step; they are read with all that they hold."""

SUCCEEDED = frozenset({TaskState.SUCCEEDED})


def retention_of(result_ttl: timedelta | None, failure_ttl: timedelta | None) -> Retention:
    """How long jobs are kept that succeeded, and those that are dead or cancelled; None is for ever."""
    keep = {} if result_ttl is None else {TaskState.SUCCEEDED: result_ttl}
    if failure_ttl is not None:
        keep.update(dict.fromkeys(sorted(AT_REST - SUCCEEDED), failure_ttl))
    return Retention(keep=keep)


async def remove_results_of_handlers(store: TaskStore) -> int:
    """Remove jobs that have succeeded longer ago than the ``result_ttl`` of their handler, and tell how many."""
    removed = 0
    for name, options in list(HANDLER_OPTIONS.items()):
        if isinstance(name, str) and options.result_ttl is not None:
            removed += await _remove_results(store, name, options.result_ttl)
    return removed


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
