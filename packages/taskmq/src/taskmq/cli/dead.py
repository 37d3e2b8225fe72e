"""Commands for jobs that failed for good, and for running jobs again: list-dead, replay, replay-dead."""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import click
from taskcore.errors import StoreError

from taskmq.cli.documents import JOB_COLUMNS, job_document
from taskmq.cli.failures import ExitCode, Failure, bad_input
from taskmq.cli.output import Column, Output, output_options
from taskmq.cli.params import JOB_ID, MOST, rate
from taskmq.cli.session import import_option, service
from taskmq.cli.text import as_json, rough, visible
from taskmq.jobs.handlers import get_handler
from taskmq.service import HashMismatch, JobNotFound, NotReplayable, Service
from taskmq.storage.base import Job

NOTICE_EVERY = 10.0
"""Seconds between lines of progress where no bar can be drawn."""


@click.command("list-dead")
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True, help="At most N jobs.")
@click.option("--offset", type=click.IntRange(0, JOB_ID.max), default=0, show_default=True, help="Pass over N jobs.")
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
@click.option("--handler", help="With --all: only jobs with this handler.")
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
    if dry_run or not dead:
        _tell_plan(dead, output)
        return ExitCode.OK
    if not yes and not _confirmed(len(dead)):
        click.echo("Nothing changed.", err=True)
        return ExitCode.REFUSED
    return _replay_many(queue, dead, pause or timedelta(0), bool(modules), output)


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


def _tell_plan(dead: Sequence[Job], output: Output) -> None:
    if output.chosen:
        output.many([job_document(job) for job in dead], JOB_COLUMNS)
    elif not dead:
        click.echo("No dead jobs found.")
    else:
        click.echo(f"Would replay {_counted(len(dead))}: {_summary(dead)}. Nothing changed.")


def _summary(dead: Sequence[Job]) -> str:
    """``email 9, report 3 (oldest 2 d, newest 4 min)``."""
    by_handler = Counter(visible(job.handler or "(no handler)") for job in dead)
    ages = [(datetime.now(UTC) - (job.finished_at or job.created_at)).total_seconds() for job in dead]
    handlers = ", ".join(f"{handler} {count}" for handler, count in by_handler.most_common())
    return f"{handlers} (oldest {rough(max(ages))}, newest {rough(min(ages))})"


def _counted(number: int) -> str:
    return f"{number} dead job{'' if number == 1 else 's'}"


def _confirmed(number: int) -> bool:
    if not sys.stdin.isatty():
        raise bad_input(
            f"replaying {_counted(number)} needs a yes", hint="look first with --dry-run, then repeat it with --yes"
        )
    return click.confirm(f"Replay {_counted(number)}?", err=True)


def _replay_many(
    queue: Service, dead: Sequence[Job], pause: timedelta, only_registered: bool, output: Output
) -> ExitCode:
    replayed: list[dict[str, int]] = []
    skipped: list[dict[str, object]] = []
    try:
        for job in _paced(dead, pause.total_seconds()):
            if only_registered and get_handler(job.handler) is None:
                skipped.append({"id": job.id, "reason": f'handler "{job.handler}" no longer registered'})
                continue
            try:
                replayed.append({"id": job.id, "new_id": queue.replay_dead(job.id)})
            except JobNotFound:
                skipped.append({"id": job.id, "reason": "no longer dead"})
    except (StoreError, KeyboardInterrupt):
        click.echo(f"Stopped after {len(replayed)} of {len(dead)}; the others are dead still.", err=True)
        raise
    _tell_done(replayed, skipped, output)
    return ExitCode.PARTLY if skipped else ExitCode.OK


def _tell_done(replayed: Sequence[dict[str, int]], skipped: Sequence[dict[str, object]], output: Output) -> None:
    if output.ids_only:
        output.many(replayed, (Column("new_id"),))
    elif output.chosen:
        click.echo(as_json({"replayed": replayed, "skipped": skipped}))
    else:
        reasons = "; ".join(f"job {job['id']}: {visible(job['reason'])}" for job in skipped)
        click.echo(f"Replayed {len(replayed)}" + (f", skipped {len(skipped)} ({reasons})." if skipped else "."))


def _paced(jobs: Sequence[Job], pause: float) -> Iterator[Job]:
    """Hand out the jobs, ``pause`` seconds apart, and show how far it is: as a bar, or a line now and then."""
    from taskmq.cli.tables import progress_bar

    bar = progress_bar()
    task = bar.add_task("Replaying", total=len(jobs))
    told = time.monotonic()
    with bar:
        for done, job in enumerate(jobs):
            if done and pause:
                time.sleep(pause)
            yield job
            bar.advance(task)
            if bar.disable and time.monotonic() - told >= NOTICE_EVERY:
                told = time.monotonic()
                click.echo(f"Replaying {done + 1}/{len(jobs)}", err=True)
