"""What a store holds now: how many tasks, how old, and who works on them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from prometheus_client.core import Metric

from taskcore.clock import Clock
from taskcore.metrics.families import gauge
from taskcore.models import QueueCounts, Sighting, WorkerState
from taskcore.ports import WorkerRegistry
from taskcore.states import Phase, TaskState

SILENT_AFTER = timedelta(seconds=15)
"""A worker that has not spoken for so long is counted as silent."""


class CountedStore(Protocol):
    """The part of ``TaskStore`` that is asked."""

    async def now(self) -> datetime: ...

    async def counts(self) -> Sequence[QueueCounts]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a store answered; ``read_at`` in seconds of the monotonic clock."""

    read_at: float
    now: datetime
    queues: Sequence[QueueCounts]
    workers: Sequence[Sighting] | None


class StoreGauges:
    """Shows the last reading, and how old it is. It asks the store in ``refresh``, never while it shows."""

    def __init__(self, system: str, store: CountedStore, clock: Clock) -> None:
        self._system, self._store, self._clock = system, store, clock
        self.reading: Reading | None = None

    async def refresh(self) -> None:
        """Ask the store."""
        counts = await self._store.counts()
        workers = await self._store.workers() if isinstance(self._store, WorkerRegistry) else None
        self.reading = Reading(self._clock.monotonic(), await self._store.now(), counts, workers)

    def families(self) -> Iterator[Metric]:
        """Nothing, before the first reading."""
        reading = self.reading
        if reading is None:
            return
        age = gauge("taskcore_reading_age_seconds", "How long ago the store was asked for what follows", ("system",))
        age.add_metric([self._system], max(0.0, self._clock.monotonic() - reading.read_at))
        yield age
        yield from self._queues(reading)
        if reading.workers is not None:
            yield from self._workers(reading, reading.workers)

    def _queues(self, reading: Reading) -> Iterator[Metric]:
        depth = gauge("taskcore_queue_depth", "Tasks that the store holds, by phase", ("system", "queue", "state"))
        oldest = gauge(
            "taskcore_queue_oldest_wait_seconds",
            "How long the longest waiting due task has waited",
            ("system", "queue"),
        )
        for queue in reading.queues:
            for state, count in by_state(queue).items():
                depth.add_metric([self._system, queue.queue, state], count)
            waited = (reading.now - queue.oldest_due).total_seconds() if queue.oldest_due else 0.0
            oldest.add_metric([self._system, queue.queue], max(0.0, waited))
        yield depth
        yield oldest

    def _workers(self, reading: Reading, workers: Sequence[Sighting]) -> Iterator[Metric]:
        states = Counter(dict.fromkeys(("online", "draining", "silent"), 0))
        slots = Counter({"busy": 0, "free": 0})
        for seen in workers:
            silent = reading.now - seen.seen_at > SILENT_AFTER
            states["silent" if silent else str(seen.worker.state)] += 1
            if not silent:
                busy = min(seen.worker.running, seen.worker.slots)
                slots["busy"] += busy
                slots["free"] += seen.worker.slots - busy if seen.worker.state is WorkerState.ONLINE else 0
        for name, text, counts in (
            ("taskcore_workers", "Workers, by what they say of themselves", states),
            ("taskcore_worker_slots", "Handlers that run, and that could", slots),
        ):
            family = gauge(name, text, ("system", "state"))
            for state, count in counts.items():
                family.add_metric([self._system, state], count)
            yield family


def by_state(queue: QueueCounts) -> dict[str, int]:
    """Tasks by phase, those in none as 0: a series that ends looks like one that was never there."""
    if queue.by_phase:
        return {str(phase): queue.by_phase.get(phase, 0) for phase in Phase}
    return {str(state): queue.by_state.get(state, 0) for state in TaskState}
