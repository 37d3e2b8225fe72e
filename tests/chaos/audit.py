"""What must hold when a storm is over."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from taskcore.errors import StoreUnavailable
from taskcore.models import TaskQuery, TaskRecord
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, Event, TaskState

from .places import Place

T = TypeVar("T")


async def persistently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask a store again and again while it is away."""
    while True:
        try:
            return await ask()
        except StoreUnavailable:
            await asyncio.sleep(0.05)


async def at_rest(store: TaskStore) -> int:
    """How many tasks are done, in whatever way."""
    return sum(
        amount
        for queue in await persistently(store.counts)
        for state, amount in queue.by_state.items()
        if state in AT_REST
    )


async def settled(store: TaskStore, count: int) -> bool:
    return count == await at_rest(store)


async def running(store: TaskStore) -> Sequence[TaskRecord]:
    """One task that somebody holds, if there is any."""
    return await store.find(TaskQuery(states=frozenset({TaskState.RUNNING}), limit=1))


async def every_task(store: TaskStore) -> list[TaskRecord]:
    return list(await store.find(TaskQuery(limit=1_000_000)))


async def any_lost(store: TaskStore) -> bool:
    """Whether an attempt was taken from its worker."""
    return any(record.losses for record in await every_task(store))


def closed_by_the_holder(record: TaskRecord) -> bool:
    """The stored result tells of the attempt and the worker that the row names."""
    return record.result is not None and json.loads(record.result) == [record.attempt, record.worker]


async def all_done_once(store: TaskStore, put: Collection[str]) -> list[TaskRecord]:
    """Nothing is lost, nothing was closed by a stale worker, and nobody holds anything; answers the tasks."""
    records = await every_task(store)
    assert set(put) == {record.id for record in records}
    assert {TaskState.SUCCEEDED} == {record.state for record in records}
    assert [] == [record for record in records if not closed_by_the_holder(record)]
    assert [] == [record for record in records if record.lease_until is not None]
    for record in [record for record in records if record.losses]:
        ends = [attempt.ended for attempt in await store.attempts(record.id)]
        assert 1 == ends.count(Event.SUCCEED)
        assert record.losses == ends.count(Event.LOSE)
    return records


async def nothing_is_left(store: TaskStore, place: Place, before: Mapping[str, int]) -> None:
    """Once its tasks are deleted a store is as it was before: no slot, no lease, no key, no row."""
    tasks = [record.id for record in await every_task(store)]
    assert len(tasks) == await store.delete(tasks)
    assert before == await place.contents()
