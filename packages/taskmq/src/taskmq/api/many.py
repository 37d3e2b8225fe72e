"""Routes that store or change many jobs at once."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from taskcore.auth.permissions import Verb
from taskcore.errors import InvalidInput, PayloadTooLarge
from taskcore.models import TaskSpec
from taskcore.states import TaskState

from taskmq.api.answers import TO_CHANGE, answers
from taskmq.api.injected import Caller, Store, caller
from taskmq.api.schemas.adding import AddJobs, JobOfMany, JobsAdded, OneAdded
from taskmq.api.schemas.many import Chosen, Done, ToCancel
from taskmq.bulk import Deed, Outcome, act
from taskmq.options import spec_of
from taskmq.storage import entering
from taskmq.vocabulary import job_of, utc_now

router = APIRouter(tags=["many jobs"])

_ANSWERS = answers(401, 403, 413, 422, 501)


@router.post("/jobs/bulk", summary="Add many jobs", responses=TO_CHANGE)
async def add_jobs(wanted: AddJobs, store: Store, who: Annotated[Caller, caller(Verb.ENQUEUE)]) -> JobsAdded:
    """Store up to 1,000 jobs in one commit, all or none. ``loc`` of an error has the place of the job."""
    specs = [_spec(job, place) for place, job in enumerate(wanted.jobs)]
    receipts = await entering.put(store, specs)
    new = [int(receipt.task) for receipt in receipts if receipt.created]
    for receipt, job in zip(receipts, wanted.jobs, strict=True):
        if receipt.created:
            who.desk.telemetry.added(int(receipt.task), job.handler)
    if new:
        await who.did("task.put", "", f"{len(new):,} jobs, from {min(new)} to {max(new)}")
    return JobsAdded(jobs=[OneAdded(job_id=int(receipt.task), created=receipt.created) for receipt in receipts])


@router.post("/jobs/cancel", summary="Cancel many jobs", responses=_ANSWERS)
async def cancel_jobs(wanted: ToCancel, store: Store, who: Annotated[Caller, caller(Verb.CANCEL)]) -> Done:
    """Pending ones, and with ``running`` those that run: their workers stop them."""
    outcome = await act(store, Deed.CANCEL, wanted.selection(), running=wanted.running, dry_run=wanted.dry_run)
    if not wanted.dry_run:
        for record in outcome.done:
            if record.state is TaskState.PENDING:  # the ends of others are their workers' to tell
                who.desk.telemetry.cancelled(job_of(record, now=utc_now()))
    return await _told(who, Deed.CANCEL, wanted, outcome)


@router.post("/jobs/retry", summary="Retry many jobs", responses=_ANSWERS)
async def retry_jobs(wanted: Chosen, store: Store, who: Annotated[Caller, caller(Verb.RETRY)]) -> Done:
    """Dead and cancelled ones, which keep their ids."""
    outcome = await act(store, Deed.RETRY, wanted.selection(), dry_run=wanted.dry_run)
    return await _told(who, Deed.RETRY, wanted, outcome)


@router.post("/jobs/delete", summary="Delete many jobs", responses=_ANSWERS)
async def delete_jobs(wanted: Chosen, store: Store, who: Annotated[Caller, caller(Verb.DELETE)]) -> Done:
    """All but those that run, with their attempts and logs."""
    outcome = await act(store, Deed.DELETE, wanted.selection(), dry_run=wanted.dry_run)
    return await _told(who, Deed.DELETE, wanted, outcome)


async def _told(who: Caller, deed: Deed, wanted: Chosen, outcome: Outcome) -> Done:
    if outcome.done and not wanted.dry_run:
        chosen = "by their ids" if wanted.filter is None else wanted.filter.model_dump_json(exclude_none=True)
        await who.did(f"task.{deed}", "", f"{len(outcome.done):,} jobs, chosen {chosen}"[:500])
    return Done.of(outcome, wanted.dry_run)


def _spec(job: JobOfMany, place: int) -> TaskSpec:
    try:
        return spec_of(job.content(), job.options(job.idempotency_key), now=utc_now())
    except PayloadTooLarge:
        raise
    except InvalidInput as error:
        found = {"type": error.code, "loc": ("body", "jobs", place), "msg": f"{error}; nothing was stored"}
        raise RequestValidationError([found]) from error
