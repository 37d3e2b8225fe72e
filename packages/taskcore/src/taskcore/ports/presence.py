"""Who is there to work. Time, commits and errors: as in ``taskcore.ports.tasks``."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from taskcore.ids import WorkerId
from taskcore.models import Sighting, WorkerInfo


@runtime_checkable
class WorkerRegistry(Protocol):
    """The last word of every worker. For people: nothing else depends on it, leases least of all."""

    async def sight(self, worker: WorkerInfo, forget_after: timedelta) -> None:
        """Keep what ``worker`` says of itself, instead of what it said before.

        Workers that have been silent for ``forget_after`` are forgotten on the way.
        """
        ...

    async def forget(self, worker: WorkerId) -> bool:
        """Forget a worker; False when it was not known."""
        ...

    async def workers(self) -> Sequence[Sighting]:
        """Every worker that is remembered, by id."""
        ...
