"""Commands that change jobs: jobs cancel, jobs retry, jobs delete. Each takes ids, or conditions and a yes."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click
from taskcore.models import TaskRecord
from taskcore.states import TaskState

from taskmq import bulk
from taskmq.bridge import bridge
from taskmq.cli.bulk import Deed, Outcome, do_to_found, do_to_named, one_by_one
from taskmq.cli.failures import ExitCode
from taskmq.cli.filtering import all_jobs, filter_options, narrows
from taskmq.cli.output import Output, output_options
from taskmq.cli.params import JOB_ID
from taskmq.cli.session import backend
from taskmq.filters import JobFilter
from taskmq.service import Cancellation, Service
from taskmq.storage.base import Job, QueueBackend
from taskmq.storage.store_backend import StoreBackend

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which jobs to change: those of ``ids``, or those that ``wanted`` lets through."""

    ids: tuple[int, ...]
    wanted: JobFilter
    everything: bool
    dry_run: bool
    yes: bool


def selection_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add ids and conditions to a command, which receives them as ``chosen``, a ``Selection``."""

    @click.argument("ids", type=JOB_ID, metavar="[ID]...", nargs=-1)
    @filter_options
    @click.option("--all", "everything", is_flag=True, help="Every job for which it is possible.")
    @click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @functools.wraps(command)
    def gathered(
        ids: tuple[int, ...], wanted: JobFilter, everything: bool, dry_run: bool, yes: bool, **options: Any
    ) -> R:
        if bool(ids) + (narrows(wanted) or everything) != 1:
            raise click.UsageError("give either the IDs of jobs, or conditions such as --handler, or --all")
        chosen = Selection(ids=ids, wanted=wanted, everything=everything, dry_run=dry_run, yes=yes)
        return command(chosen=chosen, **options)

    return gathered


@click.command("cancel")
@selection_options
@click.option("--running", is_flag=True, help="Also stop jobs that run.")
@output_options
def cancel_jobs(chosen: Selection, running: bool, output: Output) -> ExitCode:
    """Cancel jobs that are pending.

    With conditions, those of them that are pending, or with --running those that run.
    """
    opened = backend()
    queue = Service(opened)

    def one(job_id: int) -> Mapping[str, Any]:
        return {"state": queue.cancel(job_id, running=running).value}

    kind = "pending or running job" if running else "pending job"
    deed = Deed(
        verb="cancel",
        doing="cancelling",
        done="cancelled",
        kind=kind,
        some=_together(opened, bulk.Deed.CANCEL, one, running=running),
        most=bulk.CHUNK,
    )
    return _change(queue, deed, chosen, ("pending", "running") if running else ("pending",), output, one)


@click.command("retry")
@selection_options
@output_options
def retry_jobs(chosen: Selection, output: Output) -> ExitCode:
    """Let jobs that failed run again, under their ids and with all their attempts.

    With conditions, those of them that are dead or cancelled.
    """
    opened = backend()
    queue = Service(opened)
    one = _alone(queue.retry)
    some = _together(opened, bulk.Deed.RETRY, one)
    deed = Deed(verb="retry", doing="retrying", done="retried", kind="failed job", some=some, most=bulk.CHUNK)
    return _change(queue, deed, chosen, ("failed",), output, one)


@click.command("delete")
@selection_options
@output_options
def delete_jobs(chosen: Selection, output: Output) -> ExitCode:
    """Remove jobs with their logs; running ones are refused."""
    opened = backend()
    queue = Service(opened)
    one = _alone(queue.delete)
    some = _together(opened, bulk.Deed.DELETE, one)
    deed = Deed(verb="delete", doing="deleting", done="deleted", some=some, most=bulk.CHUNK)
    return _change(queue, deed, chosen, (None,), output, one)


def _alone(change: Callable[[int], object]) -> Callable[[int], Mapping[str, Any]]:
    """A change of which a document says no more than whose it is."""

    def one(job_id: int) -> Mapping[str, Any]:
        change(job_id)
        return {}

    return one


def _together(
    opened: QueueBackend, deed: bulk.Deed, one: Callable[[int], Mapping[str, Any]], *, running: bool = False
) -> Callable[[Sequence[int]], Outcome]:
    """Do it to some in one commit, as the REST API does; ``one`` by one on a backend that knows no more."""
    if not isinstance(opened, StoreBackend):
        return one_by_one(one)

    def some(ids: Sequence[int]) -> Outcome:
        told = bridge.run(bulk.act(opened.store, deed, bulk.Selection(ids=ids), running=running))
        return Outcome(
            [{"id": int(record.id), **_end_of(deed, record)} for record in told.done],
            [{"id": job_id, "reason": reason} for job_id in ids if (reason := told.skipped.get(job_id))],
        )

    return some


def _end_of(deed: bulk.Deed, record: TaskRecord) -> Mapping[str, Any]:
    """What a document says of a job beside its id, as it was before."""
    if deed is not bulk.Deed.CANCEL:
        return {}
    is_running = record.state is TaskState.RUNNING
    return {"state": (Cancellation.CANCELLING if is_running else Cancellation.CANCELLED).value}


def _change(
    queue: Service,
    deed: Deed,
    chosen: Selection,
    states: Sequence[str | None],
    output: Output,
    one: Callable[[int], Mapping[str, Any]],
) -> ExitCode:
    """Do it to the chosen jobs; by conditions, to those in one of ``states`` unless the user says in which."""
    if chosen.ids and not chosen.dry_run:
        return do_to_named(deed, chosen.ids, output, one)
    found = [queue.get(job_id) for job_id in chosen.ids] or _found(queue, chosen.wanted, states)
    return do_to_found(deed, found, output, dry_run=chosen.dry_run, yes=chosen.yes)


def _found(queue: Service, wanted: JobFilter, states: Sequence[str | None]) -> list[Job]:
    within = [wanted] if wanted.state else [replace(wanted, state=state) for state in states]
    return [job for condition in within for job in all_jobs(queue, condition)]
