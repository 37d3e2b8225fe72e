"""Workers as ``taskcore.ports.presence`` tells it. The caller of a method holds the lock."""

from datetime import timedelta

from taskcore.clock import Clock
from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo


class Workers:
    """What ``WorkerRegistry`` does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sightings: dict[WorkerId, Sighting] = {}

    def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        now = self._clock.now()
        for silent in [id_ for id_, seen in self._sightings.items() if seen.seen_at <= now - forget_after]:
            del self._sightings[silent]
        self._sightings[worker.id] = Sighting(worker=worker, seen_at=now)

    def forget(self, worker: WorkerId) -> bool:
        return self._sightings.pop(worker, None) is not None

    def all(self) -> list[Sighting]:
        return [self._sightings[worker] for worker in sorted(self._sightings)]
