"""Jobs that wait until others have succeeded.

They are pending tasks in a queue that no worker listens to. Whoever looks moves those to their own queue whose jobs are
all done: one commit a batch, and moving what somebody else has moved already changes nothing. All that is known is in
the store, so any process may look, and one that dies in between leaves the rest to the next look.
"""

from asyncio import gather
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from taskcore.errors import InvalidInput
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Order, Settlement, TaskError, TaskQuery, TaskRecord, TaskSpec
from taskcore.ports import Rearranging, TaskStore
from taskcore.states import ACTIVE, Event, TaskState

from taskmq.options import numbered
from taskmq.vocabulary import DEPENDENCY_FAILED, QUEUE, WAITING, task_id, terms_of

HAND = WorkerId("dependencies")
LEASE = timedelta(seconds=30)
PAGE = 500
READS = 100
"""Jobs that are read at the same time."""

_WORDS = {TaskState.FAILED: "is dead", TaskState.CANCELLED: "was cancelled", TaskState.EXPIRED: "has expired"}


@runtime_checkable
class MovingStore(TaskStore, Rearranging, Protocol):
    """A store whose tasks can be moved."""


async def check(store: TaskStore, specs: Sequence[TaskSpec]) -> None:
    """Refuse orders that would wait for ever. As they name jobs that are stored already, none can wait for itself.

    Raises:
        InvalidInput: there is no such job, or it is periodic and never over.
    """
    wanted = {each for spec in specs if spec.queue == WAITING for each in terms_of(spec.meta).depends_on}
    if not wanted:
        return
    found = await _read(store, wanted)
    for number, spec in enumerate(specs, 1):
        with numbered(number, len(specs)):
            for each in terms_of(spec.meta).depends_on:
                _check_one(each, found[each])


def _check_one(job: int, record: TaskRecord | None) -> None:
    if record is None:
        raise InvalidInput(f"depends_on names job {job}, which is not there")
    if terms_of(record.meta).every is not None:
        raise InvalidInput(f"depends_on names job {job}, which is periodic and never over")


async def release(store: MovingStore, ended: Set[int] | None = None) -> int:
    """Let go on what need not wait any longer, and tell how many jobs that are.

    Args:
        ended: look only at jobs that depend on one of these; None for all.
    """
    released, over = 0, None if ended is None else set(ended)
    async for page in _waiting(store):
        concerned = page if over is None else _depending_on(over, page)
        while concerned:
            ready, hopeless = await _judged(store, concerned)
            for queue, tasks in ready.items():
                released += sum(await store.move(tasks, queue))
            cancelled = {int(record.id) for record, reason in hopeless if await _cancel(store, record, reason)}
            if over is not None:
                over |= cancelled
            concerned = _depending_on(cancelled, page)  # those on later pages find out for themselves
    return released


def _depending_on(jobs: Set[int], page: Sequence[TaskRecord]) -> Sequence[TaskRecord]:
    return [record for record in page if not jobs.isdisjoint(_needs(record))]


async def needed_since(store: TaskStore) -> datetime | None:
    """When the first job ended for which others wait; one that is not over yet may succeed from now on."""
    begun, ends = await store.now(), list[datetime]()
    async for page in _waiting(store):
        found = await _read(store, {each for record in page for each in _needs(record)})
        for record in filter(None, found.values()):
            if record.state in ACTIVE:
                ends.append(begun)
            elif record.state is TaskState.SUCCEEDED and record.finished_at is not None:
                ends.append(record.finished_at)
    return min(ends, default=None)


async def _waiting(store: TaskStore) -> AsyncIterator[Sequence[TaskRecord]]:
    query = TaskQuery(queue=WAITING, states=frozenset({TaskState.PENDING}), order=Order.OLDEST, limit=PAGE)
    while page := await store.find(query):
        yield page
        if len(page) < PAGE:
            return
        query = replace(query, after=page[-1].id)


async def _judged(
    store: TaskStore, waiting: Sequence[TaskRecord]
) -> tuple[Mapping[str, Sequence[TaskId]], Sequence[tuple[TaskRecord, str]]]:
    """Those of these jobs that may begin, by their queue, and those that never will, with the reason."""
    found = await _read(store, {each for record in waiting for each in _needs(record)})
    states = {job: None if record is None else record.state for job, record in found.items()}
    ready, hopeless = defaultdict[str, list[TaskId]](list), list[tuple[TaskRecord, str]]()
    for record in waiting:
        reason = _failure(record, states)
        if reason is not None:
            hopeless.append((record, reason))
        elif not any(states[each] in ACTIVE for each in _needs(record)):
            ready[terms_of(record.meta).queue or QUEUE].append(record.id)
    return ready, hopeless


def _needs(record: TaskRecord) -> Sequence[int]:
    return terms_of(record.meta).depends_on


def _failure(record: TaskRecord, states: Mapping[int, TaskState | None]) -> str | None:
    """Why the job can never begin."""
    if terms_of(record.meta).on_dependency_failure == "run":
        return None
    for each in _needs(record):
        state = states[each]
        if state is not TaskState.SUCCEEDED and state not in ACTIVE:
            word = "is gone" if state is None else _WORDS.get(state, "did not succeed")
            return f"Job {each}, on which this one depends, {word}"
    return None


async def _cancel(store: TaskStore, record: TaskRecord, reason: str) -> bool:
    """In the hands of a worker for a moment, because only workers tell why. If this process dies in between, the job
    waits again once its lease has run out. False when somebody else has done something with it."""
    taken = await store.take(record.id, HAND, LEASE)
    if taken is None:
        return False
    error = TaskError(DEPENDENCY_FAILED, reason)
    (stored,) = await store.settle([Settlement(fence=taken.fence, event=Event.CANCEL, error=error)])
    return stored


async def _read(store: TaskStore, jobs: Iterable[int]) -> Mapping[int, TaskRecord | None]:
    found: dict[int, TaskRecord | None] = {}
    wanted = sorted(jobs)
    for first in range(0, len(wanted), READS):
        some = wanted[first : first + READS]
        found.update(zip(some, await gather(*(store.get(task_id(each)) for each in some)), strict=True))
    return found
