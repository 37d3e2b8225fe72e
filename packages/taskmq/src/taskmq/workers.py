"""Who works on a queue, as the workers themselves told a few seconds ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from taskcore.models import WorkerInfo
from taskcore.ports import TaskStore, WorkerRegistry

from taskmq.bridge import bridge
from taskmq.errors import NotSupported
from taskmq.queues import SILENCE
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker, and how long ago it told this of itself."""

    info: WorkerInfo
    silence: timedelta

    @property
    def state(self) -> str:
        """Its own word, or "silent" when that is too old to be believed."""
        return "silent" if self.silence.total_seconds() >= SILENCE else self.info.state.value


def workers_of(backend: QueueBackend) -> Sequence[WorkerSeen]:
    """Every worker that is remembered, by id; one that stopped is not, one that vanished is for an hour.

    Raises:
        NotSupported: the backend keeps no list of them. StoreUnavailable: it cannot be reached.
    """
    if isinstance(backend, StoreBackend) and isinstance(backend.store, WorkerRegistry):
        return bridge.run(_seen(backend.store, backend.store))
    raise NotSupported(f"{type(backend).__name__} keeps no list of workers")


async def _seen(store: TaskStore, registry: WorkerRegistry) -> Sequence[WorkerSeen]:
    now, sightings = await store.now(), await registry.workers()
    return [WorkerSeen(each.worker, max(now - each.seen_at, timedelta(0))) for each in sightings]
