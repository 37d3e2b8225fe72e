"""Who hears of what a worker does: the text file of failures, and the store's own statistics and list of workers."""

import sys
from collections.abc import Callable
from contextlib import AsyncExitStack

from taskcore.counting import COUNTED
from taskcore.engine.presence import Presence
from taskcore.engine.statistics import StatisticsRecorder
from taskcore.engine.worker import Worker
from taskcore.ports import EventBus, StatisticsStore, WorkerRegistry

from taskmq import __version__, failed_log, wiring
from taskmq.failed_log import FailedLog
from taskmq.hook_calls import HookCalls
from taskmq.jobs.calling import RegisteredHandlers


async def listening(
    stack: AsyncExitStack, store: object, failures: FailedLog, hooks: HookCalls, depth: Callable[[], int]
) -> EventBus:
    """A bus that the file of failures and the hooks hear, and the statistics too where ``store`` keeps some.

    In a program that uses prometheus_client its own registry hears too; loading that takes others too long.
    """
    bus = wiring.event_bus()
    bus.subscribe(failures.hear, failed_log.ABOUT)
    if isinstance(store, StatisticsStore):
        recorder = await stack.enter_async_context(StatisticsRecorder(store))
        bus.subscribe(recorder.hear, COUNTED)
    if "prometheus_client" in sys.modules:
        from taskmq import process_metrics

        bus.subscribe(process_metrics.hear, process_metrics.ABOUT)
        stack.enter_context(process_metrics.showing_depth(depth))
    await stack.enter_async_context(hooks.running(bus.subscribe))
    return bus


async def on_the_list(stack: AsyncExitStack, store: object, worker: Worker, handlers: RegisteredHandlers) -> None:
    """Show the worker to everybody until ``stack`` is closed, where ``store`` keeps such a list."""
    if isinstance(store, WorkerRegistry):
        await stack.enter_async_context(Presence(worker, store, handlers=handlers.all, version=__version__))
