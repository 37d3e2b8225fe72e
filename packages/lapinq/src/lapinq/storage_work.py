"""What ``Storage`` offers to a worker of somebody's own, who asks for tasks one by one and tells how they ended."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from taskcore.ids import WorkerId
from taskcore.lease import Fence
from taskcore.models import Claim, Settlement, TaskError, TaskQuery, TaskRecord
from taskcore.retry import Retry, decide
from taskcore.states import AT_REST, Event, TaskState

from lapinq.policy import TaskPolicy
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.task import public_id, task_of, uuid_of
from lapinq.vocabulary import DEFAULT_RETRY

Row = dict[str, Any]


class StoredWork:
    """Tasks that are handed out, and their ends.

    Attributes:
        _claimed: what it has handed out, by the execution that it is of.
    """

    def __init__(self, service: Service, settings: Settings) -> None:
        self.service = service
        self.settings = settings
        self._claimed: dict[UUID, Fence] = {}

    async def claim_task(self, worker_id: str, statuses: Sequence[str] = ("pending",)) -> Row | None:
        """Hand out the best due task as running, or None. It is the caller's until ``settings.lease`` is over."""
        if "pending" not in statuses:
            return None
        queues = tuple(await self.service.tables.waiting_queues())
        if not queues:
            return None
        wanted = Claim(worker=WorkerId(worker_id), queues=queues, limit=1, lease_for=self.settings.lease)
        for record in await self.service.store.claim(wanted):
            self._claimed[public_id(record)] = record.fence
            return task_of(record).row()
        return None

    async def complete_task(self, task_id: UUID | str, result: str | None = None) -> None:
        """End a running task well; ``result`` is JSON text. Nothing happens to any other, nor to one that this storage
        handed out and that somebody else runs by now."""
        if record := await self._running(uuid_of(task_id)):
            await self._settle(record, Settlement(fence=record.fence, event=Event.SUCCEED, result=result))

    async def fail_task(self, task_id: UUID | str, error: str | None = None) -> None:
        """End an execution badly: the task waits for the next one, or has failed. Nothing happens where
        ``complete_task`` does nothing."""
        if record := await self._running(uuid_of(task_id)):
            told = TaskError("", error or "")
            failures = record.failures + record.losses + 1
            match decide(record.retry or DEFAULT_RETRY, failures, RuntimeError(error), Random()):
                case Retry(delay=delay):
                    end = Settlement(fence=record.fence, event=Event.RETRY, error=told, delay=delay)
                case _:
                    end = Settlement(fence=record.fence, event=Event.FAIL, error=told)
            await self._settle(record, end)

    async def heartbeat(self, worker_id: str) -> None:
        """Tell that a worker lives: its running tasks are its own for another ``settings.lease``."""
        query = TaskQuery(states=frozenset({TaskState.RUNNING}), worker=WorkerId(worker_id), limit=1_000)
        fences = [record.fence for record in await self.service.store.find(query)]
        if fences:
            await self.service.store.renew(fences, self.settings.lease)

    async def recover_stale_tasks(self, max_running_seconds: float = 300) -> list[UUID]:
        """Take back tasks whose worker gives no sign of life, and answer which. Each counts as an execution.

        Args:
            max_running_seconds: only those that began so long ago.
        """
        store, policy = self.service.store, TaskPolicy()
        since = await store.now() - timedelta(seconds=max_running_seconds)
        overdue = [task for task in await store.overdue(1_000) if (task.started_at or since) <= since]
        recovered = await store.recover([policy.lost(task) for task in overdue])
        return [public_id(task) for task, done in zip(overdue, recovered, strict=True) if done]

    async def _running(self, task_id: UUID) -> TaskRecord | None:
        core_id = (await self.service.tables.task_ids([task_id]))[task_id]
        record = await self.service.store.get(core_id)
        if record is None or record.state in AT_REST:
            self._claimed.pop(task_id, None)
            return None
        is_ours = self._claimed.get(task_id, record.fence) == record.fence
        return record if is_ours and record.state is TaskState.RUNNING else None

    async def _settle(self, record: TaskRecord, end: Settlement) -> None:
        await self.service.store.settle([end])
        self._claimed.pop(public_id(record), None)
