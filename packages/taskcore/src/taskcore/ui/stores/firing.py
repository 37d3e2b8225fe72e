"""What people do to schedules."""

from taskcore.engine.schedule_acts import extra_run, set_paused
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
                await set_paused(self._schedules, record, action is Action.PAUSE_SCHEDULE)
        return ""

    async def _run(self, record: ScheduleRecord) -> str:
        (receipt,) = await self._tasks.put([extra_run(record.spec)])
        return f"task {receipt.task}"
