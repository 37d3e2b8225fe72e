"""What is past its time goes: tasks that outlived their TTL, and those that have been at rest for long enough."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from taskcore.engine.leader import Leader
from taskcore.engine.periodic import Periodic
from taskcore.engine.worker import worker_id

from lapinq.service import Service
from lapinq.vocabulary import STATES

SPARE = timedelta(seconds=4)


@asynccontextmanager
async def upkeep(
    service: Service, interval: timedelta, name: str, work: Callable[[], Awaitable[object]]
) -> AsyncIterator[None]:
    """Do ``work`` every ``interval`` while the context is open, in one of all processes that do so as often.

    If that one dies, another takes over after one and a half intervals. Doing it twice would do no harm.
    """
    whose = f"lapinq {name} every {interval.total_seconds():g} s"  # who does it seldom is no leader for others
    leader = Leader(service.store, whose, worker_id(), interval * 1.5 + SPARE)

    async def tick() -> None:
        await leader.tick()
        if leader.leads:
            await work()

    try:
        async with Periodic(tick, interval, name):
            yield
    finally:
        await leader.resign()


async def clean(service: Service, retention: Mapping[str, timedelta]) -> int:
    """Expire tasks that wait for too long, and remove what is past its time; answers how many tasks that were.

    Args:
        retention: how long tasks are kept after they came to rest, by status.
    """
    swept = await service.sweep()
    kept = [await service.archive(age, states=STATES[status]) for status, age in retention.items()]
    return swept.expired + swept.removed + sum(kept)
