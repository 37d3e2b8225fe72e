"""Commands that look at one job and change nothing: get-job, inspect, logs."""

import click

from taskmq.cli.completing import HANDLER, JobId, Whole
from taskmq.cli.course import course_of, place_of, result_text
from taskmq.cli.documents import (
    ENTRY_COLUMNS,
    ICONS,
    JOB_COLUMNS,
    duration_ms,
    entry_document,
    job_document,
    payload_text,
    wait_ms,
)
from taskmq.cli.failures import bad_input
from taskmq.cli.output import Output, on_terminal, output_options
from taskmq.cli.params import JOB_ID, MOST
from taskmq.cli.session import backend, service
from taskmq.cli.text import precise, visible
from taskmq.service import Entry, Service
from taskmq.storage.base import Job
from taskmq.storage.store_backend import StoreBackend


@click.command("get-job")
@click.argument("job_id", type=JOB_ID, metavar="ID")
@output_options
def get_job(job_id: int, output: Output) -> None:
    """Show one job."""
    job = service().get(job_id)
    if output.chosen:
        output.one(job_document(job), JOB_COLUMNS)
        return
    click.echo(f"Job ID: {job.id}")
    click.echo(f"Status: {job.status.value}")
    click.echo(f"Priority: {job.priority}")
    click.echo(f"Payload: {payload_text(job)}")
    click.echo(f"Result: {_result(job)}")
    if job.error_log:
        click.echo(f"Error: {visible(job.error_log)}")
    click.echo(f"Retries: {job.retries}")
    if on_terminal() and job.tries:
        click.echo(_last_attempt(job))


def _result(job: Job) -> str:
    """For people as JSON; scripts of old know it as Python shows it."""
    return result_text(job.return_value) if on_terminal() and job.return_value is not None else visible(job.result)


def _last_attempt(job: Job) -> str:
    """A line for people; scripts of old know the lines above and get no other."""
    spans = (("Duration", duration_ms(job)), ("Wait", wait_ms(job)))
    parts = [f"{name}: {precise(ms)}" for name, ms in spans if ms is not None]
    parts += [f"Worker: {visible(place_of(job.worker))}"] if job.worker else []
    return "   ".join([*parts, f"Attempts: {job.tries}"])


@click.command("inspect")
@click.argument("job_id", type=JOB_ID, metavar="ID")
@output_options
def inspect(job_id: int, output: Output) -> None:
    """Show what happened to a job."""
    opened = backend()
    queue = Service(opened)
    job = queue.get(job_id)
    if on_terminal() and not output.chosen and isinstance(opened, StoreBackend):
        click.echo(f"Job {job.id}  {visible(job.handler or '(no handler)')}  {ICONS.get(job.state, '?')} {job.state}")
        for line in course_of(opened, job):
            click.echo(line)
        return
    entries = queue.timeline(job_id)
    if output.chosen:
        timeline = [{"timestamp": entry.at, "level": entry.level, "message": entry.message} for entry in entries]
        output.one({**job_document(job), "timeline": timeline}, JOB_COLUMNS)
        return
    click.echo(f"Job ID: {job.id}")
    click.echo(f"Status: {job.status.value}")
    click.echo(f"Handler: {visible(job.handler)}")
    click.echo(f"Payload: {payload_text(job)}")
    click.echo("-" * 40)
    click.echo("Execution Timeline:")
    for entry in entries:
        click.echo(f"[{visible(entry.at)}] {visible(entry.message)}")


@click.command("logs")
@click.option("--job", "job_id", type=JobId(0), metavar="ID", help="Lines of this job.")
@click.option("--handler", type=HANDLER, help="Lines of jobs with this handler.")
@click.option("--limit", type=Whole(1, MOST), metavar="N", default=50, show_default=True, help="The newest N lines.")
@output_options
def logs(job_id: int | None, handler: str | None, limit: int, output: Output) -> None:
    """Show the log of a job or a handler.

    The newest lines, oldest of them first.
    """
    if not job_id and not handler:
        raise bad_input("Please specify --job or --handler", hint="e.g. taskmq logs --job 42")
    entries = service().logs(job_id=job_id or None, handler=handler or None, limit=limit)
    if output.chosen:
        output.many([entry_document(entry) for entry in entries], ENTRY_COLUMNS)
    elif not entries:
        click.echo("No logs found.")
    else:
        for entry in entries:
            click.echo(log_line(entry))


def log_line(entry: Entry) -> str:
    """A line of a log, for people."""
    return f"[{visible(entry.at)}] [Job {entry.job_id}] [{visible(entry.level)}] {visible(entry.message)}"
