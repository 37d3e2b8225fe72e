"""Commands for jobs that failed for good, and for running jobs again: list-dead, replay, replay-dead."""

from collections.abc import Sequence
from datetime import timedelta

import click

from taskmq.cli.bulk import Deed, do_to_found, one_by_one
from taskmq.cli.completing import HANDLER, MAX_ID
from taskmq.cli.documents import JOB_COLUMNS, job_document
from taskmq.cli.failures import ExitCode, Failure
from taskmq.cli.output import Output, output_options
from taskmq.cli.params import JOB_ID, MOST, rate
from taskmq.cli.session import import_option, service
from taskmq.cli.text import as_json, visible
from taskmq.jobs.handlers import get_handler
from taskmq.service import HashMismatch, JobNotFound, NotReplayable, Service
from taskmq.storage.base import Job


@click.command("list-dead")
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True, help="At most N jobs.")
@click.option("--offset", type=click.IntRange(0, MAX_ID), default=0, show_default=True, help="Pass over N jobs.")
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
    queue = service()
    dead = [job for job, _ in queue.replay_all_dead(handler=handler, dry_run=True).jobs]
    deed = _replaying(queue, dead if modules else ())
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


def _replaying(queue: Service, only_registered: Sequence[Job]) -> Deed:
    """Replay dead jobs; those ``only_registered`` are refused when this process does not know their handlers."""
    gone = {job.id: job.handler for job in only_registered if get_handler(job.handler) is None}

    def one(job_id: int) -> dict[str, int]:
        if job_id in gone:
            raise NotReplayable(f'handler "{gone[job_id]}" no longer registered')
        try:
            return {"new_id": queue.replay_dead(job_id)}
        except JobNotFound:
            raise NotReplayable("no longer dead") from None

    return Deed(verb="replay", doing="replaying", done="replayed", kind="dead job", one=one, some=one_by_one(one))
