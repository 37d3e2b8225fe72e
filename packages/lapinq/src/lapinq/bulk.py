"""What is done to every task that meets a filter."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, replace

from taskcore.errors import InvalidInput
from taskcore.ids import TaskId
from taskcore.states import TaskState

from lapinq.service import Service
from lapinq.tables import Filter

AT_A_TIME = 500

REQUEUED = ("failed",)
CANCELLED = ("pending", "running")

_STOPPED = (TaskState.CANCELLED, TaskState.RUNNING)
Change = Callable[[Sequence[TaskId]], Awaitable[int]]


def check_not_empty(wanted: Filter, *, everything: bool) -> None:
    """Refuse a filter that every task meets.

    Raises:
        InvalidInput: it is empty, and nobody said that this is meant.
    """
    if wanted.is_empty and not everything:
        raise InvalidInput("name at least one filter, or all=true for every task")


def words(wanted: Filter) -> str:
    """``queue=video status=failed``, or ``all``: for the audit log."""
    return " ".join(f"{name}={value}" for name, value in asdict(wanted).items() if value) or "all"


async def requeue(service: Service, wanted: Filter) -> int:
    """Make failed tasks pending again, and answer how many. A filter without a status means failed ones.

    Raises:
        InvalidInput: the filter is for another status.
    """

    async def change(tasks: Sequence[TaskId]) -> int:
        return sum(await service.store.replay(tasks))

    return await _each(service, of_status(wanted, REQUEUED), change)


async def cancel(service: Service, wanted: Filter) -> int:
    """Cancel pending tasks, or ask those that run to stop, and answer how many. A filter without a status means pending
    ones.

    Raises:
        InvalidInput: the filter is for another status.
    """

    async def change(tasks: Sequence[TaskId]) -> int:
        return sum(state in _STOPPED for state in await service.store.cancel(tasks))

    return await _each(service, of_status(wanted, CANCELLED), change)


def of_status(wanted: Filter, allowed: Sequence[str]) -> Filter:
    """The filter, for the first of ``allowed`` where it names no status.

    Raises:
        InvalidInput: it names one that is not allowed.
    """
    status = wanted.status or allowed[0]
    if status not in allowed:
        raise InvalidInput(f"status must be {' or '.join(allowed)} here, got {status!r:.80}")
    return replace(wanted, status=status)


async def _each(service: Service, wanted: Filter, change: Change) -> int:
    return sum([await change(tasks) async for tasks in _pages(service, wanted)])


async def _pages(service: Service, wanted: Filter) -> AsyncIterator[Sequence[TaskId]]:
    """The tasks that meet the filter by now, newest first; those that come meanwhile are not among them."""
    after: TaskId | None = None
    while found := await service.records(wanted, after, AT_A_TIME):
        yield [record.id for record in found]
        if len(found) < AT_A_TIME:
            return
        after = found[-1].id
