"""Why a task has not begun, in words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from taskcore.engine.pacing import had_turn
from taskcore.models import QueueControl, TaskQuery, TaskRecord
from taskcore.ports import QueueControls, TaskReader
from taskcore.states import Phase, TaskState
from taskcore.ui.stores.counting import CachedCounts
from taskcore.ui.stores.workers import StoreWorkers

MOST_RUNNING = 1_000
"""Running tasks that are looked at to see which keys are taken."""


@dataclass(frozen=True, slots=True)
class Hindrances:
    """What holds back tasks at one moment.

    Attributes:
        running: tasks by queue.
        keys: running tasks by concurrency key.
        served: queues that a worker serves; None where nobody can say.
    """

    controls: dict[str, QueueControl] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    served: frozenset[str] | None = None

    def reason(self, record: TaskRecord, now: datetime) -> str:
        """Why ``record`` waits; "" where it does not, or where it is merely not its turn."""
        if record.state is not TaskState.PENDING:
            return ""
        if record.run_at > now:
            at = f"{record.run_at:%Y-%m-%d %H:%M:%S} UTC"
            if had_turn(record):
                return f"next turn of its rate at {at}"
            return f"backoff until {at}" if record.attempt else f"scheduled for {at}"
        return self._held_back(record) or self._no_slot(record) or self._unserved(record)

    def _held_back(self, record: TaskRecord) -> str:
        control = self.controls.get(record.queue)
        if control is None:
            return ""
        if control.paused:
            return "queue paused"
        running = self.running.get(record.queue, 0)
        if control.concurrency is not None and running >= control.concurrency:
            return f"concurrency full ({running}/{control.concurrency})"
        return ""

    def _no_slot(self, record: TaskRecord) -> str:
        if record.concurrency_key is None or self.keys.get(record.concurrency_key, 0) < record.concurrency_limit:
            return ""
        return f"no free slot of key {record.concurrency_key}"

    def _unserved(self, record: TaskRecord) -> str:
        return (
            f"no worker for queue {record.queue}" if self.served is not None and record.queue not in self.served else ""
        )


class Watch:
    """Looks up what could hold back tasks, and only what could hold back these."""

    def __init__(
        self, store: TaskReader, counts: CachedCounts, controls: QueueControls | None, workers: StoreWorkers | None
    ) -> None:
        self._store, self._counts, self._controls, self._workers = store, counts, controls, workers

    async def hindrances(self, records: Sequence[TaskRecord], now: datetime) -> Hindrances:
        due = [record for record in records if record.state is TaskState.PENDING and record.run_at <= now]
        if not due:
            return Hindrances()
        controls = {} if self._controls is None else {each.queue: each for each in await self._controls.controls()}
        limited = any(control.concurrency is not None for control in controls.values())
        return Hindrances(
            controls,
            await self._running() if limited else {},
            await self._keys() if any(record.concurrency_key is not None for record in due) else {},
            None if self._workers is None else await self._workers.served(),
        )

    async def _running(self) -> dict[str, int]:
        found, _ = await self._counts.get()
        return {each.queue: each.by_state.get(TaskState.RUNNING, 0) for each in found}

    async def _keys(self) -> dict[str, int]:
        running = await self._store.find(TaskQuery(phases=frozenset({Phase.RUNNING}), limit=MOST_RUNNING))
        return Counter(record.concurrency_key for record in running if record.concurrency_key is not None)
