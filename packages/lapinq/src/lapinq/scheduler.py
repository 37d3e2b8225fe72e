"""``Scheduler``: follows the rows of ``lapinq_scheduled_tasks`` in this process, if no other process does."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from taskcore.engine.leader import Leader
from taskcore.engine.periodic import Periodic
from taskcore.engine.worker import worker_id

from lapinq.scheduled import ScheduledTasks
from lapinq.service import Service
from lapinq.storage import Storage

LEADER = "lapinq scheduler"
"""What the processes that schedule campaign for."""
TICK = timedelta(seconds=1)
"""The longest time between two looks for what is due, and between two campaigns for the lead."""


@asynccontextmanager
async def scheduling(service: Service, interval: float) -> AsyncIterator[None]:
    """Put what is due while the context is open. However many processes do so, each due instant puts one task.

    Args:
        interval: seconds between two looks; a second at the most.
    """
    leader = Leader(service.store, LEADER, worker_id())
    scheduled = ScheduledTasks(service)
    every = min(timedelta(seconds=interval), TICK)

    async def tick() -> None:
        if leader.leads:  # one alone says which rows can be followed: others may have other import roots
            await scheduled.tick()

    async with AsyncExitStack() as stack:
        await leader.tick()
        stack.push_async_callback(leader.resign)
        await stack.enter_async_context(Periodic(leader.tick, TICK, "leader of the scheduler"))
        await stack.enter_async_context(Periodic(tick, every, "scheduler"))
        yield


class Scheduler:
    """``scheduling`` for programs that start and stop it.

    Args:
        interval: as of ``scheduling``.
    """

    def __init__(self, storage: Storage, interval: float = 60.0) -> None:
        self._storage, self._interval = storage, interval
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Begin.

        Raises:
            StoreUnavailable: the database is away.
        """
        await self._stack.enter_async_context(scheduling(self._storage.service, self._interval))

    async def stop(self) -> None:
        """End; another process takes over at once."""
        await self._stack.aclose()
