"""Routes about queues as a whole, and the workers that serve them."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from taskcore.auth.permissions import Verb

from taskmq.api.answers import TO_CHANGE, answers
from taskmq.api.callers import may
from taskmq.api.injected import Caller, Own, caller
from taskmq.api.schemas.queues import Limit, QueueShown
from taskmq.queues import Queue, Queues

router = APIRouter(tags=["queues"])

Named = Annotated[str, Path(min_length=1, max_length=200)]
Pausing = Annotated[Caller, caller(Verb.PAUSE)]


@router.get("/queues", dependencies=[may(Verb.VIEW)], summary="List queues", responses=answers(401, 403, 501))
async def list_queues(backend: Own) -> list[QueueShown]:
    """Every queue that has jobs, workers or a limit, by name."""
    return [QueueShown.of(queue) for queue in await run_in_threadpool(Queues(backend).all)]


@router.post("/queues/{name}/pause", summary="Pause a queue", responses=TO_CHANGE)
async def pause_queue(name: Named, backend: Own, who: Pausing) -> QueueShown:
    """None of its jobs is handed out until it is resumed; what runs goes on."""
    return await _changed(Queues(backend).pause, name, who=who, action="pause-queue")


@router.post("/queues/{name}/resume", summary="Resume a queue", responses=TO_CHANGE)
async def resume_queue(name: Named, backend: Own, who: Pausing) -> QueueShown:
    """Its jobs are handed out again."""
    return await _changed(Queues(backend).resume, name, who=who, action="resume-queue")


@router.post("/queues/{name}/limit", summary="Limit a queue", responses=TO_CHANGE)
async def limit_queue(name: Named, wanted: Limit, backend: Own, who: Pausing) -> QueueShown:
    """So many of its jobs run at the same time, on all workers together."""
    return await _changed(Queues(backend).limit, name, wanted.limit, who=who, action="limit-queue")


async def _changed(change: Callable[..., Queue], name: str, *more: Any, who: Caller, action: str) -> QueueShown:
    """The queue afterwards. The words of the entry are those of the dashboard, which tells by them who paused it."""
    queue = await run_in_threadpool(change, name, *more)
    await who.did(f"queue.{action}", f"queue:{name}", "" if not more else f"limit: {more[0]}")
    return QueueShown.of(queue)
