"""Commands for jobs that failed for good, and for running jobs again: list-dead, replay, replay-dead."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import click
from taskcore.ports import TaskStore

from taskmq import bulk
from taskmq.bridge import bridge
from taskmq.cli.bulk import Deed, Outcome, do_to_found
from taskmq.cli.completing import HANDLER, MAX_ID, Whole
from taskmq.cli.documents import JOB_COLUMNS, job_document
from taskmq.cli.failures import ExitCode, Failure
from taskmq.cli.filtering import all_jobs
from taskmq.cli.output import Output, output_options
from taskmq.cli.params import JOB_ID, MOST, rate
from taskmq.cli.session import backend, import_option, service
from taskmq.cli.text import as_json, visible
from taskmq.filters import JobFilter
from taskmq.jobs.handlers import get_handler
from taskmq.service import HashMismatch, JobNotFound, NotReplayable, Service
from taskmq.storage.base import Job
from taskmq.storage.store_backend import StoreBackend


@click.command("list-dead")
@click.option("--limit", type=Whole(1, MOST), metavar="N", default=20, show_default=True, help="At most N jobs.")
@click.option("--offset", type=Whole(0, MAX_ID), metavar="N", default=0, show_default=True, help="Pass over N jobs.")
@output_options
def list_dead(limit: int, offset: int, output: Output) -> None:
    """List dead jobs, newest first."""
    dead = service().list_dead(limit, offset)
    if output.chosen:
        output.many([job_document(job) for job in dead], JOB_COLUMNS)
        return
    click.echo(f"Found {len(dead)} dead jobs:" if dead else "No dead jobs found.")
    for job in dead:
        handler, error = visible(job.handler), visible(job.error_log)
        click.echo(f"ID: {job.id} | Created: {job.created_at} | Handler: {handler} | Error: {error}")


@click.command("replay")
@click.argument("job_id", type=JOB_ID, metavar="ID")
@click.option("--exact", is_flag=True, help="Refuse unless the handler's code is what ran the job.")
@import_option
@output_options
def replay(job_id: int, exact: bool, modules: tuple[str, ...], output: Output) -> None:
    """Store a copy of any job, due now."""
    queue = service()
    if exact:
        _verify(queue, job_id)
        if not output.chosen:
            click.echo("Handler hash verified. Code matches.")
    new = queue.replay(job_id)
    _told(job_id, new, output, f"Job {job_id} replayed. New Job ID: {new}")


def _verify(queue: Service, job_id: int) -> None:
    try:
        queue.verify_hash(job_id)
    except HashMismatch as error:
        excerpt = [f"Original: {error.original}", f"Current:  {error.current}", "Code has changed since the job ran."]
        hint = f"replay it with the new code: taskmq replay {job_id}"
        raise Failure(str(error), hint=hint, code=error.code, excerpt=excerpt) from error
    except NotReplayable as error:
        hint = f"name the handler's module with --import, or replay without the check: taskmq replay {job_id}"
        raise Failure(str(error), hint=hint, code=error.code) from error


@click.command("replay-dead")
@click.argument("job_id", type=JOB_ID, metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="All dead jobs, oldest first.")
@click.option("--handler", type=HANDLER, help="With --all: only jobs with this handler.")
@click.option("--dry-run", is_flag=True, help="With --all: say what would be replayed.")
@click.option("--yes", is_flag=True, help="With --all: do not ask.")
@click.option("--rate", "pause", type=rate, metavar="N/s", help="With --all: no faster than this, e.g. 5/s or 100/m.")
@import_option
@output_options
def replay_dead(
    job_id: int | None,
    everything: bool,
    handler: str | None,
    dry_run: bool,
    yes: bool,
    pause: timedelta | None,
    modules: tuple[str, ...],
    output: Output,
) -> ExitCode:
    """Queue dead jobs anew.

    Each gets a new id and leaves the list of dead jobs.
    With --import, jobs whose handlers those modules do not register are skipped.
    """
    if everything is (job_id is not None):
        raise click.UsageError("give either the ID of a dead job or --all")
    if job_id is not None:
        if handler or dry_run or pause:
            raise click.UsageError("--handler, --dry-run and --rate go with --all")
        return _replay_one(job_id, output)
    opened = backend()
    dead = list(all_jobs(Service(opened), JobFilter(state="dead", handler=handler)))
    deed = _replaying(cast(StoreBackend, opened).store, dead if modules else (), at_once=pause is None)
    return do_to_found(deed, dead, output, dry_run=dry_run, yes=yes, pause=pause or timedelta(0))


def _replay_one(job_id: int, output: Output) -> ExitCode:
    try:
        new = service().replay_dead(job_id)
    except JobNotFound as error:
        raise Failure(str(error), hint="list dead jobs with: taskmq list-dead", code=error.code) from error
    _told(job_id, new, output, f"Job {job_id} replayed successfully. New Job ID: {new}")
    return ExitCode.OK


def _told(job_id: int, new: int, output: Output, line: str) -> None:
    if output.ids_only:
        click.echo(str(new))
    elif output.chosen:
        click.echo(as_json({"id": job_id, "new_id": new}))
    else:
        click.echo(line)


def _replaying(store: TaskStore, only_registered: Sequence[Job], *, at_once: bool) -> Deed:
    """Replay dead jobs; those ``only_registered`` are refused when this process does not know their handlers."""
    handlers = {job.id: job.handler for job in only_registered if get_handler(job.handler) is None}
    gone = {job_id: f'handler "{handler}" no longer registered' for job_id, handler in handlers.items()}

    def some(ids: Sequence[int]) -> Outcome:
        known = [job_id for job_id in ids if job_id not in gone]
        replays = bridge.run(bulk.replay_dead(store, bulk.Selection(ids=known)))
        reasons = gone | replays.skipped
        return Outcome(
            [{"id": int(record.id), "new_id": new} for record, new in replays.jobs],
            [{"id": job_id, "reason": reasons[job_id]} for job_id in ids if job_id in reasons],
        )

    most = bulk.CHUNK if at_once else 1
    return Deed(verb="replay", doing="replaying", done="replayed", kind="dead job", some=some, most=most)
