"""Which ready tasks are held back: by a pause, or because no slot is free. The caller of a method holds the lock."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from taskcore.models import QueueControl, TaskRecord


class Controls:
    """What ``QueueControls`` does."""

    def __init__(self) -> None:
        self._by_queue: dict[str, QueueControl] = {}

    def pause(self, queue: str, paused: bool) -> None:
        self._by_queue[queue] = replace(self._of(queue), paused=paused)

    def limit(self, queue: str, concurrency: int | None) -> None:
        self._by_queue[queue] = replace(self._of(queue), concurrency=concurrency)

    def all(self) -> list[QueueControl]:
        """Those that differ from what every queue begins with."""
        return [
            self._by_queue[queue] for queue in sorted(self._by_queue) if self._of(queue) != QueueControl(queue=queue)
        ]

    def slots(self, running: Iterable[TaskRecord]) -> "Slots":
        """The slots that ``running`` leave."""
        return Slots(self._by_queue, running)

    def _of(self, queue: str) -> QueueControl:
        return self._by_queue.get(queue) or QueueControl(queue=queue)


class Slots:
    """How many tasks run in each queue and under each key, for as long as one claim takes."""

    def __init__(self, controls: dict[str, QueueControl], running: Iterable[TaskRecord]) -> None:
        self._controls = controls
        self._queues: Counter[str] = Counter()
        self._keys: Counter[str] = Counter()
        for record in running:
            self.fill(record)

    def fill(self, record: TaskRecord) -> None:
        """Count a task that runs."""
        self._queues[record.queue] += 1
        if record.concurrency_key is not None:
            self._keys[record.concurrency_key] += 1

    def free(self, record: TaskRecord) -> bool:
        """Whether a task may begin."""
        control, key = self._controls.get(record.queue), record.concurrency_key
        if key is not None and self._keys[key] >= record.concurrency_limit:
            return False
        if control is None:
            return True
        return not control.paused and (control.concurrency is None or self._queues[record.queue] < control.concurrency)
