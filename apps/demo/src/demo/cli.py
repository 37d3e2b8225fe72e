"""``demo [PATH]``: reads a folder with durable jobs, kills a worker on the way, and accounts for every file."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from taskcore.errors import TaskcoreError
from taskmq.storage.sqlite_backend import SQLiteBackend

from demo.fleet import LEASE, Casualty, Fleet
from demo.ledger import Ledger
from demo.report import Report, readable, report
from demo.scan import Scan, scan
from demo.watch import work_through

DEFAULT_DB = Path(".taskcore/demo.db")
EFFORT = 5.0
"""Seconds of computing for all files together, so that the workers are busy for a while whatever the folder ..."""
MAX_EFFORT = 0.5
"""... but no file gets more than this."""

WIDE = 200
"""Columns where nobody's terminal says how many it has: tables in a file or a pipe are not folded."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--workers", type=click.IntRange(1, 32), default=3, show_default=True, help="Worker processes.")
@click.option("--no-kill", is_flag=True, help="Let every worker live.")
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"A new file for the queue.  [default: {DEFAULT_DB}, which every run begins anew]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; everything else goes to stderr.")
def main(path: Path, workers: int, no_kill: bool, db: Path | None, as_json: bool) -> None:
    """Read the text files below PATH (default: here), one durable job a file, in several worker processes, one of which
    is killed on the way; then show what is in the files, and that nothing was lost or stored twice."""
    if workers == 1 and not no_kill:
        raise click.UsageError(
            "with one worker nobody is left when it is killed; use --workers 2 or more, or --no-kill"
        )
    # An exit that unwinds: a demo that is told to stop takes its workers along.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    console = Console(stderr=as_json, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    try:
        found = run(path.resolve(), fresh(db), workers, kill=not no_kill, console=console)
    except TaskcoreError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(found.as_json())
    else:
        found.show(console)
    sys.exit(0 if found.audit.passed else 1)


def run(root: Path, db: Path, workers: int, *, kill: bool, console: Console) -> Report:
    """The whole story, from the walk through the folder to the closing check."""
    began = time.monotonic()
    found = scan(root, without=db)
    files = found.files
    console.print(_found(found), soft_wrap=True, markup=False)
    with closing(SQLiteBackend(db)) as backend:
        ledger = Ledger(backend)
        ledger.enqueue(files, round(min(MAX_EFFORT, EFFORT / max(1, len(files))), 4))
        fleet = Fleet(db, workers if files else 0)
        with fleet, advancing(console, len(files)) as advanced:
            casualty = work_through(
                ledger,
                fleet,
                kill=kill,
                advanced=advanced,
                killed=lambda casualty: console.print(_killed(casualty), soft_wrap=True),
            )
        seconds = time.monotonic() - began
        return report(ledger, fleet, casualty, root=root, left_out=found.left_out, seconds=seconds)


def fresh(db: Path | None) -> Path:
    """Where the queue goes: a file that does not exist, in a folder that does.

    Raises:
        click.UsageError: a file was named that exists, or no folder can be made here.
    """
    place = (db or DEFAULT_DB).absolute()
    if db is not None and db.exists():
        raise click.UsageError(f"--db must name a file that does not exist yet, and {readable(db)} does")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if db is None:
            (place.parent / ".gitignore").write_text("*\n", encoding="ascii")
            for path in (place, Path(f"{place}-wal"), Path(f"{place}-shm")):
                path.unlink(missing_ok=True)
    except OSError as error:
        reason = f"{readable(place.parent)} cannot hold the queue: {error.strerror}"
        raise click.UsageError(f"{reason}; name another place with --db") from error
    return place


@contextmanager
def advancing(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of ``total`` are done: a bar for a person, a line every quarter for a file."""
    if not console.is_terminal:
        yield _Lines(console, total).advanced
        return
    columns = TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("reading", total=total)
        yield lambda done: progress.update(bar, completed=done)


class _Lines:
    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total, self._quarter = console, total, 0

    def advanced(self, done: int) -> None:
        quarter = 4 * done // max(1, self._total)
        if quarter > self._quarter:
            self._quarter = quarter
            self._console.print(f"{done} of {self._total} files are read")


def _found(found: Scan) -> str:
    left_out = ", ".join(f"{count} {reason}" for reason, count in found.left_out.items())
    return f"{len(found.files)} text files below {readable(found.root)}" + (
        f"; left out: {left_out}" if left_out else ""
    )


def _killed(casualty: Casualty) -> str:
    return (
        f"Killed {casualty.member.name} (SIGKILL, process {casualty.member.process.pid}) while it held "
        f"{len(casualty.jobs)} jobs. Its lease runs out in {LEASE} s; then the others take over."
    )
