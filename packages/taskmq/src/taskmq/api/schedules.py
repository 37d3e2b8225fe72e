"""Routes about schedules: jobs that are stored at the instants of a cron expression, or every so often."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from taskcore.auth.permissions import Verb

from taskmq.api.answers import TO_CHANGE, TO_READ, answers
from taskmq.api.callers import may
from taskmq.api.injected import Caller, Own, caller
from taskmq.api.schemas.schedules import (
    FiredShown,
    NewSchedule,
    SaveSchedule,
    ScheduleDetail,
    ScheduleRemoved,
    ScheduleRun,
    ScheduleShown,
)
from taskmq.schedules import Schedules

router = APIRouter(tags=["schedules"])


def schedules_of(backend: Own) -> Schedules:
    return Schedules(backend)


All = Annotated[Schedules, Depends(schedules_of)]
Identified = Annotated[str, Path(max_length=100)]

VIEW = [may(Verb.VIEW)]


@router.get("/schedules", dependencies=VIEW, summary="List schedules", responses=answers(401, 403, 501))
def list_schedules(schedules: All) -> list[ScheduleShown]:
    """All of them, by id."""
    return [ScheduleShown.of(info) for info in schedules.list()]


@router.post("/schedules", status_code=201, summary="Add a schedule", responses=TO_CHANGE)
async def add_schedule(
    wanted: NewSchedule, schedules: All, who: Annotated[Caller, caller(Verb.ENQUEUE)]
) -> ScheduleShown:
    """409 where there is one with this id. Its first instant is the next one from now."""
    info = await run_in_threadpool(schedules.add, wanted.order(wanted.id))
    await who.did("schedule.add", f"schedule:{wanted.id}")
    return ScheduleShown.of(info)


@router.get("/schedules/{name}", dependencies=VIEW, summary="Read a schedule", responses=TO_READ)
def read_schedule(name: Identified, schedules: All) -> ScheduleDetail:
    """A schedule, with the next five instants."""
    shown = ScheduleShown.of(schedules.get(name))
    return ScheduleDetail(**shown.model_dump(), upcoming=list(schedules.upcoming(name)))


@router.put("/schedules/{name}", summary="Save a schedule", responses=TO_CHANGE)
async def save_schedule(
    name: Identified,
    wanted: SaveSchedule,
    schedules: All,
    who: Annotated[Caller, caller(Verb.ENQUEUE)],
) -> ScheduleShown:
    """Add it, or replace the one with this id. One that keeps its instants goes on where it is."""
    info = await run_in_threadpool(schedules.save, wanted.order(name))
    await who.did("schedule.save", f"schedule:{name}")
    return ScheduleShown.of(info)


@router.delete("/schedules/{name}", summary="Remove a schedule", responses=TO_CHANGE)
async def remove_schedule(
    name: Identified,
    schedules: All,
    who: Annotated[Caller, caller(Verb.DELETE)],
) -> ScheduleRemoved:
    """It goes with the history of its instants; its jobs stay."""
    await run_in_threadpool(schedules.remove, name)
    await who.did("schedule.remove-schedule", f"schedule:{name}")
    return ScheduleRemoved(id=name)


@router.post("/schedules/{name}/pause", summary="Pause a schedule", responses=TO_CHANGE)
async def pause_schedule(
    name: Identified,
    schedules: All,
    who: Annotated[Caller, caller(Verb.PAUSE)],
) -> ScheduleShown:
    """Instants that come by meanwhile are not caught up."""
    info = await run_in_threadpool(schedules.pause, name)
    await who.did("schedule.pause-schedule", f"schedule:{name}")
    return ScheduleShown.of(info)


@router.post("/schedules/{name}/resume", summary="Resume a schedule", responses=TO_CHANGE)
async def resume_schedule(
    name: Identified,
    schedules: All,
    who: Annotated[Caller, caller(Verb.PAUSE)],
) -> ScheduleShown:
    """It goes on, from now."""
    info = await run_in_threadpool(schedules.resume, name)
    await who.did("schedule.resume-schedule", f"schedule:{name}")
    return ScheduleShown.of(info)


@router.post("/schedules/{name}/run", summary="Run a schedule now", responses=TO_CHANGE)
async def run_schedule(
    name: Identified,
    schedules: All,
    who: Annotated[Caller, caller(Verb.ENQUEUE)],
) -> ScheduleRun:
    """Store its job once more, due now. Its instants stay what they are."""
    job_id = await run_in_threadpool(schedules.run_now, name)
    await who.did("schedule.run-schedule", f"schedule:{name}", f"job {job_id}")
    return ScheduleRun(id=name, job_id=job_id)


@router.get("/schedules/{name}/history", dependencies=VIEW, summary="Read what became of instants", responses=TO_READ)
def read_history(
    name: Identified,
    schedules: All,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
) -> list[FiredShown]:
    """Its newest due instants, newest first."""
    return [FiredShown.of(fired) for fired in schedules.history(name, limit)]
