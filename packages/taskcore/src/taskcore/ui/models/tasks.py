"""Tasks as pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskcore.models import TaskError
from taskcore.states import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """What the list of tasks is asked for; empty is everything.

    Attributes:
        visible: the queues that the reader may see; None is all. Set by the dashboard, never by the URL.
        contains: text by part: "id", "name", "args", "result", "error".
        limit: rows of a page.
        after, before: cursors of a page as ``TaskPage`` gave them; at most one of them.
    """

    phases: frozenset[Phase] = frozenset()
    queues: frozenset[str] = frozenset()
    name: str | None = None
    worker: str | None = None
    schedule: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    contains: Mapping[str, str] = field(default_factory=dict)
    visible: frozenset[str] | None = None
    oldest_first: bool = False
    limit: int = 50
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task in a list.

    Attributes:
        native: the face's own word for its state.
        args: what it was given, decoded; shown redacted and cut.
        attempt: how often it was tried; claims that were given back do not count.
        attempts_allowed: None where only the handler knows.
        started_at: of the last claim, where that led to a try.
        wait_reason: why it has not begun, in words: "queue paused", "scheduled for ...", "no free slot of key ...".
        progress: 0 to 1.
    """

    id: str
    name: str
    phase: Phase
    native: str = ""
    queue: str = "default"
    priority: int = 0
    args: object = None
    attempt: int = 0
    attempts_allowed: int | None = None
    created_at: datetime
    run_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    worker: str | None = None
    error: TaskError | None = None
    wait_reason: str = ""
    progress: float | None = None
    progress_note: str = ""
    tags: tuple[str, ...] = ()

    @property
    def wait(self) -> timedelta | None:
        """From when it could have begun until it did; None before that, and once it is due again."""
        if self.started_at is None or (self.run_at is not None and self.run_at > self.started_at):
            return None
        return max(timedelta(0), self.started_at - max(self.created_at, self.run_at or self.created_at))

    @property
    def duration(self) -> timedelta | None:
        """Of the last attempt that ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """Rows of one page with the cursors of its neighbours; ``total`` of all pages where it is cheap to know."""

    rows: tuple[TaskRow, ...]
    older: str | None = None
    newer: str | None = None
    total: int | None = None
    total_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt. ``ended`` is a word of ``taskcore.states.Event``, None while it goes on."""

    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None = None
    ended: str | None = None
    error: TaskError | None = None
    result: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetail:
    """A task and all that is known of it.

    Attributes:
        has_result: whether ``result`` is one; None may be what the handler returned.
        facts: whatever else there is to say, by label.
        related: other tasks, schedules or runs by label: (what it is, path below the dashboard, its name).
        cancel_requested: somebody asked its worker to stop it.
        stale: it runs, but its lease has run out.
    """

    row: TaskRow
    has_result: bool = False
    result: object = None
    attempts: tuple[AttemptRow, ...] = ()
    cancel_requested: bool = False
    stale: bool = False
    lease_until: datetime | None = None
    expires_at: datetime | None = None
    timeout: timedelta | None = None
    idempotency_key: str | None = None
    schedule: str | None = None
    trace: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    related: tuple[tuple[str, str, str], ...] = ()
