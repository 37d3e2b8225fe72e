"""What an application does between its start and its end."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from lapinq.api.desk import Desk
from lapinq.scheduler import scheduling
from lapinq.storage import Storage
from lapinq.upkeep import clean, upkeep
from lapinq.webhooks.delivering import delivering
from lapinq.working import Working, WorkPlan, at_work

log = logging.getLogger("lapinq.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """What a server does beside answering.

    Attributes:
        worker_concurrency: tasks at the same time; 0 runs none.
        worker_timeout: seconds of one execution.
        cleanup_interval: seconds between two sweeps of tasks whose time to live is over; 0 makes none.
        archive_max_age_days: finished tasks that are older are removed; 0 keeps them.
        archive_interval: seconds between two looks for them.
        scheduler_interval: seconds between two looks for what is due, at most; 0 schedules nothing.
    """

    worker_concurrency: int = 0
    worker_poll_interval: float = 0.1
    worker_timeout: float = 300
    cleanup_interval: float = 0
    archive_max_age_days: float = 0
    archive_interval: float = 86_400
    scheduler_interval: float = 0

    @property
    def plan(self) -> WorkPlan:
        """Of the worker.

        Raises:
            InvalidInput: a value is out of its range.
        """
        return WorkPlan(
            concurrency=self.worker_concurrency,
            poll_interval=self.worker_poll_interval,
            task_timeout=self.worker_timeout,
        )


@asynccontextmanager
async def running(desk: Desk, jobs: Jobs) -> AsyncIterator[None]:
    """Open the database where nobody has, and do the jobs; at the end, stop them and close what was opened."""
    state = desk.state
    state.shutting_down = False
    state.cleanup_interval = jobs.cleanup_interval
    async with AsyncExitStack() as stack:
        if getattr(state, "storage", None) is None:
            state.storage = await Storage.open(desk.settings)
            stack.push_async_callback(_close, desk)
        await desk.accounts()
        await desk.service.deliveries.store()  # or the worker would, and end when the database is away just then
        await stack.enter_async_context(desk.telemetry.running())
        stack.push_async_callback(desk.ledger.close)
        stack.push_async_callback(desk.board.close)
        # Set after every change, whoever made it: programs with routes of their own wait for it, and clear it.
        state.notification_event = await stack.enter_async_context(desk.board.watched())
        await _start(stack, desk.storage, jobs)
        desk.is_running = True
        try:
            yield
        finally:
            state.shutting_down, desk.is_running = True, False
            desk.health.drain()


async def _close(desk: Desk) -> None:
    storage, desk.state.storage = desk.storage, None
    await desk.close()
    await storage.close()


async def _start(stack: AsyncExitStack, storage: Storage, jobs: Jobs) -> None:
    service, settings = storage.service, storage.settings
    if jobs.cleanup_interval > 0:
        cleaning = partial(clean, service, settings.retention)
        every = timedelta(seconds=jobs.cleanup_interval)
        await stack.enter_async_context(upkeep(service, every, "cleanup", cleaning))
    if jobs.archive_max_age_days > 0:
        archive = partial(service.archive, timedelta(days=jobs.archive_max_age_days))
        every = timedelta(seconds=jobs.archive_interval)
        await stack.enter_async_context(upkeep(service, every, "archive", archive))
    if jobs.worker_concurrency > 0:
        await stack.enter_async_context(at_work(Working(service, settings, jobs.plan)))
    else:  # a worker delivers too
        await stack.enter_async_context(delivering(service, settings))
    if jobs.scheduler_interval > 0:
        await stack.enter_async_context(scheduling(service, jobs.scheduler_interval))
