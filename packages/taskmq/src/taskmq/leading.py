"""What one worker of a queue does for all of them: it follows the schedules, and looks after jobs that wait for others.

Who leads is a hint that saves the others the work; each step is fenced by itself, so that a worker which believes it
still leads does nothing twice.
"""

import logging
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Protocol, runtime_checkable

from taskcore.engine.leader import Leader
from taskcore.engine.periodic import Periodic
from taskcore.engine.scheduler import Scheduler
from taskcore.errors import StoreUnavailable
from taskcore.ids import WorkerId
from taskcore.ports import EventBus, LeaderStore, Rearranging, ScheduleStore, TaskStore

from taskmq.storage import dependencies

NAME = "taskmq"
TICK = timedelta(seconds=1)
LEASE = timedelta(seconds=4)
"""How long the others wait for a leader that is silent."""

log = logging.getLogger("taskmq.worker")


@runtime_checkable
class LedStore(TaskStore, ScheduleStore, Rearranging, LeaderStore, Protocol):
    """A store that keeps schedules, and can say who leads."""


class Lead:
    """``tick`` about once a second, on every worker."""

    def __init__(self, store: LedStore, worker: WorkerId, bus: EventBus) -> None:
        self._store = store
        self._leader = Leader(store, NAME, worker, LEASE)
        self._scheduler = Scheduler(store, bus=bus)

    async def tick(self) -> None:
        """Campaign, and do what is to be done if this worker leads."""
        await self._leader.tick()
        if self._leader.leads:
            await self._scheduler.tick()
            await dependencies.release(self._store)

    async def resign(self) -> None:
        """Let another worker lead at once."""
        await self._leader.resign()


async def join(stack: AsyncExitStack, store: object, worker: WorkerId, bus: EventBus) -> None:
    """Take part until ``stack`` is closed, where ``store`` keeps schedules.

    The first tick comes before the worker looks for jobs, so that one which works until it is idle has them.
    """
    if not isinstance(store, LedStore):
        return
    lead = Lead(store, worker, bus)
    stack.push_async_callback(lead.resign)
    try:
        await lead.tick()
    except StoreUnavailable as error:
        log.warning("schedules wait: %s", error, extra={"event": "store_unavailable"})
    await stack.enter_async_context(Periodic(lead.tick, TICK, "lead"))
