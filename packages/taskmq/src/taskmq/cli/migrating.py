"""migrate: move a queue from one store to another."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from taskcore.errors import InvalidInput, StoreError

from taskmq.cli.failures import ExitCode, Failure, bad_input
from taskmq.cli.output import Column, Output, output_options
from taskmq.cli.program import address
from taskmq.cli.session import close_at_end
from taskmq.cli.text import counted, visible
from taskmq.errors import MigrationRefused
from taskmq.migration import Migration, Moved
from taskmq.settings import Settings
from taskmq.storage import get_backend
from taskmq.storage.store_backend import StoreBackend

COLUMNS = (Column("state", "State"), Column("jobs", "Jobs"))
NOTICE_EVERY = 10.0
"""Seconds between lines of progress where no bar can be drawn."""


@click.command("migrate")
@click.option("--from", "source", required=True, metavar="URL", help="sqlite:///path, redis://host:6379/0 ...")
@click.option("--to", "target", required=True, metavar="URL", help="An empty queue, or a migration to go on with.")
@click.option("--all", "everything", is_flag=True, help="Jobs that succeeded, were cancelled or expired, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be moved.")
@click.option("--force", is_flag=True, help="Though workers are there; jobs that are running may run twice.")
@output_options
def migrate(source: str, target: str, everything: bool, dry_run: bool, force: bool, output: Output) -> ExitCode:
    """Move the jobs that wait, dead jobs and schedules to another store.

    They keep ids, order, times, attempts and logs. They stay in the source, which is paused: resume its queues to go
    back to it. A migration that was interrupted is finished by running it again. Users are not moved.
    """
    origin, goal = _settings("--from", source), _settings("--to", target)
    if address(origin) == address(goal):
        raise bad_input("--from and --to name the same queue")
    _expect_file(origin)
    with _told_plainly():
        if dry_run and _is_missing(goal):
            goal = origin  # nothing is made in a rehearsal, and nothing is in the way there
        migration = Migration(_opened(origin), _opened(goal), everything=everything)
        _check(migration, force=force)
        if dry_run:
            return _tell_plan(migration, address(origin), output)
        moved = _moved(migration)
    return _tell(moved, {"from": address(origin), "to": address(goal)}, output)


def _settings(option: str, url: str) -> Settings:
    try:
        return Settings.of_url(url, redis_prefix=os.environ.get("TASKMQ_REDIS_PREFIX"))
    except InvalidInput as error:
        raise bad_input(f"{option}: {error}") from error


def _is_missing(settings: Settings) -> bool:
    return settings.backend == "sqlite" and not Path(settings.db_path).exists()


def _expect_file(settings: Settings) -> None:
    if _is_missing(settings):
        raise Failure(f"there is no file {Path(settings.db_path).absolute()}", code="not_found")


def _opened(settings: Settings) -> StoreBackend:
    backend = get_backend(settings)
    close_at_end(backend)
    return backend


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Say of a store that is away which one it is; the queue of the environment has nothing to do with it."""
    try:
        yield
    except StoreError as error:
        hint = "both stores must be there; what was moved is not moved again"
        raise Failure(str(error), hint=hint, code=error.code, exit_code=ExitCode.STORE) from error


def _check(migration: Migration, *, force: bool) -> None:
    try:
        if not force:
            migration.refuse_if_busy()
    except MigrationRefused as error:
        raise Failure(str(error), hint="or use --force, and jobs may run twice", code=error.code) from error
    migration.refuse_if_strange()


def _tell_plan(migration: Migration, place: str, output: Output) -> ExitCode:
    survey = migration.survey()
    output.many(_rows(survey.jobs), COLUMNS, schedules=survey.schedules, dry_run=True)
    schedules = counted(survey.schedules, "schedule")
    click.echo(
        f"Would move {counted(sum(survey.jobs.values()), 'job')} and {schedules} of {visible(place)}. Nothing changed.",
        err=True,
    )
    return ExitCode.OK


def _moved(migration: Migration) -> Moved:
    """Move, and show how far it is: as a bar, or a line now and then."""
    from taskmq.cli.tables import progress_bar

    total = sum(migration.survey().jobs.values())
    with progress_bar() as bar:
        task = bar.add_task("Moving", total=total)
        return migration.run(_progress(lambda more: bar.advance(task, more), total, quiet=not bar.disable))


def _progress(advance: Callable[[int], None], total: int, *, quiet: bool) -> Callable[[int], None]:
    done, told = 0, time.monotonic()

    def count(more: int) -> None:
        nonlocal done, told
        done += more
        advance(more)
        if not quiet and time.monotonic() - told >= NOTICE_EVERY:
            told = time.monotonic()
            click.echo(f"Moving {done}/{total}", err=True)

    return count


def _tell(moved: Moved, about: Mapping[str, str], output: Output) -> ExitCode:
    checksums = {"checksum_read": moved.read, "checksum_written": moved.written, "differing": list(moved.differing)}
    late = {"late": moved.late, "left": list(moved.left)}
    more = {"schedules": moved.schedules, "already_there": moved.already}
    output.many(_rows(moved.jobs), COLUMNS, **about, **more, **checksums, **late)
    already = f" ({moved.already} were there before)" if moved.already else ""
    jobs, schedules = counted(sum(moved.jobs.values()), "job"), counted(moved.schedules, "schedule")
    click.echo(f"Moved {jobs}{already} and {schedules}; read {moved.read}, written {moved.written}.", err=True)
    wrong = list(_wrong(moved, visible(about["from"])))
    for sentence in wrong:
        click.echo(f"Error: {sentence}", err=True)
    if wrong:
        return ExitCode.REFUSED
    click.echo(f"The queues of {visible(about['from'])} are paused, and the jobs are there still.", err=True)
    return ExitCode.OK


def _wrong(moved: Moved, source: str) -> Iterator[str]:
    if moved.differing:
        jobs = counted(len(moved.differing), "job")
        yield f"{jobs} changed while it was moved, or since: {_some(moved.differing)}. Compare both queues."
    if moved.late:
        left = f", and {len(moved.left)} stayed behind: {_some(moved.left)}" if moved.left else ""
        came = f"{counted(moved.late, 'job')} came to {source} meanwhile{left}"
        yield f"{came}. Something adds jobs there still; stop it, and run this again."


def _some(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids[:5])) + (" ..." if len(ids) > 5 else "")


def _rows(jobs: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"state": state, "jobs": count} for state, count in sorted(jobs.items())]
