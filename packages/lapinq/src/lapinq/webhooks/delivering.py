"""Deliver webhooks in this process: any number of processes may."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TypeVar

from taskcore.counting import COUNTED
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.periodic import Periodic
from taskcore.engine.reaper import Reaper, Retention
from taskcore.engine.statistics import StatisticsRecorder
from taskcore.engine.worker import Worker, worker_id
from taskcore.ids import WorkerId
from taskcore.ports import EventBus
from taskcore.retry import NoRetry, RetryPolicy, Table
from taskcore.states import AT_REST

from lapinq import wiring
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.webhooks.deliveries import Deliveries
from lapinq.webhooks.outbox import NAME, Outbox, body_of, url_of
from lapinq.webhooks.sending import PATIENCE, NotDelivered, Sender

Answer = TypeVar("Answer")

AT_ONCE = 10
TICK, SELDOM = timedelta(seconds=0.25), timedelta(seconds=5)
"""Between two looks for tasks that have ended: after a change that somebody has told of, and in any case."""
KEPT, PRUNED = timedelta(days=7), timedelta(minutes=1)
"""How long deliveries that are over can be looked at, and be repeated; and between two looks for older ones."""
WAITS = (5.0, 30.0, 120.0, 600.0, 1_800.0, 7_200.0, 21_600.0, 43_200.0)
"""Seconds between the attempts of a delivery: nine in a day."""

_RETRY = RetryPolicy(max_attempts=len(WAITS) + 1, backoff=Table(WAITS), cap=WAITS[-1], jitter=0.1)


class Deliverer:
    """The handler of deliveries, which runs on an event loop of the engine's workers.

    Args:
        loop: the one on which the database was opened.
    """

    def __init__(self, sender: Sender, deliveries: Deliveries, loop: asyncio.AbstractEventLoop) -> None:
        self._sender, self._loop = sender, loop
        self._endpoints, self._secrets = deliveries.endpoints, deliveries.secrets

    async def __call__(self, context: TaskContext) -> dict[str, object]:
        """Deliver once.

        Raises:
            NotDelivered, NoRetry: it was not taken.
        """
        payload = context.task.payload
        url = url_of(payload)
        signer = await self._there(self._secrets.signer())
        try:
            answer = await self._sender.send(context.task.id, url, body_of(payload), signer)
        except (NotDelivered, NoRetry):
            await self._note(url, is_good=False)
            raise
        await self._note(url, is_good=True)
        return answer.document()

    async def _note(self, url: str, *, is_good: bool) -> None:
        await self._there(self._endpoints.answered(url) if is_good else self._endpoints.failed(url))

    async def _there(self, step: Coroutine[object, object, Answer]) -> Answer:
        """Do a step on the loop of the database."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(step, self._loop))


@asynccontextmanager
async def delivering(service: Service, settings: Settings) -> AsyncIterator[None]:
    """Deliver while the context is open, on the event loop that opened ``service``. What is under way at the end is
    finished, or delivered again by others.

    Raises:
        StoreUnavailable: the database is away.
    """
    store, outbox = await service.deliveries.store(), await service.deliveries.outbox()
    async with AsyncExitStack() as stack:
        counts, bus = StatisticsRecorder(store), wiring.event_bus()
        bus.subscribe(counts.hear, COUNTED)
        await stack.enter_async_context(counts)
        worker = _worker(store, service.deliveries, settings, bus)
        running = asyncio.create_task(worker.run(), name="lapinq webhooks")
        stack.push_async_callback(_stop, worker, running)
        pruner = Reaper(store, retention=Retention(keep=dict.fromkeys(AT_REST, KEPT)))
        await stack.enter_async_context(Periodic(partial(_look, service, outbox), TICK, "webhooks"))
        await stack.enter_async_context(Periodic(Reaper(store).tick, settings.sweep, "reaper of webhooks"))
        await stack.enter_async_context(Periodic(pruner.tick, PRUNED, "retention of webhooks"))
        yield


async def _look(service: Service, outbox: Outbox) -> None:
    """Turn notes into deliveries, and wait until there may be more."""
    change = asyncio.create_task(service.store.wait_for_change(SELDOM.total_seconds()))  # first, to miss none
    try:
        await outbox.tick()
        await change
    finally:
        change.cancel()
        await asyncio.gather(change, return_exceptions=True)  # it lets go of the store before that is closed


def _worker(store: wiring.Store, deliveries: Deliveries, settings: Settings, bus: EventBus) -> Worker:
    sender = Sender(allow_private=settings.webhook_allow_private)
    deliverer = Deliverer(sender, deliveries, asyncio.get_running_loop())
    limit = timedelta(seconds=2 * PATIENCE)
    handler = Handler(name=NAME, function=deliverer, mode=Mode.ASYNC, timeout=limit, retry=_RETRY)
    options = WorkerOptions(
        concurrency=AT_ONCE, prefetch=AT_ONCE, poll=SELDOM, lease=settings.lease, grace=timedelta(seconds=PATIENCE)
    )
    name = WorkerId(f"{worker_id()}:webhooks")  # in the log it stands beside the worker of tasks
    return Worker(store, {NAME: handler}, name=name, options=options, bus=bus, admission=deliveries.endpoints)


async def _stop(worker: Worker, running: "asyncio.Task[object]") -> None:
    worker.stop()
    await asyncio.wait([running])
