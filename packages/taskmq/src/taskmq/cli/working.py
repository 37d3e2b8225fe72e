"""run-worker: a process that runs jobs."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from taskcore.engine.announcer import Tally

from taskmq import cli as front
from taskmq.cli.failures import ExitCode
from taskmq.cli.params import duration
from taskmq.cli.program import address
from taskmq.cli.session import close_at_end, import_option
from taskmq.cli.text import visible
from taskmq.jobs.handlers import HANDLERS
from taskmq.settings import Settings


@click.command("run-worker")
@click.option("--max-workers", type=click.IntRange(max=10_000), default=1, show_default=True, help="Jobs at one time.")
@click.option("--until-idle", is_flag=True, help="Stop when no job is due and none is running.")
@click.option("--lease", type=duration, help="Silence after which others take over a job.  [default: 30s]")
@click.option("--grace", type=duration, help="How long running jobs may go on when it is stopped.  [default: 30s]")
@import_option
def run_worker(
    max_workers: int, until_idle: bool, lease: timedelta | None, grace: timedelta | None, modules: tuple[str, ...]
) -> ExitCode:
    """Run jobs.

    SIGINT or SIGTERM lets running jobs finish; a second one aborts them.
    """
    settings = Settings.from_env(os.environ)
    asked: dict[str, Any] = {"max_workers": max_workers}
    if lease is not None:
        asked["lock_timeout"] = lease.total_seconds()
    if grace is not None:
        asked["grace"] = grace.total_seconds()
    pool = front.worker.Worker(**asked)
    close_at_end(pool.backend)
    click.echo(
        f"Starting worker pool with {max_workers} worker(s) using {settings.backend} backend... Press Ctrl+C to stop."
    )
    click.echo(f"  handlers: {_handlers()}   {_place(settings)}", err=True)
    try:
        tally = pool.start(until_idle=True) if until_idle else pool.start()
    except KeyboardInterrupt:  # it came before the worker took signals over, or after
        click.echo("Stopping worker...")
        pool.stop()
        return ExitCode.OK
    click.echo(_summary(tally), err=True)
    return ExitCode.OK


def _handlers() -> str:
    return ", ".join(sorted(visible(name) for name in HANDLERS))


def _place(settings: Settings) -> str:
    if settings.backend == "redis":
        return f"redis: {visible(address(settings))}"
    return f"db: {visible(Path(settings.db_path).absolute())}"


def _summary(tally: Tally) -> str:
    failed = tally.failed + tally.retried
    processed = tally.succeeded + failed + tally.cancelled
    return f"Stopped. Processed {processed} ({tally.succeeded} ok, {failed} failed), requeued {tally.released}."
