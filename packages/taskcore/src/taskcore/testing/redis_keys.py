"""A checker for leaks: once all tasks and schedules of a Redis store are removed, no key of theirs is left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import CONSTANTS, remove_keys, stored_keys
from taskcore.clock import Clock
from taskcore.ids import IdScheme
from taskcore.models import SPANS, Order, TaskQuery
from taskcore.states import Event, TaskState
from taskcore.testing.factories import a_settlement
from taskcore.testing.waiting import eventually


@asynccontextmanager
async def no_key_is_left(
    url: str, prefix: str, *, clock: Clock | None = None, ids: IdScheme = IdScheme.TIME_SORTED
) -> AsyncIterator[None]:
    """Afterwards remove what is stored below ``prefix``, first through the ports; fail when keys were left then.

    Raises:
        AssertionError: there were.
    """
    yield
    try:
        async with await RedisStore.open(url, prefix=prefix, clock=clock, ids=ids) as store:
            await remove_everything(store)

            async def is_clean() -> bool:
                await store.counts()  # what has vanished by itself is cleaned up at the latest now
                return not await leaked_keys(url, prefix)

            with suppress(AssertionError):
                await eventually(is_clean, within=1)
        assert await leaked_keys(url, prefix) == []
    finally:
        await remove_keys(url, prefix)


async def remove_everything(store: RedisStore) -> None:
    """Bring every task to rest, and remove all tasks, schedules, controls, counts and workers."""
    await store.expire(1_000_000)
    while running := await store.find(TaskQuery(states=frozenset({TaskState.RUNNING}), limit=1000)):
        await store.settle([a_settlement(task, Event.CANCEL) for task in running])
    while tasks := await store.find(TaskQuery(order=Order.OLDEST, limit=1000)):
        await store.delete([task.id for task in tasks])
    for schedule in await store.schedules():
        await store.remove_schedule(schedule.spec.id)
    for control in await store.controls():
        await store.resume(control.queue)
        await store.limit(control.queue, None)
    await store.prune(frozenset(TaskState), timedelta(0), 1_000_000)
    for span in SPANS:
        await store.prune_counts(span, timedelta(days=-100_000))
    for seen in await store.workers():
        await store.forget(seen.worker.id)


async def leaked_keys(url: str, prefix: str) -> list[str]:
    """What is below ``prefix`` beside ``CONSTANTS``, leaders, whose epochs go on, and notes, which vanish in time."""
    names = await stored_keys(url, prefix)
    return [name for name in names if name not in CONSTANTS and not name.startswith(("leader:", "note:"))]
