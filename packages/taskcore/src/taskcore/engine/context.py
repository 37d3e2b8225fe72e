"""What a handler is given: its task, a way to tell how far it is, and a way to hear that it should stop."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

from taskcore import serialization
from taskcore.errors import InvalidInput, TaskcoreError
from taskcore.models import TaskRecord

_current: ContextVar["TaskContext"] = ContextVar("taskcore_context")

LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


class Line(NamedTuple):
    """A line for the task's log."""

    level: str
    message: str


class Progress(NamedTuple):
    """How far the work is, from 0 to 1."""

    fraction: float
    note: str | None


Told = Line | Progress
Tell = Callable[["TaskContext", Told], None]


class TaskContext:
    """One attempt, seen from its handler. Safe to use from the handler's own thread or coroutine.

    Attributes:
        task: the record as it was claimed.
        stopped_by: why the handler should stop, once somebody asked it to: ``TaskTimeout``, ``TaskCancelled``,
            ``LeaseLost`` or ``WorkerStopping``.
        lines: how many its log has got from this attempt.
    """

    __slots__ = ("_tell", "lines", "stopped_by", "task")

    def __init__(self, task: TaskRecord, tell: Tell) -> None:
        self.task = task
        self.stopped_by: TaskcoreError | None = None
        self.lines = 0
        self._tell = tell

    @property
    def payload(self) -> Any:
        """The task's payload, decoded anew at each call.

        Raises:
            CorruptPayload: the stored text is no document.
        """
        return serialization.decode(self.task.payload)

    @property
    def cancelled(self) -> bool:
        """Whether the handler should stop. Coroutines are interrupted anyway; a thread has to look."""
        return self.stopped_by is not None

    def raise_if_cancelled(self) -> None:
        """Leave the handler here when it should stop.

        Raises:
            TaskcoreError: the reason, which also tells how the attempt will be settled.
        """
        if self.stopped_by is not None:
            raise self.stopped_by

    def log(self, message: object, level: str = "INFO") -> None:
        """Leave a line in the task's log: the text of ``message``, as it is now.

        It is stored within about a second, and not at all once the lease is lost. The log takes 10,000 lines of an
        attempt, and 16,384 characters of each.
        """
        if level not in LEVELS:
            raise InvalidInput(f"level must be one of {', '.join(sorted(LEVELS))}, got {level!r}")
        self.relay(Line(level, str(message)))  # here, where what it raises is the handler's

    def progress(self, fraction: float, note: object = None) -> None:
        """Tell how far the work is, from 0 to 1, with a word on what goes on. The newest value wins.

        Of the word, 16,384 characters are kept.
        """
        if not 0 <= fraction <= 1:
            raise InvalidInput(f"progress goes from 0 to 1, got {fraction!r}")
        self.relay(Progress(float(fraction), None if note is None else str(note)))

    def relay(self, told: Told) -> None:
        """Pass on what the handler tells, also from a child process."""
        self._tell(self, told)


def current() -> TaskContext:
    """The context of the task that this coroutine or thread works for.

    Raises:
        LookupError: called outside of a handler.
    """
    return _current.get()


def enter(context: TaskContext) -> None:
    """Make ``context`` the current one of this coroutine or thread."""
    _current.set(context)
