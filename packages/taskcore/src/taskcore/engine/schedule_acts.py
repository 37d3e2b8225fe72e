"""What people do to a schedule beside writing it: run it once more, hold it, let it go on."""

from dataclasses import replace

from taskcore.models import ScheduleRecord, ScheduleSpec, TaskSpec
from taskcore.ports import ScheduleStore


def extra_run(spec: ScheduleSpec) -> TaskSpec:
    """The order for a run at once, beside those of its instants, which stay what they are."""
    return replace(spec.task, run_at=None, schedule=spec.id, id=None, idempotency_key=None)


async def set_paused(store: ScheduleStore, record: ScheduleRecord, paused: bool) -> ScheduleRecord:
    """Hold a schedule, or let it go on from the present: instants that come by meanwhile are not caught up."""
    if record.spec.paused == paused:
        return record
    return await store.save_schedule(replace(record.spec, paused=paused), await store.now())
