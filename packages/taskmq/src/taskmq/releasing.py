"""What a worker of this package works on: a store in which the end of one job may let others begin."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from taskcore.errors import StoreError
from taskcore.ids import TaskId, WorkerId
from taskcore.lease import Fence, Renewal
from taskcore.models import Claim, Report, Settlement, TaskRecord
from taskcore.ports import TaskWork, Wakeup
from taskcore.states import Event

from taskmq.storage import dependencies

log = logging.getLogger("taskmq.worker")

ENDS = frozenset({Event.SUCCEED, Event.FAIL, Event.CANCEL})


def releasing(work: TaskWork) -> TaskWork:
    """``work`` as it is to be worked on."""
    return Releasing(work) if isinstance(work, dependencies.MovingStore) else work


class Releasing(TaskWork):
    """The work of a store, and a look at what waited for it whenever this worker would otherwise have nothing to do.

    A worker that is busy leaves that to the one that leads, which looks every second, and does it once it is not: what
    it owes may be all that is left to do.
    """

    def __init__(self, store: dependencies.MovingStore) -> None:
        self._store = store
        self._owes = True
        """Whether jobs may wait for what ended before; whoever leads may be gone."""

    async def exchange(
        self, settlements: Sequence[Settlement], wanted: Claim
    ) -> tuple[Sequence[bool], Sequence[TaskRecord]]:
        stored, tasks = await self._store.exchange(settlements, wanted)
        if tasks:
            self._owe(settlements)
        elif (ended := _ended(settlements)) or self._owes:
            await self._release(ended)
            tasks = await self._store.claim(wanted)  # whoever leads may have let them go on just now
        return stored, tasks

    def _owe(self, settlements: Sequence[Settlement]) -> None:
        """Leave it for later to look at what waited for these."""
        self._owes = self._owes or any(each.event in ENDS for each in settlements)

    async def _release(self, ended: set[int]) -> None:
        """Let go on what waited for ``ended``, or for anything if more than that is owed."""
        owes, self._owes = self._owes, False
        try:
            await dependencies.release(self._store, None if owes else ended)
        except StoreError as error:  # What was settled is settled, and whoever leads will look.
            self._owes = True
            log.warning("jobs that wait for others wait a little longer: %s", error)

    async def claim(self, wanted: Claim) -> Sequence[TaskRecord]:
        return await self._store.claim(wanted)

    async def take(self, task: TaskId, worker: WorkerId, lease_for: timedelta) -> TaskRecord | None:
        return await self._store.take(task, worker, lease_for)

    async def renew(self, fences: Sequence[Fence], lease_for: timedelta) -> Sequence[Renewal]:
        return await self._store.renew(fences, lease_for)

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        self._owe(settlements)
        return await self._store.settle(settlements)

    async def report(self, reports: Sequence[Report]) -> Sequence[bool]:
        return await self._store.report(reports)

    async def cancellations(self, worker: WorkerId) -> Sequence[Fence]:
        return await self._store.cancellations(worker)

    async def wait_for_work(self, queues: Sequence[str], timeout: float) -> None:
        if isinstance(self._store, Wakeup):
            await self._store.wait_for_work(queues, timeout)


def _ended(settlements: Sequence[Settlement]) -> set[int]:
    return {int(each.fence.task) for each in settlements if each.event in ENDS}
