"""The endpoints. Each reads its body, asks the service, and says what became of it."""

import asyncio
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from taskcore.auth.permissions import Verb
from taskcore.errors import TaskcoreError

from taskmq.api.answers import TO_CHANGE, TO_READ, answers
from taskmq.api.callers import may
from taskmq.api.desk import Backends
from taskmq.api.injected import Caller, Here, Queue, caller
from taskmq.api.schemas.acting import JobCancelled, JobNumber, JobRetrying, ToStop
from taskmq.api.schemas.health import HealthShown
from taskmq.api.schemas.reading import JobShown
from taskmq.service import Cancellation
from taskmq.storage.base import QueueBackend
from taskmq.storage.store_backend import StoreBackend

STALE_SECONDS = 10
"""Silence of all workers after which they count as gone."""

PATIENCE = 2.0
"""Seconds that a check of the store may take."""

router = APIRouter(tags=["basics"])


@router.post("/cancel", summary="Cancel a pending job", responses=TO_CHANGE)
async def cancel_job(wanted: ToStop, queue: Queue, who: Annotated[Caller, caller(Verb.CANCEL)]) -> JobCancelled:
    """409, and no change, for a job that is not pending: running ones complete normally, unless ``running`` is true."""
    became = await run_in_threadpool(queue.cancel, wanted.job_id, running=wanted.running)
    if became is Cancellation.CANCELLED:
        who.desk.telemetry.cancelled(await run_in_threadpool(queue.get, wanted.job_id))
    await who.did("task.cancel", f"task:{wanted.job_id}")
    return JobCancelled(status=became.value, job_id=wanted.job_id)


@router.post("/retry", summary="Retry a failed job", responses=TO_CHANGE)
async def retry_job(wanted: JobNumber, queue: Queue, who: Annotated[Caller, caller(Verb.RETRY)]) -> JobRetrying:
    """Dead and cancelled jobs keep their ids. 409 for one that is running or has succeeded."""
    await run_in_threadpool(queue.retry, wanted.job_id)
    who.desk.telemetry.retried()
    await who.did("task.retry", f"task:{wanted.job_id}")
    return JobRetrying(job_id=wanted.job_id)


@router.get("/job/{job_id}", dependencies=[may(Verb.VIEW)], summary="Read a job", responses=TO_READ)
def get_job(job_id: int, queue: Queue) -> JobShown:
    """A job as it is now, dead ones too."""
    return JobShown.of(queue.get(job_id))


@router.get(
    "/health",
    summary="Health of the queue",
    response_model=HealthShown,
    response_model_exclude_none=True,
    responses={400: answers()[400], 503: {"model": HealthShown, "description": "The store is away, or too slow"}},
)
async def health(desk: Here) -> Any:
    """Whether the API and its store are well: 503 when the store is not, or is too slow. ``worker`` is for people."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await to_thread.run_sync(_found, desk.backends, abandon_on_cancel=True, limiter=desk.probes)
    except (TaskcoreError, TimeoutError):
        found = None  # the store's own words may have addresses in them, and anybody may ask
    return found or JSONResponse({"status": "db_error"}, 503)


@router.get("/monitor/metrics", summary="Prometheus metrics", response_class=PlainTextResponse, responses=answers())
@router.get("/monitor/metrics/", include_in_schema=False, response_class=Response)
async def metrics(request: Request, desk: Here) -> Response:
    """Counts of all processes, as text; OpenMetrics where ``Accept`` asks for it."""
    accept = ",".join(request.headers.getlist("accept"))
    body, content_type = await desk.telemetry.exposition(desk.backends, accept)
    return Response(body, headers={"content-type": content_type})


def _found(backends: Backends) -> HealthShown | None:
    backend = backends()
    return HealthShown(status="ok", worker=_workers(backend)) if backend.check_health() else None


def _workers(backend: QueueBackend) -> Any:
    silence = backend.silence() if isinstance(backend, StoreBackend) else None
    if silence is None:
        return "unknown"
    return "alive" if silence.total_seconds() < STALE_SECONDS else "not_recently_alive"
