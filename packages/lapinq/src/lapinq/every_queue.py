"""Work of whatever queue: the core's workers name their queues, those here serve all of them, new ones too."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, Report, Settlement, TaskRecord
from taskcore.ports import TaskWork, Wakeup
from taskcore.states import TaskState, target

ALL = ("*",)
"""Instead of names of queues: every one."""
FRESH = 0.5
"""Seconds for which the names are good while there is work in them ..."""
IDLE = 1.0
"""... and between two looks for new ones that nobody has told of, while there is none."""


class WorkSource(TaskWork, Wakeup, Protocol):
    """A store that workers draw from."""

    async def wait_for_news(self, queues: Callable[[], Awaitable[Sequence[str]]], timeout: float) -> bool:
        """Whether there is work in ``queues``; if not, after it has waited for tasks in whatever queue."""
        ...


class EveryQueue:
    """A ``TaskWork`` with ``Wakeup`` that takes ``ALL`` for names.

    Args:
        waiting: the names of the queues in which tasks wait, due ones at least.
        prepare: is awaited with the tasks that a claim handed out, before anybody else sees them.
    """

    def __init__(
        self,
        store: WorkSource,
        waiting: Callable[[], Awaitable[Sequence[str]]],
        prepare: Callable[[Sequence[TaskRecord]], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._waiting = waiting
        self._prepare = prepare
        self._names: tuple[str, ...] = ()
        self._read_at = -FRESH

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        named = await self._named(wanted)
        return await self._prepared(await self._store.claim(named)) if named.queues else ()

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        if any(target(each.event) is TaskState.PENDING for each in settlements):
            # Their queues may have been empty when the names were read, and they may be due again at once.
            stored = await self._store.settle(settlements)
            await self._read()
            return stored, await self.claim(wanted)
        named = await self._named(wanted)
        if named.queues:
            stored, tasks = await self._store.exchange(settlements, named)
            return stored, await self._prepared(tasks)
        return await self._store.settle(settlements), ()

    async def wait_for_work(self, queues: Sequence[str], timeout: float) -> None:
        if tuple(queues) != ALL:
            await self._store.wait_for_work(queues, timeout)
            return
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            if await self._store.wait_for_news(self._read, min(IDLE, left)):
                return

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        return await self._store.take(task, worker, lease_for)

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        return await self._store.renew(fences, lease_for)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await self._store.settle(settlements)

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        return await self._store.report(reports)

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        return await self._store.cancellations(worker)

    async def _prepared(self, tasks: Sequence[TaskRecord]) -> Sequence[TaskRecord]:
        if self._prepare is not None and tasks:
            await self._prepare(tasks)
        return tasks

    async def _named(self, wanted: Claim) -> Claim:
        if wanted.queues != ALL:
            return wanted
        if time.monotonic() - self._read_at > FRESH:
            await self._read()
        return replace(wanted, queues=self._names)

    async def _read(self) -> Sequence[str]:
        # A worker that stops breaks off its wait; a statement that is broken off costs its connection.
        reading = asyncio.ensure_future(self._waiting())
        reading.add_done_callback(_look_at)
        self._names = tuple(await asyncio.shield(reading))
        self._read_at = time.monotonic()
        return self._names


def _look_at(reading: "asyncio.Future[Sequence[str]]") -> None:
    """Nobody else may be left to see how it ended."""
    if not reading.cancelled():
        reading.exception()
