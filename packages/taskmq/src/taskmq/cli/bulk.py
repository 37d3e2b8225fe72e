"""One thing done to many jobs: a count and a question first, then a few hundred a commit, and at the end who was left
out."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from taskcore.errors import IllegalMove, StoreError, TaskcoreError

from taskmq.cli.documents import JOB_COLUMNS, job_document
from taskmq.cli.failures import ExitCode, Failure, bad_input
from taskmq.cli.output import Column, Output
from taskmq.cli.text import as_json, counted, rough, visible
from taskmq.service import JobNotFound
from taskmq.storage.base import Job

NOTICE_EVERY = 10.0
"""Seconds between lines of progress where no bar can be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done to jobs, in the words of its messages.

    Attributes:
        verb, doing, done: as in "replay", "replaying", "replayed".
        kind: what kind of job it is done to, as in "dead job".
        some: does it to the jobs of these ids. An error of the store ends all.
        most: how many of them at a time.
    """

    verb: str
    doing: str
    done: str
    kind: str = "job"
    some: Callable[[Sequence[int]], "Outcome"]
    most: int = 1

    def counted(self, number: int) -> str:
        return counted(number, self.kind)


@dataclass(slots=True)
class Outcome:
    """Documents of the jobs to which it was done, and of those that were left out, with the reason."""

    done: list[Mapping[str, Any]] = field(default_factory=list)
    skipped: list[Mapping[str, Any]] = field(default_factory=list)


def do_to_found(
    deed: Deed, jobs: Sequence[Job], output: Output, *, dry_run: bool, yes: bool, pause: timedelta = timedelta(0)
) -> ExitCode:
    """Do it to jobs that were found by conditions, unless somebody only wants to know which, or says no.

    Raises:
        Failure: nobody can be asked.
    """
    if dry_run or not (jobs or output.chosen):
        _tell_plan(deed, jobs, output)
        return ExitCode.OK
    if jobs and not yes and not _confirmed(deed, len(jobs)):
        click.echo("Nothing changed.", err=True)
        return ExitCode.REFUSED
    return _do_to_all(deed, [job.id for job in jobs], output, pause)


def do_to_named(deed: Deed, ids: Sequence[int], output: Output, one: Callable[[int], Mapping[str, Any]]) -> ExitCode:
    """Do it to jobs that somebody named; of a single one that is refused, the error is all there is to say.

    Args:
        one: does it to a single one, and answers what a document says of that beside the id.
    """
    ids = tuple(dict.fromkeys(ids))
    if len(ids) > 1:
        return _do_to_all(deed, ids, output, timedelta(0))
    try:
        done = one(ids[0])
    except IllegalMove as error:
        message = f"job {ids[0]} is {error.state}; only one that is {error.allowed} can be {deed.done}"
        raise Failure(message, code=error.code) from error
    _tell(deed, Outcome([{"id": ids[0], **done}]), output)
    return ExitCode.OK


def _tell_plan(deed: Deed, jobs: Sequence[Job], output: Output) -> None:
    if output.chosen:
        output.many([job_document(job) for job in jobs], JOB_COLUMNS)
    elif not jobs:
        click.echo(f"No {deed.kind}s found.")
    else:
        click.echo(f"Would {deed.verb} {_summary(deed, jobs)}. Nothing changed.")


def _summary(deed: Deed, jobs: Sequence[Job]) -> str:
    """``2 dead jobs: email 1, report 1 (oldest 2 d, newest 4 min)``."""
    by_handler = Counter(visible(job.handler or "(no handler)") for job in jobs)
    ages = [(datetime.now(UTC) - (job.finished_at or job.created_at)).total_seconds() for job in jobs]
    handlers = ", ".join(f"{handler} {count}" for handler, count in by_handler.most_common())
    return f"{deed.counted(len(jobs))}: {handlers} (oldest {rough(max(ages))}, newest {rough(min(ages))})"


def _confirmed(deed: Deed, number: int) -> bool:
    if not sys.stdin.isatty():
        message = f"{deed.doing} {deed.counted(number)} needs a yes"
        raise bad_input(message, hint="look first with --dry-run, then repeat it with --yes")
    return click.confirm(f"{deed.verb.capitalize()} {deed.counted(number)}?", err=True)


def _do_to_all(deed: Deed, ids: Sequence[int], output: Output, pause: timedelta) -> ExitCode:
    """Do it, ``pause`` apart, and tell of it; partly done has its own exit code."""
    outcome = Outcome()
    try:
        for some in _paced(deed, ids, pause.total_seconds()):
            told = deed.some(some)
            outcome.done += told.done
            outcome.skipped += told.skipped
    except (StoreError, KeyboardInterrupt):
        unsure = f"; some of the next {deed.most} may be done" if deed.most > 1 else "; the others are as they were"
        click.echo(f"Stopped after {len(outcome.done)} of {len(ids)}{unsure}.", err=True)
        raise
    _tell(deed, outcome, output)
    if not outcome.skipped:
        return ExitCode.OK
    return ExitCode.PARTLY if outcome.done else ExitCode.REFUSED


def one_by_one(one: Callable[[int], Mapping[str, Any]]) -> Callable[[Sequence[int]], Outcome]:
    """Do to some what is done to one; an error skips the job."""

    def some(ids: Sequence[int]) -> Outcome:
        outcome = Outcome()
        for job_id in ids:
            try:
                outcome.done.append({"id": job_id, **one(job_id)})
            except StoreError:
                raise
            except JobNotFound:
                outcome.skipped.append({"id": job_id, "reason": "not found"})
            except TaskcoreError as error:
                outcome.skipped.append({"id": job_id, "reason": str(error)})
        return outcome

    return some


def _tell(deed: Deed, outcome: Outcome, output: Output) -> None:
    if output.ids_only:
        output.many(outcome.done, (Column("new_id" if outcome.done and "new_id" in outcome.done[0] else "id"),))
    elif output.chosen:
        click.echo(as_json({deed.done: outcome.done, "skipped": outcome.skipped}))
    else:
        reasons = "; ".join(f"job {job['id']}: {visible(job['reason'])}" for job in outcome.skipped)
        skipped = f", skipped {len(outcome.skipped)} ({reasons})" if outcome.skipped else ""
        click.echo(f"{deed.done.capitalize()} {len(outcome.done)}{skipped}.")


def _paced(deed: Deed, ids: Sequence[int], pause: float) -> Iterator[Sequence[int]]:
    """Hand out the ids, some at a time, and show how far it is: as a bar, or a line now and then."""
    from taskmq.cli.tables import progress_bar

    bar = progress_bar()
    task = bar.add_task(deed.doing.capitalize(), total=len(ids))
    told = time.monotonic()
    with bar:
        for first in range(0, len(ids), deed.most):
            some = ids[first : first + deed.most]
            if first and pause:
                time.sleep(pause)
            yield some
            bar.advance(task, len(some))
            if bar.disable and time.monotonic() - told >= NOTICE_EVERY:
                told = time.monotonic()
                click.echo(f"{deed.doing.capitalize()} {first + len(some)}/{len(ids)}", err=True)
