"""Queues as their tasks, their controls and their workers tell of them."""

import shlex
from collections import Counter
from collections.abc import Sequence

from taskcore.ports import QueueControls
from taskcore.ui.models.queues import Health, QueueRow
from taskcore.ui.stores.counting import CachedCounts
from taskcore.ui.stores.workers import EVERY, StoreWorkers


class StoreQueues:
    """The part for queues.

    Args:
        command: starts a worker; ``{queue}`` in it stands for the queue's name.
        apart: queues that no worker is meant to serve, so that none is missing there and nothing is late.
    """

    def __init__(
        self,
        counts: CachedCounts,
        controls: QueueControls | None,
        workers: StoreWorkers | None,
        command: str,
        apart: frozenset[str],
    ) -> None:
        self._counts, self._controls, self._workers, self._command = counts, controls, workers, command
        self._apart = apart

    async def list(self) -> Sequence[QueueRow]:
        counts = await self._counts.counts()
        controls = {} if self._controls is None else {each.queue: each for each in await self._controls.controls()}
        serving = None if self._workers is None else await self._serving(self._workers)
        names = sorted({*counts.by_queue, *controls, *(serving or ())} - {EVERY})
        return [
            QueueRow(
                name=name,
                counts=counts.by_queue.get(name, {}),
                oldest_due=None if name in self._apart else counts.oldest_due.get(name),
                paused=name in controls and controls[name].paused,
                concurrency=controls[name].concurrency if name in controls else None,
                workers=None if serving is None or name in self._apart else serving[name] + serving[EVERY],
                command=self._command.replace("{queue}", shlex.quote(name)),
            )
            for name in names
        ]

    async def _serving(self, workers: StoreWorkers) -> Counter[str]:
        well = [worker for worker in await workers.list() if worker.health is Health.ONLINE]
        return Counter(queue for worker in well for queue in worker.queues)
