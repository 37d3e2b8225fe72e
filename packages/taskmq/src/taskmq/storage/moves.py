"""Changing a job by hand, without a worker's claim, by moves that the core allows.

Whoever calls these acts as the worker of the job: they take it, and settle it with the record's own fence. A worker
that has it at the same time finds its lease lost.
"""

from datetime import timedelta
from typing import Any

from taskcore import serialization
from taskcore.engine.execution.run import printable
from taskcore.errors import IllegalMove, LeaseLost
from taskcore.ids import TaskId, WorkerId
from taskcore.models import Settlement, TaskError, TaskRecord
from taskcore.ports import TaskStore
from taskcore.states import AT_REST, Event, TaskState

from taskmq.job import JobStatus
from taskmq.jobs.calling import storable
from taskmq.policy import lost, next_run
from taskmq.vocabulary import CANCELLED, PERIODIC

BY_HAND = WorkerId("by hand")
LEASE = timedelta(seconds=30)
MOST_RETRIES = 100
BATCH = 500


class ByHand:
    """The moves of one store."""

    def __init__(self, store: TaskStore) -> None:
        self._store = store

    async def update(
        self,
        task: TaskId,
        status: JobStatus,
        retries: int,
        error: str | None,
        result: Any,
        version: str | None,
    ) -> None:
        """Bring a job to a status. ``retries`` that it has not had yet are counted as failed attempts.

        Raises:
            IllegalMove: a job that is not pending cannot be cancelled.
            LeaseLost: somebody else changed the job meanwhile.
        """
        record = await self._store.get(task)
        if record is None:
            return
        if status is JobStatus.FAILED and error == CANCELLED:
            await self._cancel(record)
            return
        record = await self._count_up(await self._revive(record), retries, error)
        match status:
            case JobStatus.PENDING if record.state is TaskState.RUNNING:
                await self._settle(record, Event.RELEASE, error=_described(error))
            case JobStatus.PENDING:
                pass
            case JobStatus.RUNNING:
                await self._held(record)
            case JobStatus.SUCCESS:
                text = None if result is None else serialization.encode(storable(result))
                await self._settle(await self._held(record), Event.SUCCEED, result=text, version=version)
            case JobStatus.FAILED:
                await self._settle(await self._held(record), Event.FAIL, error=_described(error), version=version)

    async def bury(self, task: TaskId, error: str | None) -> None:
        """Make a job dead, with its last error unless another one is given."""
        record = await self._store.get(task)
        if record is not None and record.state is not TaskState.FAILED:
            described = record.error if error is None else _described(error)
            await self._settle(await self._held(await self._revive(record)), Event.FAIL, error=described)

    async def take_back(self) -> int:
        """Take jobs back from workers whose lease ran out, and tell how many."""
        now = await self._store.now()
        overdue = await self._store.overdue(BATCH)
        return sum(await self._store.recover([lost(record, now) for record in overdue]))

    async def repeat(self, record: TaskRecord) -> None:
        """Let a periodic job that is over wait for its next instant."""
        run_at = next_run(record, await self._store.now())
        if run_at is not None and record.schedule == PERIODIC:
            held = await self._held(await self._revive(record))
            await self._settle(held, Event.REPEAT, run_at=run_at, result=record.result, version=record.version)

    async def _cancel(self, record: TaskRecord) -> None:
        if record.state is TaskState.PENDING:
            (state,) = await self._store.cancel([record.id])
        else:
            state = record.state
        if state not in (TaskState.CANCELLED, None):
            raise IllegalMove(state, Event.CANCEL, TaskState.PENDING)

    async def _revive(self, record: TaskRecord) -> TaskRecord:
        """A job at rest as a pending one."""
        if record.state not in AT_REST:
            return record
        await self._store.replay([record.id])
        return await self._again(record)

    async def _count_up(self, record: TaskRecord, retries: int, error: str | None) -> TaskRecord:
        while record.failures < min(retries, MOST_RETRIES):
            wait = max(record.run_at - await self._store.now(), timedelta(0))
            await self._settle(await self._held(record), Event.RETRY, error=_described(error), delay=wait)
            record = await self._again(record)
        return record

    async def _held(self, record: TaskRecord) -> TaskRecord:
        if record.state is TaskState.RUNNING:
            return record
        taken = await self._store.take(record.id, BY_HAND, LEASE)
        return _or_lost(record.id, taken)

    async def _again(self, record: TaskRecord) -> TaskRecord:
        return _or_lost(record.id, await self._store.get(record.id))

    async def _settle(self, record: TaskRecord, event: Event, **fields: Any) -> None:
        (stored,) = await self._store.settle([Settlement(fence=record.fence, event=event, **fields)])
        _or_lost(record.id, record if stored else None)


def _described(error: str | None) -> TaskError | None:
    return None if error is None else TaskError("", printable(str(error)))


def _or_lost(task: TaskId, record: TaskRecord | None) -> TaskRecord:
    if record is None:
        raise LeaseLost(f"somebody else changed job {task} at the same time; read it again, and decide anew")
    return record
