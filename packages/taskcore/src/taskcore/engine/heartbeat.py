"""One heartbeat for all tasks of a worker: renew their leases, and hear who must stop."""

from datetime import timedelta

from taskcore.engine.flight import Flight
from taskcore.errors import TaskCancelled
from taskcore.ids import WorkerId
from taskcore.lease import Renewal
from taskcore.ports import TaskWork


class Heartbeat:
    """``renew`` about three times a lease; ``obey`` often, since it is a cheap read."""

    def __init__(self, store: TaskWork, flight: Flight, worker: WorkerId, lease: timedelta) -> None:
        self._store, self._flight, self._worker, self._lease = store, flight, worker, lease

    async def renew(self) -> None:
        """Extend every lease; a task whose lease is gone is stopped and never settled."""
        fences = self._flight.fences()
        if not fences:
            return
        answers = await self._store.renew(fences, self._lease)
        for fence, answer in zip(fences, answers, strict=True):
            run = self._flight.runs.get(fence.task)
            if run is not None and answer is Renewal.LOST and run.context.task.fence == fence:
                self._flight.lose(run)

    async def obey(self) -> None:
        """Stop the tasks that somebody cancelled."""
        if not self._flight.runs:
            return
        for fence in await self._store.cancellations(self._worker):
            run = self._flight.runs.get(fence.task)
            if run is not None and run.context.task.fence == fence:
                self._flight.stop(run, TaskCancelled("cancelled on request"))
