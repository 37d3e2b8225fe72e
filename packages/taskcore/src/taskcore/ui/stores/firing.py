"""What people do to schedules."""

from dataclasses import replace

from taskcore.models import ScheduleRecord
from taskcore.ports import ScheduleStore, TaskQueue
from taskcore.ui.models import Action, ActionResult, Order

GONE = "it is not there any more"


class ScheduleActions:
    """Runs, pauses, resumes and removes schedules."""

    def __init__(self, schedules: ScheduleStore, tasks: TaskQueue) -> None:
        self._schedules, self._tasks = schedules, tasks

    async def act(self, order: Order) -> ActionResult:
        known = {record.spec.id: record for record in await self._schedules.schedules()}
        found = [known[target] for target in known if target in order.targets]
        notes = [await self._one(order.action, record) for record in found]
        skipped = {target: GONE for target in order.targets if target not in known}
        return ActionResult(done=len(found), skipped=skipped, note="; ".join(note for note in notes if note))

    async def _one(self, action: Action, record: ScheduleRecord) -> str:
        match action:
            case Action.RUN_SCHEDULE:
                return await self._run(record)
            case Action.REMOVE_SCHEDULE:
                await self._schedules.remove_schedule(record.spec.id)
            case _:
                await self._pause(record, action is Action.PAUSE_SCHEDULE)
        return ""

    async def _run(self, record: ScheduleRecord) -> str:
        """Put its task now; the order of its instants stays what it is."""
        spec = replace(record.spec.task, run_at=None, schedule=record.spec.id, id=None, idempotency_key=None)
        (receipt,) = await self._tasks.put([spec])
        return f"task {receipt.task}"

    async def _pause(self, record: ScheduleRecord, paused: bool) -> None:
        """Instants that come by meanwhile are not caught up, so it goes on from the present."""
        if record.spec.paused != paused:
            await self._schedules.save_schedule(replace(record.spec, paused=paused), await self._schedules.now())
