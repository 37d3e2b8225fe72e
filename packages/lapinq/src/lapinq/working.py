"""Work on the tasks of a database: the one worker that stands alone, or inside of a server or another program."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import isfinite
from typing import Any
from uuid import UUID

from taskcore.counting import COUNTED
from taskcore.engine.announcer import Tally
from taskcore.engine.options import WorkerOptions
from taskcore.engine.periodic import Periodic
from taskcore.engine.presence import Presence
from taskcore.engine.reaper import Reaper
from taskcore.engine.statistics import StatisticsRecorder
from taskcore.engine.worker import Worker, worker_id
from taskcore.errors import InvalidInput
from taskcore.ids import WorkerId

from lapinq import __version__, wiring
from lapinq.calling import Functions
from lapinq.every_queue import ALL, IDLE, EveryQueue
from lapinq.isolation import IsolatedFunctions
from lapinq.policy import TaskPolicy
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.telling import TOLD, tell
from lapinq.upkeep import clean, upkeep
from lapinq.webhooks.delivering import delivering

log = logging.getLogger("lapinq.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPlan:
    """How to work.

    Attributes:
        queues: those that are served; ``ALL`` is every one, new ones too.
        concurrency: tasks at the same time.
        poll_interval: seconds between two looks for tasks that have become due; of new ones the database tells at once.
        task_timeout: seconds of one execution.
        grace: seconds that running tasks may go on after ``stop``; what is not done by then goes back to its queue.
        is_isolated: whether functions run in child processes, which are killed when they must stop.
        most: it stops by itself when it has run so many.

    Raises:
        InvalidInput: a value is out of its range.
    """

    queues: tuple[str, ...] = ALL
    concurrency: int = 4
    poll_interval: float = 0.1
    task_timeout: float = 300.0
    grace: float = 30.0
    is_isolated: bool = False
    most: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("poll_interval", 0.0), ("task_timeout", 0.0), ("grace", -1.0)):
            value = getattr(self, name)
            if not isfinite(value) or not least < value <= 1e9:
                raise InvalidInput(f"{name} must be a positive number of seconds, got {value!r:.40}")

    def options(self, settings: Settings) -> WorkerOptions:
        """For the engine."""
        poll = min(max(self.poll_interval, IDLE), settings.max_idle_backoff)
        return WorkerOptions(
            queues=self.queues,
            concurrency=self.concurrency,
            most=self.most,
            lease=settings.lease,
            poll=timedelta(seconds=poll),
            grace=timedelta(seconds=self.grace),
        )


@dataclass(frozen=True, slots=True)
class MetadataWriter:
    """Changes metadata for functions that run in threads and loops of this process.

    Args:
        loop: the one on which ``service`` was opened.
    """

    service: Service
    loop: asyncio.AbstractEventLoop

    async def __call__(self, task: UUID, changes: Mapping[str, Any]) -> None:
        change = self.service.merge_metadata(task, changes)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(change, self.loop))


class Working:
    """A worker on an open database. Make it on the event loop that opened ``service``, which stays the caller's.

    Raises:
        InvalidInput: the plan or the settings hold what no worker can do.
    """

    def __init__(self, service: Service, settings: Settings, plan: WorkPlan | None = None) -> None:
        self._service, self._settings = service, settings
        self._plan = plan or WorkPlan()
        self._policy = TaskPolicy()
        name = worker_id()
        self._functions = self._found(name)
        self._counts, self._bus = StatisticsRecorder(service.store), wiring.event_bus()
        self._bus.subscribe(self._counts.hear, COUNTED)
        self._bus.subscribe(tell, TOLD)
        self.engine = Worker(
            EveryQueue(service.store, service.tables.waiting_queues, self._functions.prepare),
            self._functions,
            name=name,
            options=self._plan.options(settings),
            policy=self._policy,
            bus=self._bus,
        )

    def _found(self, name: WorkerId) -> Functions:
        imports, timeout = self._service.imports, timedelta(seconds=self._plan.task_timeout)
        if self._plan.is_isolated:
            return IsolatedFunctions(imports, timeout, self._settings, name)
        return Functions(imports, timeout, MetadataWriter(self._service, asyncio.get_running_loop()))

    async def run(self, *, until_idle: bool = False) -> Tally:
        """Work until ``stop``; with ``until_idle``, until nothing is due. A worker runs once."""
        self._service.imports.install()
        plan, store = self._plan, self._service.store
        log.info(
            "worker %s starts: concurrency %d, queues %s, timeout %g s",
            self.engine.id,
            plan.concurrency,
            ", ".join(plan.queues),
            plan.task_timeout,
        )
        async with AsyncExitStack() as stack:
            stack.callback(self._functions.close)
            await stack.enter_async_context(self._counts)
            reaper = Reaper(store, policy=self._policy, bus=self._bus)
            await stack.enter_async_context(Periodic(reaper.tick, self._settings.sweep, "reaper"))
            presence = Presence(self.engine, store, handlers=lambda: self._functions.all, version=__version__)
            await stack.enter_async_context(presence)
            cleaning = partial(clean, self._service, self._settings.retention)
            every = timedelta(seconds=self._settings.cleanup_interval)
            await stack.enter_async_context(upkeep(self._service, every, "cleanup", cleaning))
            await stack.enter_async_context(delivering(self._service, self._settings))
            return await self.engine.run(until_idle=until_idle)

    def stop(self, *, force: bool = False) -> None:
        """Take no more tasks, and let those that run finish within the grace; ``force`` waits for none. From any
        thread, any number of times."""
        self.engine.stop(force=force)


@asynccontextmanager
async def at_work(worker: Working) -> AsyncIterator["asyncio.Task[Tally]"]:
    """``worker`` works while the context is open; leaving it lets running tasks finish."""
    running = asyncio.create_task(worker.run(), name="lapinq worker")
    running.add_done_callback(_tell)
    try:
        yield running
    finally:
        worker.stop()
        await asyncio.wait([running])


def _tell(running: "asyncio.Task[Tally]") -> None:
    if not running.cancelled() and (error := running.exception()) is not None:
        log.error("the worker has ended with an error", exc_info=error)
