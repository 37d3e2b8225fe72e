"""Jobs one by one and in pages: what there is to know of them, and their results."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from taskcore.auth.permissions import Verb
from taskcore.models import TaskRecord
from taskcore.ports import TaskStore
from taskcore.states import TaskState
from taskcore.web.paging import Total, page_headers

from taskmq.api.answers import TO_CHANGE, TO_READ, answers
from taskmq.api.callers import may
from taskmq.api.injected import Caller, Queue, Store, caller
from taskmq.api.schemas.acting import JobDeleted
from taskmq.api.schemas.listing import Listing
from taskmq.api.schemas.reading import JobDetail, JobListed, LineShown, NoResult, Progress, Result
from taskmq.api.waiting import LONGEST, ended
from taskmq.errors import JobNotFound
from taskmq.filters import JobFilter
from taskmq.job import Job
from taskmq.storage import history
from taskmq.vocabulary import job_of, task_id, utc_now

router = APIRouter(tags=["jobs"])

VIEW = [may(Verb.VIEW)]


@router.get("/jobs", dependencies=VIEW, summary="List jobs", responses=answers(401, 403, 422, 501))
async def list_jobs(
    request: Request, response: Response, store: Store, wanted: Annotated[Listing, Query()]
) -> list[JobListed]:
    """A page of jobs. ``Link`` leads to the next one; ``X-Total-Count`` is there where counting is cheap."""
    return await page_of(request, response, store, wanted.filter())


async def page_of(request: Request, response: Response, store: TaskStore, wanted: JobFilter) -> list[JobListed]:
    """The jobs of a page; ``response`` gets the headers that lead on."""
    jobs = [_job(record) for record in await store.find(wanted.query())]
    shown = jobs[: wanted.limit]
    behind = wanted.cursor_behind(shown[-1].id) if len(jobs) > len(shown) else None
    total = await _total(store, wanted, None if behind or wanted.cursor else len(shown))
    response.headers.update(page_headers(request, next_cursor=behind, total=total))
    return [JobListed.of(job) for job in shown]


@router.get("/jobs/{job_id}", dependencies=VIEW, summary="Read all about a job", responses=TO_READ)
async def read_job(job_id: int, store: Store) -> JobDetail:
    """A job with its attempts, its history and everything it was asked for."""
    record = await _found(store, job_id)
    lines = await history.lines(store, job_id, None, 100)
    return JobDetail.told(_job(record), record, await store.attempts(record.id), lines)


@router.get("/jobs/{job_id}/logs", dependencies=VIEW, summary="Read the log of a job", responses=TO_READ)
async def read_logs(job_id: int, store: Store, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> list[LineShown]:
    """Its newest lines, oldest first: what its handler wrote, and what happened to it."""
    await _found(store, job_id)
    return [LineShown.of(line) for line in await history.lines(store, job_id, None, limit)]


@router.get("/jobs/{job_id}/progress", dependencies=VIEW, summary="Read how far a job is", responses=TO_READ)
async def read_progress(job_id: int, store: Store) -> Progress:
    """What its handler told last."""
    job = _job(await _found(store, job_id))
    told = {name: getattr(job, name) for name in Progress.model_fields if name != "job_id"}
    return Progress(job_id=job_id, **told)


@router.get(
    "/jobs/{job_id}/result",
    dependencies=VIEW,
    summary="Read the result of a job",
    response_model=Result,
    responses={**TO_READ, 409: {"model": NoResult, "description": "The job is not over, or did not succeed"}},
)
async def read_result(
    job_id: int,
    request: Request,
    store: Store,
    wait: Annotated[float, Query(ge=0, le=LONGEST, description="Seconds to wait for the end of the job.")] = 0,
) -> Result | JSONResponse:
    """What its handler returned; 409 with the state of the job while there is nothing."""
    record = await ended(store, job_id, wait, request.is_disconnected)
    if record is None:
        raise JobNotFound(job_id)
    job = _job(record)
    if record.state is TaskState.SUCCEEDED or (record.result is not None and job.interval_seconds is not None):
        return Result(job_id=job_id, state=job.state, result=job.return_value)
    why = f": {job.error_log}" if job.error_log and record.state is not TaskState.RUNNING else ""
    return JSONResponse({"detail": f"the job has no result, it is {job.state}{why}", "state": job.state}, 409)


@router.delete("/jobs/{job_id}", summary="Delete a job", responses=TO_CHANGE)
async def delete_job(job_id: int, queue: Queue, who: Annotated[Caller, caller(Verb.DELETE)]) -> JobDeleted:
    """It goes with its attempts and its log; 409, and no change, while it is running."""
    await run_in_threadpool(queue.delete, job_id)
    await who.did("task.delete", f"task:{job_id}")
    return JobDeleted(job_id=job_id)


async def _found(store: TaskStore, job_id: int) -> TaskRecord:
    record = await store.get(task_id(job_id))
    if record is None:
        raise JobNotFound(job_id)
    return record


async def _total(store: TaskStore, wanted: JobFilter, counted: int | None) -> Total | None:
    """How many jobs all pages have, where one page has them all, or the store has counted them."""
    if counted is not None:
        return Total(count=counted)
    total = wanted.total(await store.counts()) if wanted.is_plain() else None
    return None if total is None else Total(count=total)


def _job(record: TaskRecord) -> Job:
    return job_of(record, now=utc_now())
