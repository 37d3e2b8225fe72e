"""Puts a source together from what a store can do."""

from collections.abc import Sequence

from taskcore.clock import Clock, SystemClock
from taskcore.ports import Changes, QueueControls, ScheduleStore, StatisticsStore, TaskStore, WorkerRegistry
from taskcore.ui.models import Handler
from taskcore.ui.source import DashboardSource
from taskcore.ui.stores.actions import StoreActions
from taskcore.ui.stores.counting import CachedCounts
from taskcore.ui.stores.queues import StoreQueues
from taskcore.ui.stores.rows import Reading
from taskcore.ui.stores.schedules import StoreSchedules
from taskcore.ui.stores.series import StoreSeries
from taskcore.ui.stores.tasks import StoreTasks
from taskcore.ui.stores.waiting import Watch
from taskcore.ui.stores.workers import StoreRegistry, StoreWorkers


def store_source(
    store: TaskStore,
    *,
    system: str,
    backend: str = "",
    version: str = "",
    reading: Reading = Reading(),  # noqa: B008 - frozen, so one default serves all
    handlers: Sequence[Handler] = (),
    command: str = "",
    first_steps: str = "",
    clock: Clock | None = None,
) -> DashboardSource:
    """A source whose parts and actions are those that ``store`` has the ports for, besides ``TaskStore``:
    ``ScheduleStore``, ``QueueControls``, ``WorkerRegistry``, ``StatisticsStore``, ``Changes``.

    Args:
        reading: how the face reads its own records.
        handlers: what the process of the dashboard knows of the handlers that there are.
        command: starts a worker, with ``{queue}`` for the name of the queue.
        clock: how long counting takes, and how old its result is.
    """
    controls = store if isinstance(store, QueueControls) else None
    registry = store if isinstance(store, WorkerRegistry) else None
    schedules = store if isinstance(store, ScheduleStore) else None
    workers = None if registry is None else StoreWorkers(store, registry)
    counts = CachedCounts(store, clock or SystemClock())
    does = StoreActions(store, controls, schedules, registry)
    return DashboardSource(
        system=system,
        backend=backend,
        version=version,
        tasks=StoreTasks(store, counts, Watch(store, counts, controls, workers), reading),
        schedules=None if schedules is None else StoreSchedules(schedules, store),
        queues=StoreQueues(counts, controls, workers, command, reading.apart),
        workers=workers,
        series=StoreSeries(store) if isinstance(store, StatisticsStore) else None,
        registry=StoreRegistry(registry, handlers) if registry is not None or handlers else None,
        changes=store if isinstance(store, Changes) else None,
        does=does,
        actions=does.able,
        first_steps=first_steps,
    )
