"""The producer's side of a store, told to a bus: once, whatever the store."""

from collections.abc import Sequence

from taskcore.clock import Clock, SystemClock
from taskcore.events import TaskPut
from taskcore.ids import TaskId
from taskcore.models import Receipt, TaskSpec
from taskcore.ports import EventBus, TaskQueue
from taskcore.states import TaskState


class AnnouncedQueue:
    """A ``TaskQueue`` that publishes a ``TaskPut`` for each task that it stored.

    What reaches the store by another way (a put inside of the application's own transaction, another program) is not
    announced here.
    """

    def __init__(self, queue: TaskQueue, bus: EventBus, *, clock: Clock | None = None) -> None:
        self._queue, self._bus = queue, bus
        self._clock = clock or SystemClock()

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        receipts = await self._queue.put(specs)
        now = self._clock.now()
        put = [
            TaskPut(now, receipt.task, spec.name, spec.queue)
            for spec, receipt in zip(specs, receipts, strict=True)
            if receipt.created
        ]
        if put:
            self._bus.publish(put)
        return receipts

    async def cancel(self, tasks: Sequence[TaskId]) -> Sequence[TaskState | None]:
        return await self._queue.cancel(tasks)

    async def replay(self, tasks: Sequence[TaskId]) -> Sequence[bool]:
        return await self._queue.replay(tasks)

    async def delete(self, tasks: Sequence[TaskId]) -> int:
        return await self._queue.delete(tasks)
