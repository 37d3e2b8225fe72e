"""The life of a task and the steps of a run as bars over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskcore.ui.models.pipelines import Step
from taskcore.ui.models.tasks import TaskDetail
from taskcore.ui.svg import Node, drawing, node
from taskcore.ui.words import duration

WIDTH = 960
BAR, ROW = 20, 28
_LEAST = 6.0
_NAMES = 180


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a task's life: what it is, and the class of its colour."""

    words: str
    key: str
    begin: datetime
    end: datetime
    attempt: int | None = None

    @property
    def length(self) -> timedelta:
        return self.end - self.begin


def stretches(task: TaskDetail, now: datetime) -> tuple[Stretch, ...]:
    """Waiting, attempts and the backoff between them, one after another, up to ``now`` or the end."""
    found: list[Stretch] = []
    at = task.row.created_at
    due = task.row.run_at
    if due is not None and not task.attempts and due > at:
        until = min(due, max(now, at))
        found.append(Stretch("scheduled", "scheduled", at, until))
        at = until
    for attempt in task.attempts:
        begin = max(at, attempt.started_at)
        if begin > at:
            found.append(Stretch("waited" if attempt.number == 1 else "backoff", "wait", at, begin))
        end = max(begin, attempt.finished_at or now)
        found.append(Stretch(f"attempt {attempt.number}", _colour(attempt.ended), begin, end, attempt.number))
        at = end
    if task.row.phase in ("queued", "retrying") and now > at:
        found.append(Stretch("waits", "wait", at, now))
    return tuple(found)


def _colour(ended: str | None) -> str:
    return {
        None: "running",
        "succeed": "succeeded",
        "repeat": "succeeded",
        "fail": "failed",
        "retry": "retrying",
        "lose": "interrupted",
        "cancel": "cancelled",
    }.get(ended, "interrupted")


def timeline(pieces: Sequence[Stretch]) -> Node:
    """The pieces in one bar, as wide as they took, but wide enough to be seen; a table beside it tells the numbers."""
    total = sum((piece.length for piece in pieces), timedelta(0)) or timedelta(seconds=1)
    wanted = [max(_LEAST, (WIDTH - 2) * (piece.length / total)) for piece in pieces]
    squeeze = (WIDTH - 2) / sum(wanted) if wanted else 1.0
    shapes: list[Node] = []
    x = 1.0
    for piece, width in zip(pieces, wanted, strict=True):
        width *= squeeze
        shapes.append(node("rect", x=x, y=4, width=max(1.0, width - 1), height=BAR, rx=3, class_=f"fill-{piece.key}"))
        words = f"{piece.words} · {duration(piece.length)}"
        if width > 7 * len(words):
            shapes.append(node("text", words, x=x, y=40, class_="tick"))
        x += width
    return drawing(WIDTH, 46, *shapes, class_="timeline")


def gantt(steps: Sequence[Step], now: datetime, selected: str = "") -> Node:
    """A bar for each step that has begun, under a common scale."""
    begun = [step for step in steps if step.started_at is not None]
    first = min((step.started_at for step in begun if step.started_at), default=now)
    last = max((step.finished_at or now for step in begun), default=now)
    total = max(last - first, timedelta(milliseconds=1))
    shapes: list[Node] = []
    for row, step in enumerate(steps):
        y = row * ROW + 4
        name = step.name if len(step.name) <= 24 else step.name[:23] + "…"
        shapes.append(node("text", name, x=0, y=y + 14, class_="tick name"))
        if step.started_at is None:
            continue
        x = _NAMES + (WIDTH - _NAMES) * ((step.started_at - first) / total)
        width = max(3.0, (WIDTH - _NAMES) * (((step.finished_at or now) - step.started_at) / total))
        key = f"fill-{step.phase}" + (" chosen" if step.id == selected else "")
        shapes.append(node("rect", x=min(x, WIDTH - 3.0), y=y, width=width, height=BAR, rx=3, class_=key))
    return drawing(WIDTH, max(ROW, len(steps) * ROW), *shapes, class_="gantt")
