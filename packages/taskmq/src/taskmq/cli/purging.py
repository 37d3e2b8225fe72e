"""jobs purge: remove what has been over for long enough."""

import sys
from datetime import UTC, datetime, timedelta

import click

from taskmq.cli.completing import Whole
from taskmq.cli.failures import ExitCode, bad_input
from taskmq.cli.filtering import all_jobs
from taskmq.cli.params import MOST, duration
from taskmq.cli.session import service
from taskmq.cli.text import as_json, counted
from taskmq.filters import JobFilter
from taskmq.service import Service

STATES = ("success", "dead", "cancelled", "failed")


@click.command("purge")
@click.option("--older-than", type=duration, required=True, metavar="30d", help="Jobs that ended longer ago.")
@click.option("--state", type=click.Choice(STATES), help="Only jobs in this state; failed is dead or cancelled.")
@click.option("--most", type=Whole(1, MOST), metavar="N", help="At most so many, oldest first.")
@click.option("--dry-run", is_flag=True, help="Count them, and remove none.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_document", is_flag=True, help="Print one JSON document; errors too.")
def purge_jobs(
    older_than: timedelta, state: str | None, most: int | None, dry_run: bool, yes: bool, as_document: bool
) -> ExitCode:
    """Remove jobs that have been over for so long, with their logs."""
    queue = service()
    if dry_run:
        number = _count(queue, state, older_than, most)
        _tell({"would_purge": number}, f"Would purge {counted(number, 'job')}. Nothing changed.", as_document)
        return ExitCode.OK
    if not yes and not _confirmed(_count(queue, state, older_than, most)):
        click.echo("Nothing changed.", err=True)
        return ExitCode.REFUSED
    number = queue.purge(state, older_than=older_than, most=most)
    _tell({"purged": number}, f"Purged {counted(number, 'job')}.", as_document)
    return ExitCode.OK


def _count(queue: Service, state: str | None, older_than: timedelta, most: int | None) -> int:
    try:
        until = datetime.now(UTC) - older_than
    except OverflowError:
        return 0
    over = ("success", "failed") if state is None else (state,)
    jobs = (job for word in over for job in all_jobs(queue, JobFilter(state=word)))
    number = sum(job.finished_at is not None and job.finished_at < until for job in jobs)
    return number if most is None else min(number, most)


def _confirmed(number: int) -> bool:
    if not sys.stdin.isatty():
        message = f"purging {counted(number, 'job')} needs a yes"
        raise bad_input(message, hint="look first with --dry-run, then repeat it with --yes")
    return click.confirm(f"Purge {counted(number, 'job')}?", err=True)


def _tell(document: dict[str, int], line: str, as_document: bool) -> None:
    click.echo(as_json(document) if as_document else line)
