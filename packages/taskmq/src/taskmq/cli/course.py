"""The course of a job, as a person reads it on a terminal: a line for all that happened, with how long it took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import click
from taskcore.ids import WorkerId
from taskcore.models import Attempt, LogLine
from taskcore.states import Event

from taskmq.bridge import bridge
from taskmq.cli.text import as_json, milliseconds, precise, visible
from taskmq.job import Job
from taskmq.storage import history
from taskmq.storage.store_backend import StoreBackend
from taskmq.vocabulary import QUEUE, RETRY_GRANTED, task_id, value_of

NEWEST = 100
"""Lines of its log that are shown."""
LONGEST = 200
"""Characters of a result that are shown."""

_ENDINGS = {
    Event.SUCCEED: "succeeded",
    Event.REPEAT: "succeeded",
    Event.RETRY: "failed",
    Event.FAIL: "failed",
    Event.LOSE: "lost",
    Event.RELEASE: "given back",
    Event.INTERRUPT: "given back",
    Event.CANCEL: "cancelled",
}
_COLOURS = {"failed": "red", "error": "red", "lost": "yellow", "cancelled": "yellow", "warning": "yellow"}


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened at an instant, in a word or two, and what else there is to say of it."""

    at: datetime
    what: str
    detail: str


def course_of(backend: StoreBackend, job: Job) -> list[str]:
    """The lines for a job, oldest first."""
    task = task_id(job.id)
    attempts, lines = bridge.run(backend.store.attempts(task)), bridge.run(backend.store.logs(task, limit=NEWEST))
    told = [_of_line(line) for line in lines if not line.message.startswith(RETRY_GRANTED)]  # attempts tell it, too
    moments = sorted([*_of_attempts(job, attempts), *told], key=lambda moment: moment.at)
    moments = [Moment(job.created_at, "queued", _order(job)), *moments]
    today = datetime.now().astimezone().date()
    form = "%H:%M:%S.%f" if {moment.at.astimezone().date() for moment in moments} == {today} else "%Y-%m-%d %H:%M:%S.%f"
    return [_line(moment, form) for moment in moments]


def place_of(worker: str) -> str:
    """Host and process of a worker that is named after them, without the random part; other names as they are."""
    parts = worker.rsplit(":", 2)
    return ":".join(parts[:2]) if len(parts) == 3 and parts[1].isdigit() else worker


def result_text(value: object) -> str:
    """What a handler returned; text as it is, all else as JSON."""
    return visible(value) if isinstance(value, str) else as_json(value)


def _line(moment: Moment, form: str) -> str:
    at = moment.at.astimezone().strftime(form)[:-3]
    colour = _COLOURS.get(moment.what)
    what = click.style(f"{moment.what:<15}", fg=colour, reset=colour is not None)
    return f"  {at}  {what} {moment.detail}".rstrip()


def _order(job: Job) -> str:
    queue = "" if job.queue == QUEUE else f", queue {visible(job.queue)}"
    schedule = f", by schedule {visible(job.schedule)}" if job.schedule else ""
    return f"priority {job.priority}{queue}{schedule}"


def _of_line(line: LogLine) -> Moment:
    return Moment(line.at, line.level.lower(), visible(line.message))


def _of_attempts(job: Job, attempts: Sequence[Attempt]) -> Iterator[Moment]:
    skipped = 0
    for attempt, following in pairwise([*attempts, None]):
        if attempt is None or history.is_by_hand(attempt):
            continue
        if (reason := history.held_back(attempt)) is not None:
            skipped += 1
            yield Moment(attempt.started_at, "held back", visible(reason))
            continue
        yield Moment(
            attempt.started_at, f"attempt {attempt.number - skipped}", f"worker {visible(_place(attempt.worker))}"
        )
        if attempt.ended is not None and attempt.finished_at is not None:
            next_at = job.scheduled_for if following is None else following.started_at
            yield Moment(attempt.finished_at, _ENDINGS.get(attempt.ended, "failed"), _ending(attempt, next_at))
    if job.state == "cancelled" and job.finished_at is not None and not any(_is_cancelled(each) for each in attempts):
        yield Moment(job.finished_at, "cancelled", visible(job.error_log))


def _place(worker: WorkerId) -> str:
    return place_of(str(worker))


def _is_cancelled(attempt: Attempt) -> bool:
    return attempt.ended is Event.CANCEL and not history.is_by_hand(attempt)


def _ending(attempt: Attempt, next_at: datetime) -> str:
    if attempt.finished_at is None:
        return ""
    took = precise(milliseconds(attempt.finished_at - attempt.started_at))
    match attempt.ended:
        case Event.SUCCEED | Event.REPEAT:
            return f"{_short(result_text(value_of(attempt.result)))} ({took})"
        case Event.RETRY:
            wait = milliseconds(max(next_at, attempt.finished_at) - attempt.finished_at)
            return f"{_error(attempt)} ({took}), retry in {precise(wait)}"
        case _:
            return f"{_error(attempt)} ({took})".strip()


def _error(attempt: Attempt) -> str:
    if attempt.error is None:
        return ""
    return visible(": ".join(part for part in (attempt.error.type, attempt.error.message) if part))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
