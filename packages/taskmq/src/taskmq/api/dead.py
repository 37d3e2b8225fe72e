"""Routes about jobs that failed for good."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from taskcore.auth.permissions import Verb

from taskmq.api.answers import answers
from taskmq.api.callers import may
from taskmq.api.injected import Caller, Store, caller
from taskmq.api.jobs import page_of
from taskmq.api.schemas.listing import DeadListing
from taskmq.api.schemas.many import ReplaysDone, ToReplay
from taskmq.api.schemas.reading import JobListed
from taskmq.bulk import Selection, replay_dead

router = APIRouter(tags=["dead jobs"])


@router.get("/dead", dependencies=[may(Verb.VIEW)], summary="List dead jobs", responses=answers(401, 403, 422, 501))
async def list_dead(
    request: Request, response: Response, store: Store, wanted: Annotated[DeadListing, Query()]
) -> list[JobListed]:
    """A page of them, as of ``/jobs``."""
    return await page_of(request, response, store, replace(wanted.filter(), state="dead"))


@router.post("/dead/replay", summary="Replay dead jobs", responses=answers(401, 403, 413, 422, 501))
async def replay(wanted: ToReplay, store: Store, who: Annotated[Caller, caller(Verb.RETRY)]) -> ReplaysDone:
    """Store them anew, oldest first, and take them off the dead list. With ``rate`` they become due one by one."""
    pause = timedelta(seconds=1 / wanted.rate) if wanted.rate else timedelta(0)
    selection = Selection(matching=wanted.filter.filter(), limit=wanted.limit)
    replays = await replay_dead(store, selection, pause=pause, dry_run=wanted.dry_run)
    if replays.jobs and not wanted.dry_run:
        chosen = wanted.filter.model_dump_json(exclude_none=True)
        await who.did("task.replay", "", f"{len(replays.jobs):,} jobs, chosen {chosen}"[:500])
    return ReplaysDone.of(replays, wanted.dry_run)
