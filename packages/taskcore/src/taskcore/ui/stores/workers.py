"""Workers of a ``WorkerRegistry``, and how well they seem by how long they have been silent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from taskcore.models import Sighting, TaskQuery, WorkerState
from taskcore.ports import TaskStore, WorkerRegistry
from taskcore.states import Phase
from taskcore.ui.models import Handler
from taskcore.ui.models.queues import Health, WorkerRow

STALE_AFTER = timedelta(seconds=20)
OFFLINE_AFTER = timedelta(seconds=60)
MOST_RUNNING = 1_000

EVERY = "*"
"""What a worker names that serves every queue, also those to come."""


class StoreWorkers:
    """The part for workers."""

    def __init__(self, store: TaskStore, registry: WorkerRegistry) -> None:
        self._store, self._registry = store, registry

    async def list(self) -> Sequence[WorkerRow]:
        now = await self._store.now()
        sightings = await self._registry.workers()
        running = await self._store.find(TaskQuery(phases=frozenset({Phase.RUNNING}), limit=MOST_RUNNING))
        tasks: dict[str, list[str]] = defaultdict(list)
        for record in running:
            tasks[record.worker or ""].append(record.id)
        return [_row(seen, health(seen, now), tuple(tasks[seen.worker.id])) for seen in sightings]

    async def served(self) -> frozenset[str] | None:
        """Queues that a worker serves who takes work; None is every one."""
        now = await self._store.now()
        well = [seen for seen in await self._registry.workers() if health(seen, now) is Health.ONLINE]
        queues = frozenset(queue for seen in well for queue in seen.worker.queues)
        return None if EVERY in queues else queues


class StoreRegistry:
    """The handlers that workers say they know, and what the process of the dashboard knows of them."""

    def __init__(self, registry: WorkerRegistry | None, known: Sequence[Handler] = ()) -> None:
        self._registry, self._known = registry, known

    async def list(self) -> Sequence[Handler]:
        workers: dict[str, list[str]] = {handler.name: [] for handler in self._known}
        for seen in [] if self._registry is None else await self._registry.workers():
            for name in seen.worker.handlers:
                workers.setdefault(name, []).append(seen.worker.id)
        known = {handler.name: handler for handler in self._known}
        return [_with_workers(known.get(name, Handler(name=name)), ids) for name, ids in sorted(workers.items())]


def health(seen: Sighting, now: datetime) -> Health:
    """How a worker seems at ``now``."""
    silent = now - seen.seen_at
    if silent > OFFLINE_AFTER or seen.worker.state is WorkerState.STOPPED:
        return Health.OFFLINE
    if silent > STALE_AFTER:
        return Health.STALE
    return Health.DRAINING if seen.worker.state is WorkerState.DRAINING else Health.ONLINE


def _with_workers(handler: Handler, workers: Sequence[str]) -> Handler:
    return Handler(
        name=handler.name,
        description=handler.description,
        signature=handler.signature,
        workers=tuple(workers),
        options=handler.options,
    )


def _row(seen: Sighting, how: Health, tasks: tuple[str, ...]) -> WorkerRow:
    worker = seen.worker
    return WorkerRow(
        id=worker.id,
        host=worker.host,
        pid=worker.pid,
        version=worker.version,
        queues=worker.queues,
        health=how,
        slots=worker.slots,
        running=worker.running,
        tasks=tasks,
        processed=worker.processed,
        failed=worker.failed,
        memory=worker.memory,
        started_at=worker.started_at,
        seen_at=seen.seen_at,
        registry=worker.registry,
    )
