"""A ``QueueBackend`` that a user wrote, as the engine's source of work.

Its thirteen methods know no attempt numbers and no renewal, so this is unfenced: a job that runs longer than the lock
may be handed out again, and whoever ends last is believed. Choose a ``lock_timeout`` longer than the longest job.
Each method is called in a thread, one call at a time.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from taskcore import serialization
from taskcore.errors import StoreError, StoreUnavailable
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, LogLine, Report, Settlement, TaskRecord
from taskcore.states import Event, TaskState

from taskmq import payload as payloads
from taskmq.job import Job, JobStatus
from taskmq.storage.base import QueueBackend
from taskmq.vocabulary import NO_HANDLER, Terms, handler_of, task_id, utc_now

P = ParamSpec("P")
T = TypeVar("T")


class ForeignQueue:
    """``TaskWork`` over a ``QueueBackend``. A delay before a retry is waited for here, with the job still RUNNING."""

    def __init__(self, backend: QueueBackend) -> None:
        self._backend = backend
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="taskmq-backend")
        self._held: dict[TaskId, TaskRecord] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        return await self._call(self._claim, wanted)

    def _claim(self, wanted: Claim) -> list[TaskRecord]:
        records: list[TaskRecord] = []
        while len(records) < wanted.limit:
            job = self._backend.fetch_job(wanted.worker, max(1, round(wanted.lease_for.total_seconds())))
            if job is None:
                break
            records.append(_record_of(job, wanted))
            self._backend.update_status(job.id, JobStatus.RUNNING, job.retries, None)
            self._backend.add_log(job.id, "INFO", "Job started", job.handler)
        self._held.update((record.id, record) for record in records)
        return records

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        """Never: the thirteen methods hand out the best job only."""
        return None

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        return [Renewal.HELD] * len(fences)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        for settlement in settlements:
            task = self._held.get(settlement.fence.task)
            if task is None:  # settled before the backend failed in the middle of this batch
                continue
            if settlement.event is Event.RETRY and settlement.delay:
                later = asyncio.create_task(self._settle_later(task, settlement))
                self._waiting.add(later)
                later.add_done_callback(self._waiting.discard)
            else:
                await self._call(self._settle, task, settlement)
            self._held.pop(task.id, None)
        return [True] * len(settlements)

    async def _settle_later(self, task: TaskRecord, settlement: Settlement) -> None:
        try:
            await asyncio.sleep(settlement.delay.total_seconds())
        finally:
            await self._call(self._settle, task, settlement)

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        return await self.settle(settlements), await self.claim(wanted)

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        lines = [line for report in reports for line in report.lines]
        await self._call(self._add_logs, lines)
        return [True] * len(reports)

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        return ()

    async def sweep(self) -> None:
        """Take back what other workers lost, and let periodic jobs go on."""
        await self._call(self._backend.requeue_expired_locks)
        await self._call(self._backend.reschedule_periodic_jobs)

    async def close(self) -> None:
        """Give back at once what waits for its retry."""
        for later in list(self._waiting):
            later.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        self._thread.shutdown(wait=False)

    def _settle(self, task: TaskRecord, settlement: Settlement) -> None:
        backend, job, handler = self._backend, int(task.id), handler_of(task)
        message = settlement.error.message if settlement.error else None
        match settlement.event:
            case Event.SUCCEED:
                value = None if settlement.result is None else str(serialization.decode(settlement.result))
                backend.update_status(
                    job, JobStatus.SUCCESS, task.failures, None, result=value, handler_hash=settlement.version
                )
                backend.add_log(job, "INFO", "Job finished successfully", handler)
            case Event.FAIL:
                backend.add_log(job, "ERROR", f"Job failed: {message}", handler)
                backend.move_to_dlq(job, message)
            case Event.RETRY:
                backend.add_log(job, "ERROR", f"Job failed: {message}", handler)
                backend.update_status(job, JobStatus.PENDING, task.failures + 1, message)
            case _:
                backend.update_status(job, JobStatus.PENDING, task.failures, message)

    def _add_logs(self, lines: Sequence[LogLine]) -> None:
        for line in lines:
            task = self._held.get(line.task)
            handler = None if task is None else handler_of(task)
            self._backend.add_log(int(line.task), line.level, line.message, handler)

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def called() -> T:
            try:
                return function(*args, **kwargs)
            except StoreError:
                raise
            except Exception as error:  # Whatever a foreign backend raises, the worker waits and tries again.
                raise StoreUnavailable(f"the backend failed: {type(error).__name__}: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, called)


def _record_of(job: Job, wanted: Claim) -> TaskRecord:
    payload: Any = job.payload if job.raw_payload is None else job.raw_payload
    now = utc_now()
    return TaskRecord(
        id=task_id(job.id),
        name=job.handler or NO_HANDLER,
        queue=wanted.queues[0],
        payload=payload if isinstance(payload, str) else payloads.to_text(payload),
        priority=job.priority,
        state=TaskState.RUNNING,
        created_at=job.created_at,
        run_at=job.scheduled_for,
        meta=Terms(retry_policy=job.retry_policy).dump(),
        attempt=job.retries + 1,
        failures=job.retries,
        worker=wanted.worker,
        lease_until=now + wanted.lease_for,
        started_at=now,
    )
