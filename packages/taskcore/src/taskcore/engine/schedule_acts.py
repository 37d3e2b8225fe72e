"""What people do to a schedule beside writing it: run it once more, hold it, let it go on."""

from dataclasses import replace

from taskcore.models import ScheduleRecord, ScheduleSpec, TaskSpec
from taskcore.ports import ScheduleStore


def extra_run(spec: ScheduleSpec) -> TaskSpec:
    """The order for a run at once, beside those of its instants, which stay what they are."""
    return replace(spec.task, run_at=None, schedule=spec.id, id=None, idempotency_key=None)


async def set_paused(store: ScheduleStore, record: ScheduleRecord, paused: bool) -> ScheduleRecord | None:
    """Hold a schedule, or let it go on from the present: instants that come by meanwhile are not caught up.

    None when it is gone by now. What somebody else has changed since stays.
    """
    found: ScheduleRecord | None = record
    while found is not None and found.spec.paused != paused:
        spec = replace(found.spec, paused=paused)
        saved = await store.replace_schedule(spec, await store.now(), found.version)
        found = saved or await read(store, spec.id)
    return found


async def read(store: ScheduleStore, schedule: str) -> ScheduleRecord | None:
    """The schedule with this id, if there is one."""
    return next((record for record in await store.schedules() if record.spec.id == schedule), None)
