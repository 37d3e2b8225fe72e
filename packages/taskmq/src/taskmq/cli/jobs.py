"""The commands that begin with jobs, and what jobs list does."""

import shlex
from dataclasses import replace

import click

from taskmq.cli.changing import cancel_jobs, delete_jobs, retry_jobs
from taskmq.cli.completing import Whole
from taskmq.cli.documents import JOB_COLUMNS, job_document
from taskmq.cli.filtering import filter_options, words_of
from taskmq.cli.output import Output, output_options
from taskmq.cli.purging import purge_jobs
from taskmq.cli.reading import inspect
from taskmq.cli.session import service
from taskmq.cli.text import visible
from taskmq.filters import JobFilter


@click.group("jobs")
def jobs() -> None:
    """List and change jobs."""


for _command in (cancel_jobs, delete_jobs, purge_jobs, retry_jobs):
    jobs.add_command(_command)
jobs.add_command(inspect, "show")


@jobs.command("list")
@filter_options
@click.option("--limit", type=Whole(1, 1000), metavar="N", default=50, show_default=True, help="At most N jobs.")
@click.option("--cursor", help="Where to go on, as the page before said.")
@output_options
def list_jobs(wanted: JobFilter, limit: int, cursor: str | None, output: Output) -> None:
    """List jobs, newest first."""
    queue = service()
    page = queue.list(replace(wanted, limit=limit, cursor=cursor))
    output.many([job_document(job) for job in page.items], JOB_COLUMNS, next_cursor=page.next_cursor)
    if page.next_cursor is not None and not output.is_document:
        words = [*words_of(wanted), "--limit", str(limit), "--cursor", page.next_cursor]
        more = visible(shlex.join(["taskmq", "jobs", "list", *words]))
        total = queue.count(wanted)
        of = "" if total is None else f" of {total}"
        click.echo(f"{len(page.items)}{of} shown. More: {more}", err=True)
